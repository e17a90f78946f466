"""Initializer: the base class, and those whose values are drawn piece by piece."""

import math
from collections.abc import Iterator

import numpy as np

from nntrain import randomness
from nntrain.component import Component

PIECE = 1 << 16  # values drawn at once: random numbers take ten times the memory of their values


class Initializer(Component, family="initializer"):
    """The initial values of parameters. They depend only on the run's seed and the parameter's name, so that a change in one
    layer leaves all other parameters unchanged.

    Sampled in float64, so that both precisions start from the same values.
    """

    def sample(self, key: int, shape: tuple[int, ...], fans: tuple[int, int]) -> np.ndarray:
        """(shape) float64. `key` seeds the random numbers.

        fans: fan_in and fan_out, the number of inputs of each output and of outputs of each input.
        """
        raise NotImplementedError

    def fill(self, out: np.ndarray, key: int, fans: tuple[int, int]) -> None:
        """Writes the same values to `out`, of any precision. Large parameters must not need much more memory than they have."""
        out[...] = self.sample(key, out.shape, fans)


class Elementwise(Initializer):
    """Each value is a function of the key and its position."""

    def values(self, key: int, start: int, count: int, fans: tuple[int, int]) -> np.ndarray:
        """(count,) float64: the values from position `start`."""
        raise NotImplementedError

    def sample(self, key: int, shape: tuple[int, ...], fans: tuple[int, int]) -> np.ndarray:
        return self.values(key, 0, math.prod(shape), fans).reshape(shape)

    def fill(self, out: np.ndarray, key: int, fans: tuple[int, int]) -> None:
        flat = flattened(out)
        for start, count in pieces(out.size):
            flat[start : start + count] = self.values(key, start, count, fans)


class Truncated(Initializer):
    """Normally distributed values; those beyond two standard deviations are resampled."""

    def moments(self, fans: tuple[int, int]) -> tuple[float, float]:
        """The mean, and the standard deviation before truncation."""
        raise NotImplementedError

    def sample(self, key: int, shape: tuple[int, ...], fans: tuple[int, int]) -> np.ndarray:
        mean, std = self.moments(fans)
        return mean + std * randomness.truncated_normal(key, math.prod(shape)).reshape(shape)

    def fill(self, out: np.ndarray, key: int, fans: tuple[int, int]) -> None:
        mean, std = self.moments(fans)
        flat = flattened(out)
        for positions, values in randomness.truncated_normal_pieces(key, out.size, PIECE):
            flat[positions] = mean + std * values


def flattened(out: np.ndarray) -> "np.ndarray | np.flatiter":
    """All values in C order; writing to it writes to `out`, of which it is a view."""
    return out.reshape(-1) if out.flags.c_contiguous else out.flat


def pieces(size: int) -> Iterator[tuple[int, int]]:
    """The start and the length of each piece."""
    return ((start, min(PIECE, size - start)) for start in range(0, size, PIECE))
