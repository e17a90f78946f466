"""gelu in float32 and float64, against the C library's error function."""

import math

import numpy as np
import pytest

from nntrain.kernels import activations

POINTS = np.linspace(-12, 12, 20_001)
DISTRIBUTION = (1 + np.vectorize(math.erf)(POINTS / math.sqrt(2))) / 2
DENSITY = np.exp(-(POINTS**2) / 2) / math.sqrt(2 * math.pi)


def gelu_and_slope(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    y, dx = np.empty_like(x), np.empty_like(x)
    activations.gelu(y, x)
    activations.gelu_backward(dx, np.ones_like(x), x)
    return y, dx


@pytest.mark.parametrize(("dtype", "error"), [(np.float32, 2e-7), (np.float64, 1e-15)])
def test_gelu_and_its_slope_are_exact_to_the_last_places(dtype, error):
    x = POINTS.astype(dtype)
    y, slope = gelu_and_slope(x)
    exact = x.astype(np.float64) * DISTRIBUTION
    scale = np.maximum(np.abs(POINTS), 1) + np.abs(x - POINTS) / error
    assert (np.abs(y - exact) / scale).max() < error
    assert (np.abs(slope - (DISTRIBUTION + POINTS * DENSITY)) / scale).max() < error


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gelu_at_the_ends(dtype):
    y, slope = gelu_and_slope(np.array([0, 40, -40, 1e30, -1e30, np.nan], dtype))
    np.testing.assert_array_equal(y, np.array([0, 40, 0, 1e30, 0, np.nan], dtype))
    np.testing.assert_allclose(slope, [0.5, 1, 0, 1, 0, np.nan], atol=1e-7)


def test_gelu_of_infinity_is_that_of_large_numbers():
    y, slope = gelu_and_slope(np.array([np.inf, -np.inf], np.float32))
    np.testing.assert_array_equal(y, [np.inf, 0])
    np.testing.assert_array_equal(slope, [1, 0])
