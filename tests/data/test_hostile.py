"""Files and sizes that would take more memory than there is: refused with what they need, before it is allocated."""

import gzip
import tracemalloc

import numpy as np
import pytest

from nntrain import limits
from nntrain.limits import Room
from tests.support.data import load, refused

MIB = 2**20


@pytest.fixture
def little(monkeypatch):
    """Memory has 8 MiB left."""
    monkeypatch.setattr(limits, "_physical", lambda: [Room(8 * MIB, "the machine")])


@pytest.mark.parametrize(
    "source",
    [
        {"random": {"input": [1000], "classes": 2, "samples": 100_000_000}},
        {"random": {"input": [10**12], "targets": 2, "samples": 1}},
        {"synthetic": {"kind": "spirals", "samples": 10**9}},
        {"synthetic_sequences": {"kind": "adding", "samples": 10**6}},
    ],
    ids=["samples", "one sample", "spirals", "sequences"],
)
def test_generated_data_state_what_they_need(source, little, wording):
    tracemalloc.start()
    told = refused(load, source)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    wording(told)
    assert peak < MIB


def test_random_data_are_drawn_piece_by_piece(little):
    tracemalloc.start()
    x = load({"random": {"input": [1500], "classes": 2, "samples": 1000}}).train.x
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < x.nbytes + 40 * MIB


def test_an_archive_that_unpacks_to_more_than_memory_is_refused(tmp_path, little, wording):
    np.savez_compressed(
        tmp_path / "bomb.npz", x=np.zeros((4000, 1000), np.float32), y=np.zeros(4000, np.int32)
    )
    assert (tmp_path / "bomb.npz").stat().st_size < MIB
    wording(refused(load, {"npz": {"path": "bomb.npz"}}, tmp_path))


def test_a_compressed_file_that_unpacks_to_more_than_memory_is_refused(tmp_path, little, wording):
    (tmp_path / "bomb.txt.gz").write_bytes(gzip.compress(bytes(10 * MIB)))
    wording(refused(load, {"text": {"path": "bomb.txt.gz", "unit": "byte", "window": 8}}, tmp_path))
    (tmp_path / "whole.txt").write_bytes(bytes(10 * MIB))
    wording(refused(load, {"text": {"path": "whole.txt", "unit": "byte", "window": 8}}, tmp_path))


def test_a_table_of_very_long_lines_is_read(tmp_path):
    row = ",".join(["0.25"] * 40_000)
    (tmp_path / "wide.csv").write_text(f"{row},a\n{row},b\n")
    assert load({"csv": {"path": "wide.csv"}}, tmp_path).train.x.shape == (2, 40_000)


def test_a_cell_of_endless_text_is_refused(tmp_path, wording):
    (tmp_path / "long.csv").write_text(f"a,y\n1,{'x' * 200_000}\n2,b\n")
    wording(refused(load, {"csv": {"path": "long.csv", "target": "y"}}, tmp_path))
