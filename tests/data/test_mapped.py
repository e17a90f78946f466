"""Large mapped arrays: parts of them are files, too, and have the values that parts in memory have."""

import mmap
import re
from pathlib import Path

import numpy as np
import pytest

from nntrain.data import mapped
from nntrain.data.batches import Batches
from nntrain.data.dataset import Dataset, Splits
from nntrain.data.splits import hashes, split
from nntrain.data.stages import Stages
from nntrain.data.system_memory import is_mapped
from nntrain.data.tables.curves import Curve
from nntrain.data.tables.features import OneHot
from nntrain.data.tables.giveaways import giveaways
from nntrain.data.transforms.impute import impute
from nntrain.data.transforms.standardize import standardize
from tests.support.data import seen


@pytest.fixture
def array(tmp_path, monkeypatch):
    """(500, 6) float64 with gaps, in a file that counts as large."""
    monkeypatch.setenv("NNTRAIN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(mapped, "LARGE", 1000)
    monkeypatch.setattr(mapped, "AT_ONCE", 1000)
    monkeypatch.setattr(mapped, "GATHERED", 5000)
    values = np.random.default_rng(0).normal(size=(500, 6))
    values[:, 4:] = np.eye(2)[np.random.default_rng(1).integers(0, 2, 500)]
    values[::7, 1] = np.nan
    np.save(tmp_path / "x.npy", values)
    return np.load(tmp_path / "x.npy", mmap_mode="r")


def test_rows_of_a_large_mapped_array_are_mapped(array, tmp_path):
    rows = np.random.default_rng(2).permutation(500)[:300]
    taken = mapped.take(array, rows)
    assert is_mapped(taken)
    assert np.array_equal(taken, np.asarray(array)[rows], equal_nan=True)
    assert np.array_equal(mapped.take(array, array[:, 0] > 0), array[array[:, 0] > 0], equal_nan=True)
    assert not is_mapped(mapped.take(array, rows[:3]))
    assert not any((tmp_path / "cache").iterdir())  # the files go with their arrays


def test_rows_are_in_memory_where_no_file_can_be_written(array, tmp_path):
    (tmp_path / "cache").write_text("")
    taken = mapped.take(array, np.arange(499, -1, -1))
    assert not is_mapped(taken)
    assert np.array_equal(taken, array[::-1], equal_nan=True)


def test_pages_are_given_back_and_read_again(array):
    before = np.array(array)
    mapped.release(array)
    assert np.array_equal(array, before, equal_nan=True)
    assert hasattr(mmap, "MADV_DONTNEED")


@pytest.mark.parametrize("rows", [1, 7, 64])
def test_batches_of_a_large_mapped_table_are_those_of_one_in_memory(array, rows):
    def batches(x):
        data = Dataset(
            x,
            np.arange(500, dtype=np.int32) % 3,
            ("u", "v", "w"),
            feature_names=tuple("abcdef"),
            impute="mean",
            weight=np.arange(500) / 250,
            shift=np.arange(6.0),
            fill=np.full(6, 2.0),
            curves=(Curve(1),),
        )
        stages, found = Stages(data), []
        for epoch in (0, 1):
            order = Batches(data, rows).order(epoch)
            for start in range(0, 500, rows):
                part, samples = stages.at(order, slice(start, start + rows))
                batch = data.batch(len(samples), "float32")
                part.gather(samples, batch)
                found.append((batch.x, batch.target, batch.weight))
        return stages, found

    (stages, large), (_, small) = batches(array), batches(np.array(array))
    assert stages.used
    assert not is_mapped(stages.at(np.arange(500), slice(0, rows))[0].x)
    for one, other in zip(large, small, strict=True):
        assert all(map(np.array_equal, one, other))


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="counts pages as Linux does")
def test_an_epoch_of_a_large_mapped_table_has_few_of_its_pages_in_memory(tmp_path, monkeypatch):
    for name in ("LARGE", "AT_ONCE", "GATHERED"):
        monkeypatch.setattr(mapped, name, 1 << 20)
    np.save(tmp_path / "x.npy", np.zeros((1 << 17, 16)))  # 16 MiB
    data = Dataset(np.load(tmp_path / "x.npy", mmap_mode="r"), np.zeros((1 << 17, 1)))
    batches, stages = Batches(data, 4096), Stages(data)
    most = 0.0
    for number in range(len(batches)):
        stages.at(batches.order(0), batches.places(number))
        most = max(most, resident_mib(tmp_path / "x.npy"))
    assert most < 4
    data.x[::256].sum()  # what the pages of single rows would be
    assert resident_mib(tmp_path / "x.npy") > 12


def resident_mib(file: Path) -> float:
    """How much of a mapped file is in this process's memory."""
    maps = Path("/proc/self/smaps").read_text().split(str(file))[1:]
    return sum(int(re.search(r"Rss:\s+(\d+)", part)[1]) for part in maps) / 1024


def test_a_large_mapped_table_is_prepared_as_one_in_memory(array):
    def prepared(x):
        names = ("a", "b", "c", "d", "e=x", "e=y")
        weight = (np.arange(500) % 5).astype(np.float64)
        data = Dataset(
            x,
            np.arange(500, dtype=np.int32) % 3,
            ("u", "v", "w"),
            feature_names=names,
            one_hot=(OneHot("e", ("x", "y"), 4),),
            impute="median",
            weight=weight,
        )
        splits, _ = split(Splits(data), test=0.2, validation=0.25, seed=3)
        return standardize(impute(splits))

    large, small = prepared(array), prepared(np.array(array))
    assert is_mapped(large.train.x)
    assert is_mapped(large.train.imputed)
    assert not is_mapped(small.train.x)
    assert hashes(large) == hashes(small)
    for name, part in large.parts().items():
        assert np.array_equal(seen(part), seen(small.parts()[name]))
    assert large.notes == small.notes


def test_columns_of_a_large_mapped_table_that_give_the_answer_away_are_found(array, monkeypatch):
    monkeypatch.setattr("nntrain.data.tables.giveaways.ROWS_AT_FIRST", 100)
    x = np.array(array)[:, [0, 0, 0, 3, 4, 5]]
    x[:, 0], x[:, 2] = np.arange(500), 3 * x[:, 3]
    np.save(array.filename, x)
    mapped_x = np.load(array.filename, mmap_mode="r")
    names = tuple("abcdef")
    found = [giveaways(Dataset(x, x[:, 3:4], feature_names=names)) for x in (mapped_x, np.array(mapped_x))]
    assert list(found[0]) == list(found[1])
    assert {"a", "c", "d"} <= set(found[0])
    assert "e" not in found[0]
