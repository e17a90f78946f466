"""Standardization."""

import numpy as np
import pytest
import yaml

from nntrain.config.schema import DataSection
from nntrain.data.dataset import Dataset, Splits
from nntrain.data.loading import load_splits
from nntrain.data.transforms.standardize import standardize
from tests.support.data import refused, seen


@pytest.mark.parametrize("shape", [(5,), (4, 3, 2), (4, 4, 1), (7, 3)], ids=str)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_standardized_training_split_has_mean_0_and_deviation_1(shape, dtype):
    x = (np.random.default_rng(0).random((300, *shape)) * 250).astype(dtype)
    splits = standardize(
        Splits(Dataset(x[:200], np.zeros((200, 1))), test=Dataset(x[200:], np.zeros((100, 1))))
    )
    flat = seen(splits.train).reshape(-1, shape[-1])
    np.testing.assert_allclose(flat.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(flat.std(axis=0), 1, rtol=1e-12)
    train = x[:200].reshape(-1, shape[-1]).astype(np.float64)
    expected = (x[200:] - train.mean(axis=0)) / train.std(
        axis=0
    )  # the train part's, whatever the test part is
    np.testing.assert_allclose(seen(splits.test), expected, rtol=1e-9, atol=1e-9)


def test_standardize_in_pieces_is_standardize_in_one(monkeypatch):
    x = np.random.default_rng(0).normal(1e6, 1, (1000, 3))
    whole = standardize(Splits(Dataset(x, x))).train
    monkeypatch.setattr("nntrain.data.transforms.standardize.VALUES_AT_ONCE", 100)
    pieces = standardize(Splits(Dataset(x, x))).train
    np.testing.assert_allclose(pieces.shift, whole.shift, rtol=1e-15)
    np.testing.assert_allclose(pieces.scale, whole.scale, rtol=1e-9)


def test_a_constant_column_becomes_zero_and_its_deviation_counts_as_1():
    x = np.stack(
        [np.full(1000, 0.1), np.arange(1000.0)], axis=1
    )  # 0.1: its mean is not 0.1 in floating point
    splits = standardize(Splits(Dataset(x, x), test=Dataset(np.array([[1.1, 0.0]]), np.zeros((1, 2)))))
    assert not seen(splits.train)[:, 0].any()
    assert seen(splits.test)[0, 0] == 1.1 - 0.1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [0.3, -1985.1, 1e-30, 1e30])
def test_a_column_that_is_constant_but_for_rounding_is_constant(dtype, value):
    value = dtype(value)
    last_digits = np.array(
        [value, np.nextafter(value, dtype(0)), value * (1 + 4 * np.finfo(dtype).eps)], dtype
    )
    x = np.stack([np.resize(last_digits, 99), np.arange(99)], axis=1).astype(dtype)
    splits = standardize(Splits(Dataset(x, x)))
    assert splits.train.scale[0] == 1
    np.testing.assert_allclose(seen(splits.train)[:, 0], 0, atol=1e-5 * abs(value))
    assert seen(splits.train)[:, 1].std() == pytest.approx(1)


def test_small_differences_that_are_no_rounding_are_standardized():
    x = np.float32(1985) + np.resize([0.0, 0.1], 100).astype(np.float32)[:, None]
    splits = standardize(Splits(Dataset(x, x)))
    assert seen(splits.train).std() == pytest.approx(1)


def test_a_table_and_npz_arrays_have_constant_columns_too(shell):
    cells = ["0.3", "0.30000000000000004"] * 20
    lines = "".join(f"{cell},{row},{row % 2}\n" for row, cell in enumerate(cells))
    (shell.folder / "t.csv").write_text(f"a,b,y\n{lines}")
    x = np.stack([np.array([0.1 + 0.2, 0.3] * 20), np.arange(40)], axis=1)
    for dtype in (np.float32, np.float64):
        np.savez(shell.folder / f"{dtype.__name__}.npz", x=x.astype(dtype), y=np.arange(40) % 2)
    for source in ("csv: {path: t.csv, target: y}", "npz: float32.npz", "npz: float64.npz"):
        splits, _ = load_splits(
            DataSection.model_validate({"source": yaml.safe_load(f"{{{source}}}"), "standardize": True}),
            shell.folder,
            0,
        )
        assert splits.train.scale[0] == 1


def test_constant_bytes_keep_their_scale_to_0_and_1():
    x = np.full((4, 2, 2, 1), 51, np.uint8)
    splits = standardize(Splits(Dataset(x, np.zeros((4, 1))), test=Dataset(x + 51, np.zeros((4, 1)))))
    np.testing.assert_allclose(seen(splits.test), 0.2, rtol=1e-15)


@pytest.mark.parametrize(
    ("x", "place"),
    [
        (np.array([[1.0, 1e300], [1.0, -1e300]]), "standardize"),
        (np.array([[1], [0]], np.int32), "standardize"),
    ],
)
def test_what_cannot_be_standardized_is_an_error(x, place, wording):
    told = refused(
        standardize, Splits(Dataset(x, np.zeros((2, 1)), vocabulary=2 if x.dtype == np.int32 else 0))
    )
    assert told.startswith(place)
    wording(told)
