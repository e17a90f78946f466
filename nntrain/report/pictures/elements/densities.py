"""Densities: the distribution that an initializer draws a weight from, where there is a formula."""

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nntrain.initializers import Initializer
    from nntrain.layers.recurrent import PerGate

POINTS = 400
WITHIN_TWO = 0.9544997361036416  # the share of a normal distribution within two standard deviations
NORMAL, TRUNCATED, UNIFORM, ORTHOGONAL = "normal", "truncated at two sigma", "uniform", "orthogonal"


def density(
    initializer: "Initializer | PerGate", shape: tuple[int, ...], fans: tuple[int, int]
) -> tuple[str, np.ndarray, np.ndarray]:
    """Its kind, values and their density (points,); empty where all values are the same, or nothing is known."""
    from nntrain.initializers.distributions import Normal, Uniform
    from nntrain.initializers.initializer import Truncated
    from nntrain.initializers.matrices import Orthogonal
    from nntrain.initializers.scaling import NormalScaling, UniformScaling
    from nntrain.layers.recurrent import PerGate

    if isinstance(initializer, PerGate):
        return density(initializer.one, (shape[0], shape[1] // initializer.gates), fans)
    if isinstance(initializer, Truncated):
        return truncated(*initializer.moments(fans))
    if isinstance(initializer, Normal):
        return normal(initializer.mean, initializer.std)
    if isinstance(initializer, NormalScaling):
        return normal(0.0, math.sqrt(initializer.variance(*fans)))
    if isinstance(initializer, Uniform):
        return uniform(initializer.low, initializer.high)
    if isinstance(initializer, UniformScaling):
        limit = math.sqrt(3 * initializer.variance(*fans))
        return uniform(-limit, limit)
    if isinstance(initializer, Orthogonal):
        return orthogonal(initializer.gain, max(math.prod(shape[:-1]), shape[-1]))
    return nothing()


def nothing() -> tuple[str, np.ndarray, np.ndarray]:
    return "", np.empty(0), np.empty(0)


def normal(mean: float, std: float) -> tuple[str, np.ndarray, np.ndarray]:
    if std == 0:
        return nothing()
    z = np.linspace(-4, 4, POINTS)
    return NORMAL, mean + std * z, np.exp(-(z**2) / 2) / (std * math.sqrt(2 * math.pi))


def truncated(mean: float, std: float) -> tuple[str, np.ndarray, np.ndarray]:
    """Of a normal distribution with this standard deviation before truncation."""
    if std == 0:
        return nothing()
    z = np.linspace(-2, 2, POINTS)
    p = np.exp(-(z**2) / 2) / (std * math.sqrt(2 * math.pi) * WITHIN_TWO)
    return TRUNCATED, mean + std * np.r_[-2, z, 2], np.r_[0, p, 0]


def uniform(low: float, high: float) -> tuple[str, np.ndarray, np.ndarray]:
    if high <= low:
        return nothing()
    return UNIFORM, np.array([low, low, high, high]), np.array([0, 1, 1, 0]) / (high - low)


def orthogonal(gain: float, size: int) -> tuple[str, np.ndarray, np.ndarray]:
    """Of one coordinate of a random unit vector with `size` coordinates: the density falls as (1 - x²)^((size - 3) / 2)."""
    if size < 3:
        return nothing()
    reach = min(1.0, 5 / math.sqrt(size))
    x = np.linspace(-reach, reach, POINTS)
    p = (1 - x**2).clip(0) ** ((size - 3) / 2)
    return ORTHOGONAL, gain * x, p / np.trapezoid(p, gain * x)
