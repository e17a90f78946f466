"""Large tables are read into a mapped cache, a part at a time, and are the same data as in memory."""

import gzip
import json
import os
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from nntrain.data import mapped
from nntrain.data.sources.csv import Csv
from nntrain.data.system_memory import is_mapped
from nntrain.data.tables import cache, csv_file
from nntrain.data.tables.features import indicators
from nntrain.data.tables.formats import fast
from nntrain.errors import DataError
from tests.support.data import load, refused

ROWS = 700


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Where the caches are; all tables count as large."""
    monkeypatch.setenv("NNTRAIN_CACHE", str(tmp_path / "cache"))
    for module, name, value in (
        (cache, "LARGE", 0),
        (csv_file, "ROWS", 64),
        (csv_file, "ROWS_AT_ONCE", 16),
        (mapped, "LARGE", 1000),
        (mapped, "AT_ONCE", 1 << 10),
        (mapped, "GATHERED", 1 << 13),
    ):
        monkeypatch.setattr(module, name, value)
    return tmp_path / "cache" / "tables"


def frame() -> pd.DataFrame:
    random = np.random.default_rng(0)
    value = random.normal(size=ROWS)
    value[::9] = np.nan
    return pd.DataFrame(
        {
            "value": value,
            "city": np.array(["Rome", "Oslo", None])[random.integers(0, 3, ROWS)],
            "day": pd.date_range("2020-01-01", periods=ROWS, freq="7h").strftime("%Y-%m-%dT%H:%M"),
            "seen": random.integers(0, 2, ROWS).astype(bool),
            "code": random.integers(10**17, 10**18, ROWS),
            "group": random.integers(0, 9, ROWS).astype(str),
            "w": random.uniform(size=ROWS).round(3),
            "y": np.array(["yes", "no"])[random.integers(0, 2, ROWS)],
        }
    )


def write(folder, suffix: str) -> str:
    path = folder / f"t{suffix}"
    table = frame()
    if suffix == ".parquet":
        table.to_parquet(path)
    elif suffix == ".gz":
        path.write_bytes(gzip.compress(table.to_csv(index=False).encode()))
    else:
        table.to_csv(path, index=False)
    return path.name


def require_equal(a, b) -> None:
    assert len(a) == len(b)
    for field in fields(a):
        one, other = getattr(a, field.name), getattr(b, field.name)
        if isinstance(one, np.ndarray):
            assert one.dtype == other.dtype
            assert np.array_equal(one, other, equal_nan=one.dtype.kind == "f"), field.name
        elif field.name == "origin":
            assert [one.place(row) for row in range(len(a))] == [other.place(row) for row in range(len(a))]
        else:
            assert one == other, field.name


@pytest.mark.parametrize("suffix", [".csv", ".gz", ".parquet"])
def test_a_large_table_is_the_same_in_a_mapped_cache_as_in_memory(home, tmp_path, suffix):
    options = {"target": "y", "impute": "median", "missing_indicator": True, "weight": "w"}
    source = Csv(path=write(tmp_path, suffix), **options).for_folds("group")
    filled, found = (source.load(tmp_path).train for _ in range(2))
    expected = source.read(tmp_path)
    assert is_mapped(filled.x)
    assert is_mapped(found.x)
    assert is_mapped(found.target)
    assert not is_mapped(expected.x)
    assert len(indicators(expected.feature_names)) == 1
    for data in (filled, found):
        require_equal(data, expected)
    assert not list(home.glob(".*"))  # temporary files


def test_the_cache_is_used_until_the_contents_of_the_file_change(home, tmp_path, monkeypatch):
    source = Csv(path=write(tmp_path, ".csv"), features=["value", "seen"], target="y", impute="mean")
    first = source.load(tmp_path).train
    reads = []
    monkeypatch.setattr(Csv, "read", lambda *_: reads.append(1) or first)
    os.utime(tmp_path / "t.csv")  # another time, the same contents
    require_equal(source.load(tmp_path).train, first)
    assert not reads
    monkeypatch.undo()


def test_a_changed_file_replaces_the_cache(home, tmp_path):
    source = Csv(path="t.csv", target="y")
    for value in (1.5, 2.5):
        (tmp_path / "t.csv").write_text(f"a,b,y\n{value},1,u\n1,2,v\n")
        assert source.load(tmp_path).train.x[0, 0] == value
    assert {path.suffix for path in home.iterdir()} == {".json", ".npy"}
    manifest = json.loads(next(home.glob("*.json")).read_text())
    assert {path.name for path in home.glob("*.npy")} == set(manifest["arrays"].values())


def test_other_options_are_another_cache(home, tmp_path):
    (tmp_path / "t.csv").write_text("a,b,y\n1,1,u\n1,2,v\n")
    assert Csv(path="t.csv", target="y").load(tmp_path).train.input_shape == (2,)
    assert Csv(path="t.csv", target="y", features=["b"]).load(tmp_path).train.input_shape == (1,)
    for scale in ("log", "robust", "none"):
        columns = {"a": {"number": {"scale": scale}}}
        data = load({"csv": {"path": "t.csv", "target": "y", "columns": columns}}, tmp_path).train
        assert data.scaling == {"a": scale}


def test_errors_of_a_large_table_are_those_of_a_small_one(home, tmp_path, monkeypatch):
    rows = [f"{i},{i % 7 if i % 50 != 3 else ''},{'u' if i % 2 else 'v'}" for i in range(ROWS)]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,y", *rows, ""]))
    source = Csv(path="t.csv", target="y")
    large = refused(source.load, tmp_path)
    monkeypatch.setattr(cache, "LARGE", 1 << 30)
    assert large == refused(source.load, tmp_path)
    assert "and 9 more" in large
    assert not list(home.iterdir())


def test_a_table_stays_in_memory_where_the_cache_cannot_be_written(home, tmp_path):
    home.parent.write_text("")
    data = Csv(path=write(tmp_path, ".csv"), target="y", impute="median").load(tmp_path).train
    assert not is_mapped(data.x)
    assert "cannot be written" in data.warnings[-1]


def test_a_run_of_a_large_table_has_the_bits_of_one_in_memory(home, shell, monkeypatch):
    monkeypatch.setattr(mapped, "LARGE", 1 << 10)
    write(shell.folder, ".csv")
    shell.write(
        """
