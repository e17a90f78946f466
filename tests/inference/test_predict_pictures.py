"""`nntrain predict RUN photo.jpg`: image files and folders as samples of a network that was trained on images."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import nntrain
from nntrain.data.images import reading
from nntrain.errors import DataError
from nntrain.inference import pictures
from tests.support.data import idx
from tests.support.images import put

CONFIG = """
data: {source: {image_folder: {path: pets, size: [8, 6]}}, standardize: true}
model: {layers: [flatten, {dense: 2}]}
loss: cross_entropy
optimizer: {adam: {lr: 0.01}}
train: {epochs: 30, batch_size: 8}
"""

MODES = ("L", "LA", "RGBA", "P", "CMYK")


def photo(bright: bool, seed: int = 0, height: int = 20, width: int = 30, channels: int = 3) -> np.ndarray:
    """Dark photos are of cats, bright ones of dogs."""
    low = 150 if bright else 0
    shape = (height, width, channels) if channels > 1 else (height, width)
    return np.random.default_rng(seed).integers(low, low + 100, shape, dtype=np.uint8)


@pytest.fixture
def asked(shell, tmp_path, monkeypatch):
    """A shell with a run trained on pets, whose pictures are gone, and with photos of several kinds."""
    monkeypatch.setenv("NNTRAIN_CACHE", str(tmp_path / "cache"))
    for seed in range(4):
        put(Path("pets/cat") / f"{seed}.png", photo(False, seed))
        put(Path("pets/dog") / f"{seed}.png", photo(True, seed))
    shell.fit(CONFIG)
    put(Path("photos/a.jpg"), photo(False, 5, 50, 40))
    put(Path("photos/b.JPG"), photo(True, 6, 10, 90))
    put(Path("photos/c.tif"), photo(True, 7, channels=1))
    return shell


def predict(shell, *arguments, **options) -> list[str]:
    return shell.run("predict", "runs/run", *arguments, **options).stdout.splitlines()


def test_a_picture_and_several_are_answered_by_file(asked):
    shutil.rmtree("pets")  # not needed
    assert predict(asked, "photos/a.jpg") == ["file,class", "photos/a.jpg,cat"]
    assert predict(asked, "photos/b.JPG", "photos/a.jpg", "./photos/c.tif") == [
        "file,class",
        "photos/b.JPG,dog",
        "photos/a.jpg,cat",
        "./photos/c.tif,dog",
    ]


def test_a_photo_is_turned_as_its_exif_says_and_every_mode_becomes_that_of_training(asked):
    upright = Image.fromarray(photo(True, 8, 40, 30))
    upright.save("photos/upright.png")
    turned = Image.Exif()
    turned[0x0112] = 6  # to be turned by 90 degrees clockwise
    upright.transpose(Image.Transpose.ROTATE_90).save("photos/turned.png", exif=turned)
    for mode in MODES:
        upright.convert(mode).save(f"photos/{mode}.tif")
    found = dict(line.split(",", 1) for line in predict(asked, "photos", "--probabilities")[1:])
    assert found["photos/turned.png"] == found["photos/upright.png"]
    assert {found[f"photos/{mode}.tif"].split(",")[0] for mode in MODES} == {"dog"}


@pytest.mark.parametrize(
    "source", ["photos", "'{image_folder: photos}'", "{image_folder: {path: photos, size: [8, 6]}}"]
)
def test_a_flat_folder_is_answered_by_file(asked, source):
    assert predict(asked, source.strip("'")) == [
        "file,class",
        "photos/a.jpg,cat",
        "photos/b.JPG,dog",
        "photos/c.tif,dog",
    ]


@pytest.mark.parametrize("source", ["one", "{image_folder: one}"])
def test_a_folder_with_a_single_folder_of_any_name_is_answered(asked, source):
    put(Path("one/unknown/deep/a.jpg"), photo(True))
    assert predict(asked, source) == ["file,class", "one/unknown/deep/a.jpg,dog"]


@pytest.mark.parametrize("source", ["pets", "{image_folder: pets}"])
def test_the_training_folder_is_answered_whatever_the_sizes_now(asked, source):
    put(Path("pets/dog/wide.png"), photo(True, 9, 8, 200))
    lines = predict(asked, source)
    assert len(lines) == 10
    assert all(line.split(",")[1] == line.split("/")[1] for line in lines[1:])


def test_of_a_source_with_splits_the_test_split_is_answered_and_of_a_folder_everything(asked):
    put(Path("all/Train/cat/1.png"), photo(False))
    put(Path("all/Test/dog/2.png"), photo(True))
    assert predict(asked, "{image_folder: all}")[1:] == ["all/Test/dog/2.png,dog"]
    assert predict(asked, "all")[1:] == ["all/Test/dog/2.png,dog", "all/Train/cat/1.png,cat"]


def test_json_and_probabilities_have_the_names_too(asked):
    answer = json.loads(asked.run("predict", "runs/run", "photos", "--json", "--probabilities").stdout)
    assert [row["file"] for row in answer["predictions"]] == ["photos/a.jpg", "photos/b.JPG", "photos/c.tif"]
    assert [row["class"] for row in answer["predictions"]] == ["cat", "dog", "dog"]
    assert all(row["p(cat)"] + row["p(dog)"] == pytest.approx(1) for row in answer["predictions"])
    asked.run("predict", "runs/run", "photos", "--output", "found.npz")
    with np.load("found.npz") as found:
        assert found["files"].tolist() == ["photos/a.jpg", "photos/b.JPG", "photos/c.tif"]
        assert found["class"].tolist() == ["cat", "dog", "dog"]


def test_a_picture_is_answered_as_the_same_picture_of_the_data(asked):
    """Read as in training: for the training's own files the outputs are the same to the last bit."""
    x = nntrain.load("runs/run")
    expected = x.predict_proba(np.load(next(Path("cache/images").glob("pets-*.npy"))))
    assert np.array_equal(x.predict_proba(["pets/cat", "pets/dog"]), expected)


