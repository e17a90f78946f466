"""Packaged data: each file is small, documented, and found by a path that begins with `nntrain:`."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nntrain.data.dataset import Dataset
from nntrain.paths import resolved
from tests.support.data import load, refused
from tests.vectors import draw_shapes

PACKAGED = resolved(Path(), "nntrain:")
TABLES = sorted(path.name for path in PACKAGED.glob("*.csv"))
LARGEST = 100_000  # bytes of a table


def table(name: str, **options: object) -> Dataset:
    return load({"csv": {"path": f"nntrain:{name}", "impute": "median", **options}}).train


def test_every_file_is_documented_with_source_and_licence():
    text = (PACKAGED / "README.md").read_text(encoding="utf-8")
    about = dict(
        zip(re.findall("^## (.*)$", text, re.M), re.split("^## .*$", text, flags=re.M)[1:], strict=True)
    )
    assert set(about) == {f"{path.name}{'/' * path.is_dir()}" for path in PACKAGED.iterdir()} - {"README.md"}
    for section in about.values():
        assert "\nSource: " in section
        assert "Licence: " in section


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_small(name):
    assert (PACKAGED / name).stat().st_size < LARGEST


def test_the_tables_are_those_that_the_text_describes():
    penguins = table("penguins.csv", target="species")
    assert dict(zip(penguins.classes, np.bincount(penguins.target).tolist(), strict=True)) == {
        "Adelie": 152,
        "Chinstrap": 68,
        "Gentoo": 124,
    }
    assert np.isnan(penguins.x).any()
    weather = table("weather.csv", target="weather", features=["wind"])
    assert sorted(np.bincount(weather.target).tolist()) == [23, 54, 259, 411, 714]
    assert len(table("gapminder.csv", features=["year"])) == 1704


def test_a_path_of_packaged_data_is_the_same_in_every_folder(tmp_path):
    assert resolved(tmp_path, "nntrain:iris.csv") == PACKAGED / "iris.csv"
    assert "no such file" in (told := refused(table, "penguin.csv"))
    assert "Did you mean 'penguins.csv'?" in told


def test_the_shapes_are_drawn_by_the_script(tmp_path, monkeypatch):
    monkeypatch.setenv("NNTRAIN_CACHE", str(tmp_path))
    splits = load({"image_folder": "nntrain:shapes"})
    assert splits.train.classes == ("circle", "square", "star", "triangle")
    assert splits.train.x.shape == (240, 32, 32, 3)
    assert splits.test is not None
    assert splits.test.x.shape == (80, 32, 32, 3)
    drawn = dict(draw_shapes.pictures())
    files = {path.relative_to(draw_shapes.SHAPES).as_posix() for path in draw_shapes.SHAPES.rglob("*.png")}
    assert files == set(drawn)
    for path in list(drawn)[::20]:
        stored = np.asarray(Image.open(draw_shapes.SHAPES / path), float)
        # Versions of Pillow may differ at the edges of a shape.
        assert np.abs(stored - np.asarray(drawn[path], float)).mean() < 3


def test_a_network_is_asked_about_packaged_data(shell):
    shell.run("new", "penguins")
    shell.run("fit", "penguins.yaml", "--quiet", "--set", "train.epochs=2")
    assert len(shell.run("predict", "runs/penguins", "nntrain:penguins.csv").stdout.splitlines()) == 345
