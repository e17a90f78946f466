"""Initializers: where the weights start. Each draw is a function of the run's seed and the parameter's name alone."""

import math

import numpy as np
from pydantic import Field

from nntrain import randomness
from nntrain.component import Component


class Initializer(Component, family="initializer"):
    """Draws in float64, so that both precisions start equal."""

    def draw(self, key: int, shape: tuple[int, ...], fans: tuple[int, int]) -> np.ndarray:
        """An array of `shape`; `fans` are the numbers of inputs and outputs that one output sees."""
        raise NotImplementedError


class Auto(Initializer, name="auto"):
    """Chosen by the first activation after the layer: relu-like `he_normal`, selu `lecun_normal`, else `glorot_uniform`.

    The network's graph makes the choice (`network.graph`), looking through norm, dropout, reshape and pool.
    """


class Pretrained(Initializer, name="pretrained"):
    """Takes arrays of the same name from an earlier run or a safetensors file; the rest is drawn as by `auto`.

    As the model's `initializer` it fills everything that has a name there, running statistics too; as a layer's
    `weight_initializer` or `bias_initializer`, that one array. `fit` says what matched, what was missing and what was left
    over. With `freeze: true` on the layers below, only the new ones learn.
    """

    path: str = Field(min_length=1, description="a run folder, a checkpoint, or a safetensors file")
    strict: bool = Field(True, description="a missing name or another shape is an error")


class Constant(Initializer, name="constant"):
    """Every value the same."""

    value: float = Field(description="the value")

    def draw(self, key, shape, fans):
        return np.full(shape, float(self.value))


class Zeros(Initializer, name="zeros"):
    """All 0: right for biases; weights that start equal stay equal, so their layer learns one feature only."""

    def draw(self, key, shape, fans):
        return np.zeros(shape)


class Ones(Initializer, name="ones"):
    """All 1."""

    def draw(self, key, shape, fans):
        return np.ones(shape)


class Normal(Initializer, name="normal"):
    """Normally distributed."""

    mean: float = Field(0.0, description="the mean")
    std: float = Field(0.05, ge=0, description="the standard deviation")

    def draw(self, key, shape, fans):
        return self.mean + self.std * randomness.normal(key, math.prod(shape)).reshape(shape)


class TruncatedNormal(Initializer, name="truncated_normal"):
    """Normally distributed, each value beyond two standard deviations drawn again."""

    mean: float = Field(0.0, description="the mean")
    std: float = Field(0.05, ge=0, description="the standard deviation of the normal before it is cut")

    def draw(self, key, shape, fans):
        return self.mean + self.std * randomness.truncated_normal(key, math.prod(shape)).reshape(shape)


class Uniform(Initializer, name="uniform"):
    """Every value between `low` and `high` equally likely."""

    low: float = Field(-0.05, description="the lower end")
    high: float = Field(0.05, description="the upper end")

    def draw(self, key, shape, fans):
        return self.low + (self.high - self.low) * randomness.uniform(key, math.prod(shape)).reshape(shape)


# Standard deviation of a standard normal cut at two deviations: sqrt(1 - 4 phi(2) / (2 Phi(2) - 1)).
TRUNCATED_STD = 0.87962566103423978


class VarianceScaling(Initializer):
    """Base of glorot, he and lecun: the variance follows the fans."""

    def variance(self, fan_in: int, fan_out: int) -> float:
        raise NotImplementedError


class UniformScaling(VarianceScaling):
    def draw(self, key, shape, fans):
        limit = math.sqrt(3 * self.variance(*fans))
        return limit * (2 * randomness.uniform(key, math.prod(shape)) - 1).reshape(shape)


class NormalScaling(VarianceScaling):
    def draw(self, key, shape, fans):
        return math.sqrt(self.variance(*fans)) * randomness.normal(key, math.prod(shape)).reshape(shape)


class TruncatedNormalScaling(VarianceScaling):
    def draw(self, key, shape, fans):
        std = math.sqrt(self.variance(*fans)) / TRUNCATED_STD
        return std * randomness.truncated_normal(key, math.prod(shape)).reshape(shape)


class Glorot(VarianceScaling):
    def variance(self, fan_in, fan_out):
        return 2 / (fan_in + fan_out)


class He(VarianceScaling):
    def variance(self, fan_in, fan_out):
        return 2 / fan_in


class Lecun(VarianceScaling):
    def variance(self, fan_in, fan_out):
        return 1 / fan_in


class GlorotUniform(Glorot, UniformScaling, name="glorot_uniform"):
    """Uniform, variance 2/(inputs + outputs): keeps signals and gradients alike through tanh layers (Glorot 2010, eq. 16)."""


class GlorotNormal(Glorot, NormalScaling, name="glorot_normal"):
    """Normal, variance 2/(inputs + outputs) (Glorot 2010, eq. 12)."""


class GlorotTruncatedNormal(Glorot, TruncatedNormalScaling, name="glorot_truncated_normal"):
    """Normal without the tails beyond two deviations, variance 2/(inputs + outputs)."""


class HeUniform(He, UniformScaling, name="he_uniform"):
    """Uniform, variance 2/inputs: keeps signals alike through relu layers (He 2015, eq. 10)."""


class HeNormal(He, NormalScaling, name="he_normal"):
    """Normal, variance 2/inputs (He 2015, eq. 10)."""


class HeTruncatedNormal(He, TruncatedNormalScaling, name="he_truncated_normal"):
    """Normal without the tails beyond two deviations, variance 2/inputs."""


class LecunUniform(Lecun, UniformScaling, name="lecun_uniform"):
    """Uniform, variance 1/inputs (LeCun 1998, sect. 4.6); what selu wants."""


class LecunNormal(Lecun, NormalScaling, name="lecun_normal"):
    """Normal, variance 1/inputs (LeCun 1998, sect. 4.6; Klambauer 2017 for selu)."""


class LecunTruncatedNormal(Lecun, TruncatedNormalScaling, name="lecun_truncated_normal"):
    """Normal without the tails beyond two deviations, variance 1/inputs."""
