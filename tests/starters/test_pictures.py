"""Configs for folders of images: what they hold decides the source's options and the network, and each config trains."""

from pathlib import Path

import pytest
from PIL import Image

from nntrain.config import load
from nntrain.config.schema import Config
from tests.support.images import picture, put


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NNTRAIN_CACHE", str(tmp_path / "cache"))


def new(shell, *arguments: str) -> Config:
    shell.run("new", "--data", *arguments, "--output", "c.yaml", "--overwrite")
    return load(shell.folder / "c.yaml")[0]


def pets(folder: Path, count: int = 12, **form: int) -> None:
    for kind, name in enumerate(("cat", "dog")):
        for number in range(count):
            put(
                folder / name / f"{number}.png",
                picture(100 * kind + number, **{"height": 16, "width": 16, **form}),
            )


def test_a_folder_per_class_trains(shell):
    pets(shell.folder / "pets")
    config = new(shell, "pets")
    source = config.data.source
    assert (source.path, source.size, source.channels, source.labels) == ("pets", None, "auto", None)
    assert (config.data.test, config.data.validation, config.data.standardize) == (0.2, 0.2, True)
    text = (shell.folder / "c.yaml").read_text()
    assert text.startswith("# pets: 24 images to train on; predicts 2 classes: 'cat', 'dog'.\n")
    shell.run("fit", "c.yaml", "--quiet", "--set", "train.epochs=2")
    assert "accuracy" in shell.scores("runs/c")


def test_images_of_characters_are_not_mirrored(shell):
    pets(shell.folder / "pets")
    assert [one.yaml_name for one in new(shell, "pets").data.augment] == ["random_flip"]
    for seed, name in enumerate("abc"):
        put(shell.folder / "letters" / name / "1.png", picture(seed))
    assert not new(shell, "letters").data.augment


def test_what_is_passed_over_is_printed(shell, wording):
    pets(shell.folder / "pets")
    (shell.folder / "pets/cat/notes.txt").write_text("")
    wording(shell.run("new", "--data", "pets").stderr)
    (shell.folder / "l.csv").write_text("file,age\n" + "".join(f"cat/{n}.png,{n}.5\n" for n in range(13)))
    wording(shell.run("new", "--data", "pets", "--target", "age", "--output", "c.yaml").stderr)


def test_splits_in_folders_are_not_split_again(shell):
    pets(shell.folder / "pets" / "Train")
    pets(shell.folder / "pets" / "valid", 4)
    config = new(shell, "pets")
    assert (config.data.test, config.data.validation) == (0.2, None)
    pets(shell.folder / "pets" / "Test", 4)
    config = new(shell, "pets")
    assert (config.data.test, config.data.validation) == (None, None)
    shell.run("fit", "c.yaml", "--quiet", "--set", "train.epochs=1")


def test_few_images_are_not_split(shell):
    pets(shell.folder / "pets", 3)
    config = new(shell, "pets")
    assert (config.data.test, config.data.validation) == (None, None)
    shell.run("fit", "c.yaml", "--quiet", "--set", "train.epochs=1")


@pytest.mark.parametrize(("side", "size"), [(40, 32), (100, 64)])
def test_images_of_several_sizes_are_resized_and_of_several_modes_coloured(shell, side, size):
    pets(shell.folder / "pets", 6, height=side, width=side)
    put(shell.folder / "pets/cat/other.png", picture(1, side + 1, side, channels=1))
    source = new(shell, "pets").data.source
    assert (source.size, source.channels) == (size, 3)
    shell.run("fit", "c.yaml", "--quiet", "--set", "train.epochs=1")


def test_large_images_of_one_size_are_resized(shell):
    pets(shell.folder / "pets", 6, height=90, width=70)
    assert new(shell, "pets").data.source.size == 64


@pytest.mark.parametrize("place", ["pets", "."])
@pytest.mark.parametrize(("labels", "loss"), [(("cat", "dog"), "cross_entropy"), (("1.5", "2.75"), "mse")])
def test_a_table_of_labels_in_the_folder_or_beside_it_is_found(shell, place, labels, loss):
    pets(shell.folder / "pets" / "all")
    lines = "".join(
        f"all/{name}/{number}.png,{label}\n"
        for name, label in zip(("cat", "dog"), labels, strict=True)
        for number in range(12)
    )
    (shell.folder / place / "labels.csv").write_text("file,what\n" + lines)
    config = new(shell, "pets")
    assert Path(config.data.source.labels) == Path(place) / "labels.csv"
    assert config.loss.yaml_name == loss
    shell.run("fit", "c.yaml", "--quiet", "--set", "train.epochs=1")


def test_the_target_is_a_column_of_the_labels(shell, wording):
    pets(shell.folder / "pets")
    (shell.folder / "pets/l.csv").write_text(
        "file,sex,age\n"
        + "".join(f"{kind}/{n}.png,{'mf'[n % 2]},{n + 0.5}\n" for kind in ("cat", "dog") for n in range(12))
    )
    config = new(shell, "pets", "--target", "sex")
    assert (config.data.source.label, config.loss.yaml_name) == ("sex", "cross_entropy")
    found = new(shell, "pets", "--target", "age")
    assert (found.loss.yaml_name, found.data.target_transform) == ("mse", "standard")
    wording(shell.run("new", "--data", "pets", "--target", "breed", "--output", "d.yaml", code=2).stderr)
    (shell.folder / "pets/l.csv").unlink()
    wording(shell.run("new", "--data", "pets", "--target", "sex", "--output", "d.yaml", code=2).stderr)


def test_images_without_classes_are_an_error_that_names_both_ways(shell, wording):
    for number in range(3):
        put(shell.folder / "photos" / f"{number}.png", picture(number))
    wording(shell.run("new", "--data", "photos", code=2).stderr)
    (shell.folder / "photos/l.csv").write_text("file,a,b\n0,1,2\n1,3,4\n2,5,6\n")
    wording(shell.run("new", "--data", "photos", code=2).stderr)
    assert not list(shell.folder.glob("*.yaml"))


def test_a_broken_image_is_left_to_fit(shell, wording):
    pets(shell.folder / "pets")
    (shell.folder / "pets/cat/0.png").write_bytes(b"")
    new(shell, "pets")
    assert "on_broken: skip" in shell.run("fit", "c.yaml", code=2).stderr
    for path in (shell.folder / "pets").rglob("*.png"):
        path.write_bytes(b"")
    wording(
        shell.run("new", "--data", "pets", "--output", "d.yaml", code=2).stderr.replace(
            str(shell.folder), "<TMP>"
        )
    )


def test_tiny_images_do_not_vanish_between_poolings(shell):
    pets(shell.folder / "pets", 6, height=5, width=4)
    new(shell, "pets")
    shell.run("fit", "c.yaml", "--quiet", "--set", "train.epochs=1")
    for kind in ("cat", "dog"):
        put(shell.folder / "dots" / kind / "1.png", Image.new("L", (1, 1), 9))
    new(shell, "dots")
    shell.run("summary", "c.yaml")
