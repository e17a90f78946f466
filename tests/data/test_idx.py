"""IDX files."""

import gzip
import struct

import numpy as np
import pytest

from nntrain.data.dataset import Splits
from tests.support.data import idx, images, load, refused

IDX = {"images": "x", "labels": "y"}


def load_idx(folder, x: bytes, y: bytes, **options) -> Splits:
    (folder / "x").write_bytes(x)
    (folder / "y").write_bytes(y)
    return load({"idx": IDX | options}, folder)


def test_idx_images_stay_bytes_and_labels_become_the_classes_that_occur(tmp_path):
    splits = load_idx(tmp_path, images(3), idx([26, 1, 26]))
    assert splits.train.x.dtype == np.uint8
    assert splits.train.x.shape == (3, 2, 2, 1)
    assert splits.train.classes == ("1", "26")
    assert splits.train.target.tolist() == [1, 0, 1]
    assert splits.train.target.dtype == np.int32
    assert load({"idx": IDX | {"as": "vector"}}, tmp_path).train.x.tolist() == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9, 10, 11],
    ]


def test_idx_class_only_in_the_test_part_is_a_class_of_both(tmp_path):
    (tmp_path / "tx").write_bytes(images(1))
    (tmp_path / "ty").write_bytes(gzip.compress(idx([5]), mtime=0))
    splits = load_idx(tmp_path, images(2), idx([3, 8]), test_images="tx", test_labels="ty")
    assert splits.train.classes == splits.test.classes == ("3", "5", "8")
    assert splits.test.target.tolist() == [1]


@pytest.mark.parametrize(
    ("kind", "dtype", "becomes"),
    [
        (0x09, ">i1", "float64"),
        (0x0B, ">i2", "float64"),
        (0x0C, ">i4", "float64"),
        (0x0D, ">f4", "float32"),
        (0x0E, ">f8", "float64"),
    ],
)
def test_idx_of_every_type_is_read(tmp_path, kind, dtype, becomes):
    splits = load_idx(tmp_path, idx([[1, -2], [3, 4]], kind, dtype), idx([0, 1], 0x0C, ">i4"))
    assert splits.train.x.dtype == becomes
    assert splits.train.x.tolist() == [[1, -2], [3, 4]]


@pytest.mark.parametrize(
    ("x", "y", "place"),
    [
        (b"", idx([1]), "x"),
        (b"PNG...", idx([1]), "x"),
        (images(3)[:9], idx([1]), "x"),
        (images(3)[:-1], idx([1]), "x"),
        (images(3) + b"!", idx([1]), "x"),
        (struct.pack(">BBBB3I", 0, 0, 8, 3, *[2**32 - 1] * 3), idx([1]), "x"),
        (idx(np.zeros((0, 2, 2))), idx([1]), "x"),
        (images(3), idx([1, 2]), "y"),
        (images(3), images(3), "y"),
        (idx([[1, 2], [3, np.nan]], 0x0D, ">f4"), idx([0, 1]), "x"),
        (gzip.compress(images(3), mtime=0)[:-9], idx([1]), "x"),
    ],
)
def test_bad_idx_files_are_reported(tmp_path, x, y, place, wording):
    told = refused(load_idx, tmp_path, x, y)
    assert told.startswith(place)
    wording(told)


def test_images_of_another_size_in_the_test_split_are_an_error(tmp_path, wording):
    (tmp_path / "tx").write_bytes(idx(np.zeros((1, 3, 2))))
    (tmp_path / "ty").write_bytes(idx([0]))
    told = refused(load_idx, tmp_path, images(2), idx([0, 1]), test_images="tx", test_labels="ty")
    wording(told)