def test_eval_takes_folders_of_other_sizes_and_of_some_of_the_classes(asked):
    put(Path("new/dog/x.jpg"), photo(True, 3, 40, 41))
    Path("new/dog/y.jpg").write_bytes(b"no image")
    Path("new/dog/list.txt").write_text("one dog")
    done = asked.run("eval", "runs/run", "--data", "{image_folder: {path: new, on_broken: skip}}", "--json")
    scores = json.loads(done.stdout)
    assert scores["samples"] == 1
    assert scores["loss"] < 0.3
    assert "files passed over: 1 .txt\n" in done.stderr
    assert "left out: 1 image that cannot be read: dog/y.jpg\n" in done.stderr


def test_eval_of_a_bare_folder_reads_its_folders_as_classes(asked, wording):
    for kind, bright in (("cat", False), ("dog", True)):
        put(Path("new") / kind / "1.jpg", photo(bright, 9, 40, 40))
    assert asked.scores("runs/run", "--data", "new") == {
        **asked.scores("runs/run", "--data", "{image_folder: new}"),
        "data": "new",
    }
    wording(asked.run("eval", "runs/run", "--data", "photos", code=2).stderr)  # without classes
    wording(asked.run("eval", "runs/run", "--data", "photos/a.jpg", code=2).stderr)


def test_eval_of_a_run_works_when_its_pictures_have_other_sizes(shell, tmp_path, monkeypatch):
    monkeypatch.setenv("NNTRAIN_CACHE", str(tmp_path / "cache"))
    for kind in ("cat", "dog"):
        put(Path("pets") / kind / "1.png", photo(kind == "dog"))
    run = shell.fit(CONFIG.replace(", size: [8, 6]", ""))
    before = shell.scores(run)
    assert len(list(Path("cache/images").glob("*.npy"))) == 1  # the training's
    put(Path("pets/cat/2.png"), photo(False, 1, 5, 5))
    done = shell.run("eval", run, "--json")
    assert json.loads(done.stdout)["samples"] == before["samples"] + 1
    assert "the data have changed since training" in done.stderr


def test_what_is_passed_over_is_counted(asked):
    Path("photos/list.txt").write_text("a, b, c")
    Path("photos/.hidden").mkdir()
    put(Path("photos/.hidden/a.png"), photo(True))
    done = asked.run("predict", "runs/run", "photos")
    assert len(done.stdout.splitlines()) == 4
    assert done.stderr == "files passed over: 1 .txt, 1 in hidden folders (.hidden)\n"


def test_new_pictures_are_scaled_by_the_training_s_range_over_its_background(shell, tmp_path, monkeypatch):
    monkeypatch.setenv("NNTRAIN_CACHE", str(tmp_path / "cache"))
    deep = np.arange(40).reshape(5, 8).astype(np.uint16)
    put(Path("pets/cat/1.png"), deep * 10)
    put(Path("pets/dog/1.png"), deep * 100)
    config = CONFIG.replace("size: [8, 6]", "background: black")
    network = nntrain.load(shell.fit(config))
    put(Path("new/same.png"), deep * 10)
    put(Path("new/over.png"), deep * 1000)
    see_through = Image.fromarray(np.zeros((5, 8, 2), np.uint8), "LA")
    put(Path("new/empty.png"), see_through)
    found = network.predict_proba(["new/same.png", "new/over.png", "new/empty.png"])
    x = np.clip(np.stack([deep * 10, deep * 1000, deep * 0]) / 3900 * 255 + 0.5, 0, 255).astype(np.uint8)
    assert np.array_equal(found, network.predict_proba(x[..., None]))


# --- files that cannot be used ---------------------------------------------------------------------------------------


def spoil():
    Path("photos/d.jpg").write_bytes(Path("photos/a.jpg").read_bytes()[:200])
    Path("photos/e.png").write_bytes(b"<html>")


def test_all_broken_pictures_are_reported_at_once(asked, wording):
    spoil()
    told = asked.run("predict", "runs/run", "photos", code=2).stderr
    assert "photos/d.jpg" in told
    assert "photos/e.png" in told
    wording("\n".join(line for line in told.splitlines() if "d.jpg" not in line))


