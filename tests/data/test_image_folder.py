"""Image folders: which files count, splits and classes, reading, and errors."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nntrain.config.schema import DataSection
from nntrain.data.images import reading
from nntrain.data.loading import load_splits
from nntrain.errors import UserError
from tests.support.data import load, refused
from tests.support.images import make_pets, of, picture, put


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NNTRAIN_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def pets(tmp_path):
    return make_pets(tmp_path)


def test_classes_are_folders_and_images_their_files_in_order(pets):
    (pets / "dogs/notes.txt").write_text("woof")
    (pets / ".hidden").mkdir()
    (pets / "cats/.1.png").write_bytes(b"no image")
    (pets / "readme.png").write_bytes(b"no image")
    data = of(pets).train
    assert data.classes == ("cats", "dogs")
    assert data.target.tolist() == [0, 0, 0, 1, 1]
    assert data.x.dtype == np.uint8
    assert np.array_equal(data.x, [picture(seed) for seed in range(5)])


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        (".png", {}),
        (".bmp", {}),
        (".gif", {}),
        (".webp", {"lossless": True}),
        (".tif", {}),
        (".TIFF", {}),
        (".pgm", {}),
        (".tga", {}),
        (".jp2", {"irreversible": False}),
        (".jpg", {"quality": 100}),
        (".jpeg", {"quality": 100}),
    ],
)
def test_every_kind_of_file_is_read(tmp_path, suffix, options):
    smooth = np.linspace(0, 250, 64).astype(np.uint8).reshape(8, 8)
    for name in ("a", "b"):
        put(tmp_path / "pets" / name / f"x{suffix}", smooth, **options)
    data = of(tmp_path / "pets", channels=1).train
    assert data.x.shape == (2, 8, 8, 1)
    assert np.abs(data.x[0, :, :, 0].astype(int) - smooth).max() <= 2


def test_channels_are_as_the_images_are_or_as_asked_for(tmp_path, wording):
    for name in ("a", "b"):
        put(tmp_path / "pets" / name / "x.png", picture(1, channels=1))
    folder = tmp_path / "pets"
    assert np.array_equal(of(folder).train.x[0, :, :, 0], picture(1, channels=1))
    assert np.array_equal(
        of(folder, channels=3).train.x[0], np.repeat(picture(1, channels=1)[..., None], 3, axis=2)
    )
    put(folder / "b/y.png", picture(2))
    wording(refused(of, folder))
    assert of(folder, channels=1).train.x.shape == (3, 6, 5, 1)


def test_kinds_of_colours_and_kinds_of_grey_go_together(tmp_path):
    colour, grey = Image.fromarray(picture(0)), Image.fromarray(picture(0, channels=1))
    for folder, images in (
        ("colour", (colour, colour.convert("RGBA"), colour.quantize(8))),
        ("grey", (grey, grey.convert("LA"), grey.convert("1"), grey.convert("I;16"))),
    ):
        for number, image in enumerate(images):
            for name in ("a", "b"):
                (tmp_path / folder / name).mkdir(parents=True, exist_ok=True)
                image.save(tmp_path / folder / name / f"{number}.png")
    x = of_path(tmp_path, "colour")
    assert x.shape == (6, 6, 5, 3)
    assert np.array_equal(x[0], x[1])
    x = of_path(tmp_path, "grey")
    assert x.shape == (8, 6, 5, 1)
    assert np.array_equal(x[0], x[1])


def of_path(folder, path) -> np.ndarray:
    return load({"image_folder": path}, folder).train.x


@pytest.mark.parametrize(("size", "expected"), [(4, (4, 4)), ([3, 7], (3, 7)), ([12, 10], (12, 10))])
def test_size_stretches_all_images(pets, size, expected):
    put(pets / "dogs/large.jpg", np.full((90, 40, 3), 200, np.uint8))
    data = of(pets, size=size).train
    assert data.x.shape == (6, *expected, 3)
    assert np.abs(data.x[5].astype(int) - 200).max() <= 1


def test_images_of_several_sizes_need_one(pets, wording):
    put(pets / "dogs/large.png", picture(9, 8, 9))
    wording(refused(of, pets))


# --- parts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("train", "test", "validation"),
    [("train", "test", "validation"), ("Train", "Test", "val"), ("training", "TESTING", "Valid")],
)
def test_train_test_and_validation_folders_are_splits(pets, tmp_path, train, test, validation):
    root = tmp_path / "all"
    root.mkdir()
    pets.rename(root / train)
    put(root / test / "dogs/z.png", picture(7))
    put(root / validation / "cats/z.png", picture(8))
    put(root / validation / "dogs/z.png", picture(9))
    splits = load({"image_folder": "all"}, tmp_path)
    assert splits.train.classes == splits.test.classes == splits.validation.classes == ("cats", "dogs")
    assert splits.train.target.tolist() == [0, 0, 0, 1, 1]
    assert splits.test.target.tolist() == [1]
    assert splits.validation.target.tolist() == [0, 1]
    assert np.array_equal(splits.test.x[0], picture(7))
    assert np.array_equal(splits.validation.x[1], picture(9))
    assert splits.notes == ["classes: cats, dogs"]


def test_a_split_has_no_classes_outside_the_training_split(pets, tmp_path, wording):
    root = tmp_path / "all"
    root.mkdir()
    pets.rename(root / "train")
    put(root / "test/cows/z.png", picture(7))
    wording(refused(load, {"image_folder": "all"}, tmp_path))


def test_a_validation_folder_of_its_own_has_the_form_of_the_training_images(pets, tmp_path):
    (tmp_path / "pets/dogs").rename(tmp_path / "pets/café")
    deep = np.arange(30, dtype=np.uint16).reshape(6, 5)
    for file in [*pets.glob("*/*.*"), pets / "cats/more/2.png"]:
        file.unlink()
    put(pets / "cats/1.png", deep * 10)
    put(pets / "café/1.png", deep * 100)
    put(tmp_path / "other/cafe\u0301/1.png", np.repeat(deep * 50, 2, axis=0))  # as macOS writes the name
    section = DataSection.model_validate(
        {
            "source": {"image_folder": "pets"},
            "validation": {"image_folder": {"path": "other", "size": [6, 5]}},
        }
    )
    splits, _ = load_splits(section, tmp_path, 0)
    assert splits.validation.classes == ("café", "cats")
    assert splits.validation.target.tolist() == [0]
    assert np.abs(splits.validation.x[0, :, :, 0] - deep * 50 / 2900 * 255).max() < 5
    assert splits.validation.image_form == splits.train.image_form


def test_names_that_are_not_utf_8_are_shown_with_escapes(tmp_path):
    for name in (b"caf\xe9", b"the"):
        folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/pets/" + name))
        put(folder / "\udcff.png", picture(0))
    splits = of(tmp_path / "pets")
    assert splits.train.classes == ("caf\\xe9", "the")
    assert len(splits.train) == 2


@pytest.mark.parametrize("folders", [["Train"], ["valid", "test"]])
def test_splits_beside_classes_are_an_error(pets, folders, wording):
    for folder in folders:
        put(pets / folder / "cats/x.png", picture(5))
    wording(refused(of, pets))


def test_inside_a_split_any_name_is_a_class(pets, tmp_path):
    put(tmp_path / "all/train/train/x.png", picture(5))
    pets.joinpath("cats").rename(tmp_path / "all/train/cats")
    assert load({"image_folder": "all"}, tmp_path).train.classes == ("cats", "train")


def test_two_folders_of_one_split_and_splits_without_training_are_errors(tmp_path, wording):
    for folder in ("val", "valid"):
        put(tmp_path / "pets" / folder / "cats/x.png", picture(5))
    wording(refused(of, tmp_path / "pets"))
    (tmp_path / "pets/val").rename(tmp_path / "pets/test")
    wording(refused(of, tmp_path / "pets"))


def test_a_test_split_without_labels_is_an_error(pets, tmp_path, wording):
    pets.rename(tmp_path / "train")
    (tmp_path / "pets").mkdir()
    (tmp_path / "train").rename(pets / "train")
    put(pets / "test/1.png", picture(7))
    wording(refused(of, pets))


def test_fit_and_summary_name_the_classes(shell, pets):
    shell.write(PETS)
    for command in ("fit", "summary"):
        assert "classes: cats, dogs\n" in shell.run(command, "config.yaml").output


def test_of_many_classes_eight_are_named(tmp_path):
    for number in range(10):
        put(tmp_path / "pets" / f"c{number}" / "x.png", picture(number))
    assert of(tmp_path / "pets").notes == ["classes: c0, c1, c2, c3, c4, c5, c6, c7 and 2 more"]


# --- what is passed over ---------------------------------------------------------------------------------------------


def test_hidden_and_thumbnail_folders_are_passed_over_at_every_depth_and_counted(pets, wording):
    for name in (
        "cats/.thumbnails/1.png",
        "cats/more/.thumbnails/1.png",
        "cats/@eaDir/1.png/SYNOFILE_THUMB_M.png",
        "__MACOSX/cats/1.png",
        ".ipynb_checkpoints/1-checkpoint.png",
        "dogs/.1.png",
        "readme.png",
    ):
        put(pets / name, picture(9))
    for name in ("Thumbs.db", "cats/.DS_Store", "dogs/notes.txt", "dogs/list", "dogs/a.heic", "dogs/b.HEIC"):
        (pets / name).write_bytes(b"no image")
    (pets / "dogs/gone.png").symlink_to("nowhere")
    splits = of(pets)
    assert np.array_equal(splits.train.x, [picture(seed) for seed in range(5)])
    assert splits.train.classes == ("cats", "dogs")
    wording("\n".join(splits.notes))


def test_linked_folders_are_followed_once_and_without_end(pets, tmp_path):
    put(tmp_path / "else/3.png", picture(5))
    put(tmp_path / "birds/1.png", picture(6))
    (pets / "cats/more/linked").symlink_to(tmp_path / "else")
    (pets / "cats/again").symlink_to(tmp_path / "else")
    (pets / "cats/up").symlink_to(pets)
    (pets / "cats/self").symlink_to(pets / "cats/more")
    (tmp_path / "else/back").symlink_to(pets / "cats")
    (pets / "birds").symlink_to(tmp_path / "birds")
    (tmp_path / "birds/round").symlink_to(pets)
    (pets / "dogs/loop").symlink_to("loop")
    data = of(pets).train
    assert data.classes == ("birds", "cats", "dogs")
    assert data.target.tolist() == [0, 1, 1, 1, 1, 2, 2]
    assert np.array_equal(data.x, [picture(seed) for seed in (6, 0, 1, 5, 2, 3, 4)])


def test_a_folder_that_cannot_be_listed_is_an_error(pets, monkeypatch):
    def scandir(path):
        if str(path).endswith("more"):
            raise PermissionError(13, "Permission denied")
        return original(path)

    original = os.scandir
    monkeypatch.setattr(os, "scandir", scandir)
    assert refused(of, pets) == f"{pets}/cats/more: cannot be read: Permission denied"


# --- what cannot be read ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"these are words",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 40,
        b"GIF89a",
        b"P5 0 5 255\n",
        b"BM" + b"\xff" * 60,
        b"\xff\xd8\xff\xe0" + b"\0" * 30,
        b"RIFF\x10\0\0\0WEBPVP8 " + b"\xff" * 30,
    ],
)
def test_files_that_are_no_images_are_named(pets, content):
    (pets / "dogs/b.png").write_bytes(content)
    assert refused(of, pets).startswith(f"{pets}/dogs/b.png: ")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".gif", ".bmp", ".webp"])
def test_truncated_images_are_read_or_reported(tmp_path, suffix):
    noise = picture(0, 24, 24)
    put(tmp_path / "pets/a/x.png", noise)
    file = tmp_path / f"pets/b/x{suffix}"
    put(file, noise)
    data = file.read_bytes()
    complaints = []
    for length in np.linspace(0, len(data) - 1, 25).astype(int):
        file.write_bytes(data[:length])
        try:
            shape = of(tmp_path / "pets").train.x.shape
        except UserError as error:
            complaints.append(str(error))
        else:
            assert shape == (2, 24, 24, 3)
    assert len(complaints) > 15
    assert all(told.startswith(f"{file}: ") for told in complaints)


def test_a_bomb_is_not_unpacked(pets, monkeypatch, wording):
    put(pets / "dogs/bomb.png", np.zeros((200, 200), np.uint8))
    for limit in (30_000, 10_000):  # Pillow warns beyond the limit, and refuses beyond twice as much
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        wording(refused(of, pets, size=4, channels=3))


def test_a_class_without_images_is_an_error(pets, wording):
    (pets / "birds").mkdir()
    (pets / "birds/list.txt").write_text("none")
    wording(refused(of, pets))


def test_one_class_is_an_error(tmp_path, wording):
    put(tmp_path / "pets/cats/x.png", picture(0))
    wording(refused(of, tmp_path / "pets"))


def test_a_folder_without_folders_a_file_and_nothing_are_errors(tmp_path, wording):
    put(tmp_path / "pets/x.png", picture(0))
    wording(refused(of, tmp_path / "pets"))
    told = refused(load, {"image_folder": "pets/x.png"}, tmp_path)
    wording(told)
    told = refused(load, {"image_folder": "pet"}, tmp_path)
    wording(told)


def spoil_six(pets):
    """Six files of seven kinds of damage that are no images, among the others; their names in order."""
    for number in range(4):
        put(pets / "dogs" / f"c{number}.png", picture(number, 24, 24))
    for name in ("cats/10.PNG", "dogs/c1.png", "dogs/c2.png"):
        (pets / name).write_bytes((pets / name).read_bytes()[:-40])
    (pets / "dogs/c3.png").write_bytes(b"")
    (pets / "dogs/d.jpg").write_bytes(b"<html>")
    (pets / "dogs/e.gif").write_bytes(b"GIF89a")
    return ["cats/10.PNG", "dogs/c1.png", "dogs/c2.png", "dogs/c3.png", "dogs/d.jpg", "dogs/e.gif"]


def test_all_broken_images_are_reported_at_once(pets, monkeypatch):
    names = spoil_six(pets)
    told = refused(of, pets, size=6)
    assert told.startswith("pets: 6 images cannot be read:\n")
    assert [name for name in names if f"  {pets}/{name}: " in told] == names
    assert "on_broken: skip" in told
    monkeypatch.setattr(reading, "MOST_REPORTED", 2)
    assert "dogs/c1.png: " in refused(of, pets, size=6)
    assert "\n  and 4 more\n" in refused(of, pets, size=6)


def test_broken_images_can_be_left_out(pets, capsys):
    names = spoil_six(pets)
    for _ in range(2):  # from the files, then from the cache
        splits = of(pets, size=24, on_broken="skip")
        assert splits.train.target.tolist() == [0, 0, 1, 1, 1]
        assert np.array_equal(splits.train.x[4], picture(0, 24, 24))
        assert splits.notes[1] == f"left out: 6 images that cannot be read: {', '.join(names[:3])} and 3 more"
    assert capsys.readouterr().err.count("Reading") == 1
    assert refused(of, pets, size=24).startswith("pets: 6 images cannot be read:\n")


def test_broken_images_alone_are_an_error_even_if_they_may_be_left_out(tmp_path):
    for name in ("a", "b"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        (tmp_path / "pets" / name / "x.png").write_bytes(b"no image")
    assert refused(of, tmp_path / "pets", size=4, on_broken="skip").startswith(
        "pets: 2 images cannot be read"
    )


def test_large_images_are_read_a_few_at_a_time(pets, monkeypatch):
    expected = of(pets).train.x
    monkeypatch.setattr(reading, "READ_AHEAD_BYTES", 200)
    assert np.array_equal(of(pets, size=[6, 5]).train.x, expected)


PETS = """
data: {source: {image_folder: {path: pets, size: 4}}, standardize: true, augment: [random_flip]}
model: {layers: [flatten, {dense: 2}]}
loss: cross_entropy
optimizer: {sgd: {lr: 0.1}}
train: {epochs: 2, batch_size: 2}
"""


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (("size: 4", "size: [4]"), "data.source.image_folder.size: "),
        (("size: 4", "size: 0"), "data.source.image_folder.size: "),
        (("size: 4", "channels: 2"), "data.source.image_folder.channels: "),
        (("path: pets", "path: nothing"), "nothing: "),
    ],
)
def test_mistakes_end_fit_with_exit_2(shell, pets, change, place, wording):
    told = shell.run("fit", shell.write(PETS.replace(*change)), code=2).stderr
    assert place in told
    wording(told)
    assert not (shell.folder / "runs").exists()


def broken(pets):
    (pets / "dogs/b.png").write_bytes((pets / "dogs/b.png").read_bytes()[:80])


def empty_class(pets):
    (pets / "birds").mkdir()


def sizes(pets):
    put(pets / "dogs/large.png", picture(9, 8, 9))


def channels(pets):
    put(pets / "dogs/grey.png", picture(9, channels=1))


def no_classes(pets):
    for file in [*pets.rglob("*.*")]:
        file.rename(pets / file.name)
    for folder in (pets / "cats/more", pets / "cats", pets / "dogs"):
        folder.rmdir()


@pytest.mark.parametrize("spoil", [empty_class, sizes, channels, no_classes, broken])
def test_a_corrupt_folder_ends_fit_with_exit_2(shell, pets, spoil, wording):
    spoil(pets)
    done = shell.run("fit", shell.write(PETS.replace(", size: 4", "")), code=2)
    assert f"error: {pets}/dogs/b.png: " if spoil is broken else "error: pets" in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert not (shell.folder / "runs").exists()
    if spoil is not broken:  # what Pillow says differs between versions
        wording(done.stderr)


def test_a_network_learns_from_a_folder(shell, pets):
    run = shell.fit(PETS)
    assert shell.scores(run)["loss"] >= 0
    labels = shell.run("predict", run, "{image_folder: {path: pets, size: 4}}").stdout.split()
    assert len(labels) == 6