data:
  source:
    csv:
      {path: t.csv, target: y, impute: median, missing_indicator: true, weight: w, features: [value, city, day, seen, group],
       columns: {value: {number: {scale: log}}, group: categorical}}
  validation: 0.2
  standardize: true
model: {layers: [{dense: 4}, {dense: 2}]}
loss: cross_entropy
optimizer: {sgd: 0.1}
train: {epochs: 2, batch_size: 64}
"""
    )
    for name, large in (("a", 0), ("b", 0), ("c", 1 << 30)):
        monkeypatch.setattr(cache, "LARGE", large)
        shell.run("fit", "config.yaml", "--name", name, "--quiet")
    weights = [(shell.folder / f"runs/{name}/checkpoints/last.safetensors") for name in "abc"]
    from safetensors.numpy import load_file

    first, *others = (load_file(path) for path in weights)
    assert all(np.array_equal(first[key], other[key]) for other in others for key in first)


@pytest.mark.parametrize(
    "cells",
    [
        "1.5,a",
        '"2.5","b"',
        '"3","c ""d"" e"',
        '4,"two\nlines"',
        '5,"a,b"',
        "NA,f",
        " 6 , g",
        "+7,NA",
        "1_000,x",
        "inf,x",
        "nan,x",
        "8,é",
        "\n9,x",
        "x,y",
        '"10,x',
        "11,x,y",
        '12, "x"',
        "0x1F,x",
        "1e5,5",
        ",",
        "1e-400,x",
        "1234567890123456789,x",
    ],
)
def test_rows_of_any_form_are_read_as_those_of_a_small_file(home, tmp_path, monkeypatch, cells):
    monkeypatch.setattr(fast, "BLOCK", 400)
    rows = [f"{i / 7},{'abc'[i % 3]},{i}" for i in range(300)]
    rows[150] = f"{cells},7"
    (tmp_path / "t.csv").write_text("\n".join(["v,t,y", *rows]))
    source = Csv(path="t.csv", target="y", impute="median")

    def read(large):
        monkeypatch.setattr(cache, "LARGE", large)
        try:
            return source.load(tmp_path).train
        except DataError as error:
            return str(error), error.hint

    large, small = read(0), read(1 << 30)
    if isinstance(small, tuple):
        assert large == small
    else:
        require_equal(large, small)


@pytest.mark.parametrize("start", ["", "\ufeff", "# a comment\n", "sep=,\n", "\n\n"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("decimal", [".", ","])
def test_files_of_other_layouts_are_read_as_small_ones(home, tmp_path, monkeypatch, start, end, decimal):
    monkeypatch.setattr(fast, "BLOCK", 400)
    mark = ";" if decimal == "," else ","
    rows = [mark.join([f"{i / 7}".replace(".", decimal), "abc"[i % 3], f"{i}"]) for i in range(300)]
    text = start.replace(",", mark) + end.join([mark.join("vty"), *rows, ""])
    (tmp_path / "t.csv").write_bytes(text.encode())
    source = Csv(path="t.csv", target="y", decimal=decimal)
    large = source.load(tmp_path).train
    monkeypatch.setattr(cache, "LARGE", 1 << 30)
    require_equal(large, source.load(tmp_path).train)