@pytest.mark.parametrize("at_once", [1, 2, 100])
def test_broken_pictures_can_be_left_out_or_blank(asked, monkeypatch, at_once):
    monkeypatch.setattr(pictures, "AT_ONCE", at_once)
    spoil()
    expected = ["photos/a.jpg,cat", "photos/b.JPG,dog", "photos/c.tif,dog"]
    done = asked.run("predict", "runs/run", "photos", "--on-error", "skip")
    assert done.stdout.splitlines()[1:] == expected
    assert "2 of 5 predictions left out:" in done.stderr
    assert predict(asked, "photos", "--on-error", "blank")[1:] == [
        *expected,
        "photos/d.jpg,",
        "photos/e.png,",
    ]
    assert predict(asked, "{image_folder: {path: photos, on_broken: skip}}")[1:] == expected


@pytest.mark.parametrize(
    "inputs",
    [
        ["photos/notes.txt"],
        ["photos/fake.png"],
        ["photos/a.jp"],
        ["photos/x.jpg"],
        ["empty"],
        ["photos/a.jpg", "table.csv"],
        ["{image_folder: {path: photos, size: 5}}"],
        ["{image_folder: {path: photos, channels: 1}}"],
        ["{image_folder: nowhere}"],
    ],
)
def test_what_is_no_picture_gets_one_clear_message(asked, inputs, wording):
    Path("photos/notes.txt").write_text("three photos")
    Path("photos/fake.png").write_text("no image")
    Path("empty").mkdir()
    Path("empty/list.txt").write_text("none")
    Path("table.csv").write_text("a,b\n1,2\n")
    told = asked.run("predict", "runs/run", *inputs, code=2).stderr
    assert told.count("error: ") == 1
    wording(told)


def test_a_network_of_tables_takes_no_pictures(trained, wording):
    put(Path("photo.jpg"), photo(True))
    for text in ("photo.jpg", "."):
        wording(trained.run("predict", "runs/run", text, code=2).stderr)


def test_a_network_trained_on_images_of_floats_takes_no_files(shell, wording):
    np.savez("x.npz", x=np.random.default_rng(0).random((8, 6, 6, 1), np.float32), y=np.arange(8) % 2)
    shell.fit(CONFIG.replace("{image_folder: {path: pets, size: [8, 6]}}", "{npz: x.npz}"))
    put(Path("photo.jpg"), photo(True))
    wording(shell.run("predict", "runs/run", "photo.jpg", code=2).stderr)


@pytest.mark.parametrize("form", ["image", "vector"])
def test_a_network_trained_on_images_of_other_sources_takes_pictures(shell, form):
    images = np.repeat(np.array([0, 200], np.uint8), 49).reshape(2, 7, 7)
    Path("images.idx").write_bytes(idx(images))
    Path("labels.idx").write_bytes(idx([0, 1]))
    shell.fit(
        f"data: {{source: {{idx: {{images: images.idx, labels: labels.idx, as: {form}}}}}}}\n"
        "model: {layers: [flatten, {dense: 2}]}\nloss: cross_entropy\noptimizer: {adam: 0.1}\n"
        "train: {epochs: 40, batch_size: 2}\n"
    )
    put(Path("dark.png"), photo(False, 1, 30, 30) // 5)
    put(Path("bright.png"), photo(True, 1, 30, 30))
    assert predict(shell, "dark.png", "bright.png") == ["file,class", "dark.png,0", "bright.png,1"]


# --- from Python -----------------------------------------------------------------------------------------------------


def test_a_model_takes_a_path_or_a_list_of_paths(asked):
    network = nntrain.load("runs/run")
    assert network.predict("photos/a.jpg").tolist() == ["cat"]
    assert network.predict([Path("photos/b.JPG"), "photos/a.jpg"]).tolist() == ["dog", "cat"]
    assert network.predict(Path("photos")).tolist() == ["cat", "dog", "dog"]
    assert network.evaluate(["photos/a.jpg", "photos/c.tif"], ["cat", "dog"])["loss"] < 0.3
    with pytest.raises(DataError, match="expected arrays, or paths of images"):
        network.predict("table.csv")
    spoil()
    with pytest.raises(DataError, match="2 images cannot be read"):
        network.predict("photos")
    with pytest.warns(UserWarning, match="2 of 5 predictions left out"):
        assert network.predict("photos", on_error="skip").tolist() == ["cat", "dog", "dog"]


def test_many_pictures_are_read_a_few_at_a_time(asked, monkeypatch):
    held = []
    original = reading.decoded

    def counting(files, form):
        held.append(len(files))
        return original(files, form)

    monkeypatch.setattr(pictures, "decoded", counting)
    monkeypatch.setattr(pictures, "BYTES_AT_ONCE", 8 * 6 * 3 * 2)
    assert len(predict(asked, "photos", "pets")) == 12
    assert held == [2, 2, 2, 2, 2, 1]
