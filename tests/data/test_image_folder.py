"""Image folders: scanning, reading, the cache, and errors."""

import os
import re

import numpy as np
import pytest
from PIL import Image

from nntrain.data.images import cache as image_cache
from nntrain.data.images import image_files
from nntrain.data.system_memory import is_mapped
from nntrain.errors import UserError
from tests.support.data import load, refused


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NNTRAIN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache/images"


def picture(seed: int, height: int = 6, width: int = 5, channels: int = 3) -> np.ndarray:
    image = np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)
    return image[..., 0] if channels == 1 else image


def put(path, image: np.ndarray, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path, **options)


@pytest.fixture
def pets(tmp_path):
    """Three cats, two dogs, in colours, of 6 x 5 pixels."""
    for seed, name in enumerate(["cats/1.png", "cats/10.PNG", "cats/more/2.png", "dogs/a.bmp", "dogs/b.png"]):
        put(tmp_path / "pets" / name, picture(seed))
    return tmp_path / "pets"


def of(folder, **options):
    return load({"image_folder": {"path": "pets", **options}}, folder.parent)


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


def test_16_bits_become_8(tmp_path):
    deep = np.array([[0, 255, 256], [0x1234, 0x8000, 0xFFFF]], np.uint16)
    for name in ("a", "b"):
        put(tmp_path / "pets" / name / "x.png", deep)
    assert np.array_equal(of(tmp_path / "pets").train.x[0, :, :, 0], deep >> 8)


def test_transparency_and_palettes_become_colours(tmp_path):
    put(tmp_path / "pets/a/x.png", np.dstack([picture(0), np.full((6, 5), 9, np.uint8)]))
    (tmp_path / "pets/b").mkdir()
    Image.fromarray(picture(1)).quantize(8).save(tmp_path / "pets/b/x.png")
    data = of(tmp_path / "pets").train
    assert np.array_equal(data.x[0], picture(0))
    assert data.x.shape == (2, 6, 5, 3)


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


def test_images_on_their_side_are_set_upright(tmp_path):
    exif = Image.Exif()
    exif[image_files.ORIENTATION] = 6  # to be turned clockwise
    for name in ("a", "b"):
        put(tmp_path / "pets" / name / "x.png", picture(0), exif=exif)
    assert np.array_equal(of(tmp_path / "pets").train.x[0], np.rot90(picture(0), -1))


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


@pytest.mark.parametrize("validation", ["validation", "val"])
def test_train_test_and_validation_folders_are_splits(pets, tmp_path, validation):
    root = tmp_path / "all"
    root.mkdir()
    pets.rename(root / "train")
    put(root / "test/dogs/z.png", picture(7))
    put(root / validation / "cats/z.png", picture(8))
    put(root / validation / "dogs/z.png", picture(9))
    splits = load({"image_folder": "all"}, tmp_path)
    assert splits.train.classes == splits.test.classes == splits.validation.classes == ("cats", "dogs")
    assert splits.train.target.tolist() == [0, 0, 0, 1, 1]
    assert splits.test.target.tolist() == [1]
    assert splits.validation.target.tolist() == [0, 1]
    assert np.array_equal(splits.test.x[0], picture(7))
    assert np.array_equal(splits.validation.x[1], picture(9))


def test_a_split_has_no_classes_outside_the_training_split(pets, tmp_path, wording):
    root = tmp_path / "all"
    root.mkdir()
    pets.rename(root / "train")
    put(root / "test/cows/z.png", picture(7))
    wording(refused(load, {"image_folder": "all"}, tmp_path))


def test_a_class_called_train_among_others_is_a_class(pets):
    put(pets / "train/x.png", picture(5))
    assert of(pets).train.classes == ("cats", "dogs", "train")


# --- what is kept ----------------------------------------------------------------------------------------------------


def test_images_are_read_once_and_mapped(pets, cache, monkeypatch, capsys):
    first = of(pets).train
    assert is_mapped(first.x)
    (file,) = cache.iterdir()
    assert file.name.startswith("pets-")
    assert capsys.readouterr().err == f"Reading 5 images (0.0 MB) into the cache {file}\n"
    monkeypatch.setattr(image_files, "read", lambda *_: 1 / 0)
    again = of(pets).train
    assert np.array_equal(again.x, first.x)
    assert capsys.readouterr().err == ""


def test_changed_files_and_other_options_renew_the_cache(pets, cache):
    of(pets)
    of(pets, channels=1)
    of(pets, size=4)
    assert len(list(cache.iterdir())) == 3
    put(pets / "dogs/b.png", picture(11))
    os.utime(pets / "dogs/b.png", ns=(1, 1))
    assert np.array_equal(of(pets).train.x[4], picture(11))
    (pets / "cats/1.png").unlink()
    assert np.array_equal(of(pets).train.x[0], picture(1))


@pytest.mark.parametrize(
    "damage", [lambda data: data[:100], lambda data: data[:-1], lambda data: b"", lambda data: b"PK" + data]
)
def test_a_corrupt_cache_is_renewed(pets, cache, damage):
    of(pets)
    (file,) = cache.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    assert np.array_equal(of(pets).train.x, [picture(seed) for seed in range(5)])
    assert len(list(cache.iterdir())) == 1


def test_a_failed_read_leaves_no_cache(pets, cache):
    (pets / "dogs/c.png").write_bytes((pets / "dogs/b.png").read_bytes()[:100])
    refused(of, pets)
    assert not cache.exists() or list(cache.iterdir()) == []


def test_a_cache_that_cannot_be_written_is_an_error(pets, cache, wording):
    cache.parent.write_text("a file")
    wording(re.sub(r"-\w{16}\.npy", "-HASH.npy", refused(of, pets)))


def test_a_full_disk_is_reported_before_anything_is_written(pets, cache, monkeypatch, wording):
    monkeypatch.setattr(image_cache.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 10}))
    wording(refused(of, pets))


# --- what cannot be read ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"these are words",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 40,
        b"GIF89a",
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
    assert done.stderr.startswith(f"error: {pets}/dogs/b.png: " if spoil is broken else "error: pets")
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
