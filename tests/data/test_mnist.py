"""MNIST and Fashion-MNIST: the search for their files."""

import gzip
import os

import numpy as np
import pytest

from nntrain.data.transforms.standardize import standardize
from tests.support.data import idx, images, load, refused


@pytest.mark.skipif("NNTRAIN_DATA" not in os.environ, reason="needs the real MNIST in $NNTRAIN_DATA/mnist")
def test_mnist_is_what_it_is_known_to_be():
    splits = load("mnist")
    assert splits.train.x.shape == (60000, 28, 28, 1)
    assert splits.test.x.shape == (10000, 28, 28, 1)
    assert splits.train.x.dtype == np.uint8
    assert splits.train.target[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert splits.test.target[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    scaled = standardize(splits).train
    assert scaled.shift / 255 == pytest.approx([0.1307], abs=5e-5)  # the figures that everybody uses
    assert 1 / scaled.scale / 255 == pytest.approx([0.3081], abs=5e-5)
    assert np.array_equal(load({"mnist": "vector"}).test.x, splits.test.x.reshape(10000, 784))


MNIST_NAMES = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
]


@pytest.fixture
def small_mnist(tmp_path):
    """A folder `mnist` with the four files, two of them packed, of 3 and 2 images of 2 x 2 pixels."""
    folder = tmp_path / "mnist"
    folder.mkdir()
    for name, data in zip(MNIST_NAMES, [images(3), idx([7, 0, 9]), images(2), idx([1, 9])], strict=True):
        if "train" in name:
            (folder / f"{name}.gz").write_bytes(gzip.compress(data))
        else:
            (folder / name).write_bytes(data)
    return folder


def test_mnist_is_found_in_root_or_nntrain_data_or_the_home_folder(small_mnist, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("NNTRAIN_DATA", raising=False)
    assert len(load({"mnist": {"root": "mnist"}}, tmp_path).train) == 3
    monkeypatch.setenv("NNTRAIN_DATA", str(tmp_path))
    splits = load("mnist")
    assert splits.train.classes == tuple("0123456789")
    assert splits.test.target.tolist() == [1, 9]
    monkeypatch.setenv("NNTRAIN_DATA", str(tmp_path / "nothing"))
    (tmp_path / "home/.cache/nntrain/data").mkdir(parents=True)
    small_mnist.rename(tmp_path / "home/.cache/nntrain/data/mnist")
    assert load("mnist").train.input_shape == (2, 2, 1)


def test_missing_mnist_files_are_reported_with_folders_and_a_hint(
    small_mnist, tmp_path, monkeypatch, wording
):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NNTRAIN_DATA", str(tmp_path))
    (small_mnist / "t10k-labels-idx1-ubyte").unlink()
    wording(refused(load, "mnist"))


def test_explicit_root_without_the_files_is_an_error_whatever_else_there_is(
    small_mnist, tmp_path, monkeypatch, wording
):
    monkeypatch.setenv("NNTRAIN_DATA", str(tmp_path))
    wording(refused(load, {"mnist": {"root": "elsewhere"}}, tmp_path))


def test_mnist_labels_beyond_nine_are_an_error(small_mnist, tmp_path, wording):
    (small_mnist / "t10k-labels-idx1-ubyte").write_bytes(idx([1, 10]))
    told = refused(load, {"mnist": {"root": "mnist"}}, tmp_path)
    wording(told)
