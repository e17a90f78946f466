"""Initializers that draw from a distribution that does not depend on the size of the layer."""

from typing import Any, ClassVar

import numpy as np
from pydantic import Field, model_validator

from nntrain import randomness
from nntrain.initializers.initializer import Elementwise, Truncated


class Constant(Elementwise, name="constant"):
    """Constant: every value is `value`."""

    value: float = Field(description="the value")

    example: ClassVar = {"value": 0.1}

    def values(self, key: int, start: int, count: int, fans: tuple[int, int]) -> np.ndarray:
        return np.full(count, float(self.value))


class Zeros(Elementwise, name="zeros"):
    """Zeros: every value is 0.

    For biases. Not for weights: units with equal weights get equal gradients, so that they never become different.
    """

    def values(self, key: int, start: int, count: int, fans: tuple[int, int]) -> np.ndarray:
        return np.zeros(count)


class Ones(Elementwise, name="ones"):
    """Ones: every value is 1."""

    def values(self, key: int, start: int, count: int, fans: tuple[int, int]) -> np.ndarray:
        return np.ones(count)


class Normal(Elementwise, name="normal"):
    """Normal distribution `N(mean, std²)`, independent of the size of the layer."""

    std: float = Field(0.05, ge=0, description="the standard deviation")
    mean: float = Field(0.0, description="the mean")

    example: ClassVar = {"std": 0.1}

    def values(self, key: int, start: int, count: int, fans: tuple[int, int]) -> np.ndarray:
        return self.mean + self.std * randomness.normal(key, count, start)


class TruncatedNormal(Truncated, name="truncated_normal"):
    """Truncated normal distribution: `N(mean, std²)`, with values beyond two standard deviations resampled.

    There are no outliers among the initial weights.
    """

    std: float = Field(
        0.05, ge=0, description="the standard deviation before truncation; after it, 0.88 of that"
    )
    mean: float = Field(0.0, description="the mean")

    example: ClassVar = {"std": 0.1}

    def moments(self, fans: tuple[int, int]) -> tuple[float, float]:
        return self.mean, self.std


class Uniform(Elementwise, name="uniform"):
    """Uniform distribution between `low` and `high`."""

    high: float = Field(0.05, description="the upper bound")
    low: float = Field(-0.05, description="the lower bound; by default `-high`")

    example: ClassVar = {"high": 0.1}

    @model_validator(mode="before")
    @classmethod
    def _symmetric(cls, value: Any) -> Any:
        """Without `low`, the distribution is symmetric."""
        if isinstance(value, dict) and "low" not in value and isinstance(value.get("high"), (int, float)):
            return {**value, "low": -value["high"]}
        return value

    def values(self, key: int, start: int, count: int, fans: tuple[int, int]) -> np.ndarray:
        return self.low + (self.high - self.low) * randomness.uniform(key, count, start)
