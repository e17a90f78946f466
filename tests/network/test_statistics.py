"""The statistics of an array: as NumPy's, at any size, and of tiny and not finite values."""

import numpy as np
import pytest

from nntrain.network.statistics import QUANTILES, SAMPLED, sampled, statistics

NORMAL = np.random.default_rng(0).normal(0.3, 2, (700, 96))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rows", [1, 7, 700])
def test_statistics_are_those_of_numpy(rows, dtype):
    x = np.ascontiguousarray(NORMAL[:rows], dtype)
    found = statistics(x)
    expected = [np.linalg.norm(x), x.mean(), x.std(), np.abs(x).max()]
    assert found[:4] == pytest.approx(expected, rel=1e-4)
    # Above SAMPLED values, they are estimates.
    ranks = [np.mean(x <= quantile) for quantile in found[4:]]
    assert ranks == pytest.approx(QUANTILES.tolist(), abs=0.02)


def test_quantiles_of_a_few_values_are_some_of_them():
    assert statistics(np.array([3.0, 1.0, 2.0]))[4:] == (1, 1, 2, 3, 3)
    assert statistics(np.array([5.0]))[4:] == (5, 5, 5, 5, 5)


@pytest.mark.parametrize("columns", [64, 96, 1000, 4096])
def test_a_sample_has_values_of_all_columns(columns):
    x = np.tile(np.arange(columns), (300, 1))
    found = sampled(x)
    assert SAMPLED / 2 < found.size <= SAMPLED
    assert len(np.unique(found)) == min(columns, found.size)


def test_the_norm_of_a_tiny_float32_gradient_is_not_zero():
    assert statistics(np.full((3, 3), 1e-30, np.float32)).norm == pytest.approx(3e-30)


def test_a_constant_array_has_no_deviation():
    assert statistics(np.full((50, 3), 0.1, np.float32)).std == pytest.approx(0, abs=1e-8)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_show_without_a_warning(bad):
    found = statistics(np.array([1.0, bad, 2.0, 3.0]))
    assert not np.isfinite([found.norm, found.largest]).any()
