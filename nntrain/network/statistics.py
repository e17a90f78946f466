"""Statistics: the norm, the mean, the spread and quantiles of an array, at a cost that training hardly notices."""

import math
from typing import NamedTuple

import numpy as np

from nntrain import kernels

SAMPLED = 4096  # values that quantiles are computed from, at most
QUANTILES = np.array([0.05, 0.25, 0.5, 0.75, 0.95])


class Statistics(NamedTuple):
    """Of all values of an array; `largest` is the largest absolute value, and q05 the 5% quantile."""

    norm: float
    mean: float
    std: float
    largest: float
    q05: float
    q25: float
    q50: float
    q75: float
    q95: float


def statistics(array: np.ndarray) -> Statistics:
    """The same for any number of threads. array: C-contiguous, not empty."""
    values = array.reshape(-1)
    squares, mean = kernels.reduce.sum_of_squares(values), kernels.reduce.total(values) / values.size
    variance = squares / values.size - mean * mean  # exact to 1e-13 mean², since the sums are float64
    std = 0.0 if variance <= 0 else math.sqrt(variance)
    largest = float(max(values.max(), -values.min()))
    return Statistics(math.sqrt(squares), mean, std, largest, *quantiles(array))


def quantiles(array: np.ndarray) -> list[float]:
    """The values at QUANTILES, without interpolation."""
    ordered = np.sort(sampled(array))
    return ordered[np.rint(QUANTILES * (ordered.size - 1)).astype(np.intp)].tolist()


def sampled(array: np.ndarray) -> np.ndarray:
    """All values, or at most SAMPLED of them, evenly spaced, from all positions of the last axis."""
    stride = -(-array.size // SAMPLED)
    while math.gcd(stride, array.shape[-1]) > 1:
        stride += 1
    return array.reshape(-1)[::stride] if array.size > SAMPLED else array.reshape(-1)
