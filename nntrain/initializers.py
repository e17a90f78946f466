"""Initializers: where the weights start. Each draw is a function of the run's seed and the parameter's name alone."""

import math
from typing import ClassVar

import numpy as np
from pydantic import Field

from nntrain import randomness
from nntrain.component import Component


class Initializer(Component, family="initializer"):
    """Where the parameters start. Each draw depends on the run's seed and the parameter's name alone, so that a change in one
    layer leaves the others as they were.

    Drawn in float64, so that both precisions start equal.
    """

    def sample(self, key: int, shape: tuple[int, ...], fans: tuple[int, int]) -> np.ndarray:
        """An array of `shape`; `fans` are the numbers of inputs and outputs that one output sees."""
        raise NotImplementedError


class Auto(Initializer, name="auto"):
    """Chooses by the first activation after the layer: `he_normal` for relu-like ones, `lecun_normal` for selu, else
    `glorot_uniform`.

    Relu-like are relu, leaky_relu, prelu, rrelu, relu6, elu, gelu, silu, hard_swish, mish, softplus and maxout. The choice looks
    through normalisation, dropout, reshaping, pooling and merging. Biases start at 0.
    """


class Pretrained(Initializer, name="pretrained"):
    """Takes arrays of the same name from an earlier run or a safetensors file; the rest is drawn as by `auto`.

    As the model's `initializer` it fills everything that has a name there, running statistics too; as a layer's
    `weight_initializer` or `bias_initializer`, that one array. `fit` says what matched, what was missing and what was left
    over. With `freeze: true` on the layers below, only the new ones learn.
    """

    path: str = Field(min_length=1, description="a run folder, a checkpoint, or a safetensors file")
    strict: bool = Field(True, description="a missing name or another shape is an error")

    example: ClassVar = {"path": "runs/digits"}


class Constant(Initializer, name="constant"):
    """Every value the same."""

    value: float = Field(description="the value")

    example: ClassVar = {"value": 0.1}

    def sample(self, key, shape, fans):
        return np.full(shape, float(self.value))


class Zeros(Initializer, name="zeros"):
    """All 0: right for biases. Weights that start equal stay equal, so that a layer of them learns one feature only."""

    def sample(self, key, shape, fans):
        return np.zeros(shape)


class Ones(Initializer, name="ones"):
    """All 1."""

    def sample(self, key, shape, fans):
        return np.ones(shape)


class Normal(Initializer, name="normal"):
    """Normally distributed, whatever the size of the layer."""

    mean: float = Field(0.0, description="the mean")
    std: float = Field(0.05, ge=0, description="the standard deviation")

    example: ClassVar = {"std": 0.1}

    def sample(self, key, shape, fans):
        return self.mean + self.std * randomness.normal(key, math.prod(shape)).reshape(shape)


class TruncatedNormal(Initializer, name="truncated_normal"):
    """Normally distributed, but each value beyond two standard deviations is drawn again: no weight starts far out."""

    mean: float = Field(0.0, description="the mean")
    std: float = Field(
        0.05, ge=0, description="the standard deviation before the cut; the values' own is 0.88 of it"
    )

    example: ClassVar = {"std": 0.1}

    def sample(self, key, shape, fans):
        return self.mean + self.std * randomness.truncated_normal(key, math.prod(shape)).reshape(shape)


class Uniform(Initializer, name="uniform"):
    """Every value between `low` and `high` is equally likely."""

    low: float = Field(-0.05, description="the lower end")
    high: float = Field(0.05, description="the upper end")

    example: ClassVar = {"low": -0.1, "high": 0.1}

    def sample(self, key, shape, fans):
        return self.low + (self.high - self.low) * randomness.uniform(key, math.prod(shape)).reshape(shape)


# Standard deviation of a standard normal cut at two deviations: sqrt(1 - 4 phi(2) / (2 Phi(2) - 1)).
TRUNCATED_STD = 0.87962566103423978


class Orthogonal(Initializer, name="orthogonal"):
    """Orthogonal columns, or rows where there are fewer: lengths pass unchanged, however deep the stack.

    The `Q` of the QR decomposition of a normal matrix, its signs chosen so that every such matrix is equally likely. A weight
    with more axes counts as a matrix of all but the last by the last.

    Source: Saxe 2014, Exact solutions to the nonlinear dynamics of learning in deep linear neural networks.
    """

    gain: float = Field(1.0, gt=0, description="the length of each column")

    def sample(self, key, shape, fans):
        rows, columns = math.prod(shape[:-1]), shape[-1]
        drawn = randomness.normal(key, rows * columns).reshape(rows, columns)
        q, r = np.linalg.qr(drawn if rows >= columns else drawn.T)
        q = q * np.where(np.diag(r) < 0, -1.0, 1.0)
        return self.gain * (q if rows >= columns else q.T).reshape(shape)


class Identity(Initializer, name="identity"):
    """The identity matrix times `gain`: a layer that starts by passing on what it gets.

    Of a recurrent relu layer it makes a memory that neither fades nor explodes at the start.

    Source: Le 2015, A simple way to initialize recurrent networks of rectified linear units.
    """

    gain: float = Field(1.0, description="the value on the diagonal")

    def sample(self, key, shape, fans):
        return self.gain * np.eye(math.prod(shape[:-1]), shape[-1]).reshape(shape)


class VarianceScaling(Initializer):
    """Base of glorot, he and lecun: the variance follows the fans."""

    def variance(self, fan_in: int, fan_out: int) -> float:
        raise NotImplementedError


class UniformScaling(VarianceScaling):
    def sample(self, key, shape, fans):
        limit = math.sqrt(3 * self.variance(*fans))
        return limit * (2 * randomness.uniform(key, math.prod(shape)) - 1).reshape(shape)


class NormalScaling(VarianceScaling):
    def sample(self, key, shape, fans):
        return math.sqrt(self.variance(*fans)) * randomness.normal(key, math.prod(shape)).reshape(shape)


class TruncatedNormalScaling(VarianceScaling):
    def sample(self, key, shape, fans):
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
    """Uniform with the variance 2 / (inputs + outputs): between `-a` and `a`, `a = sqrt(6 / (inputs + outputs))`.

    Signals on the way up and gradients on the way down keep their size, through tanh and the like.

    Source: Glorot & Bengio 2010, Understanding the difficulty of training deep feedforward neural networks, eq. 16.
    """


class GlorotNormal(Glorot, NormalScaling, name="glorot_normal"):
    """Normal with the variance 2 / (inputs + outputs).

    Signals on the way up and gradients on the way down keep their size, through tanh and the like.

    Source: Glorot & Bengio 2010, Understanding the difficulty of training deep feedforward neural networks, eq. 12.
    """


class GlorotTruncatedNormal(Glorot, TruncatedNormalScaling, name="glorot_truncated_normal"):
    """A normal cut at two standard deviations, with the variance 2 / (inputs + outputs) after the cut.

    Source: Glorot & Bengio 2010, Understanding the difficulty of training deep feedforward neural networks, eq. 12.
    """


class HeUniform(He, UniformScaling, name="he_uniform"):
    """Uniform with the variance 2 / inputs: between `-a` and `a`, `a = sqrt(6 / inputs)`.

    Signals keep their size through relu, which sets half of them to 0.

    Source: He et al. 2015, Delving deep into rectifiers: surpassing human-level performance on ImageNet classification, eq. 10.
    """


class HeNormal(He, NormalScaling, name="he_normal"):
    """Normal with the variance 2 / inputs.

    Signals keep their size through relu, which sets half of them to 0.

    Source: He et al. 2015, Delving deep into rectifiers: surpassing human-level performance on ImageNet classification, eq. 10.
    """


class HeTruncatedNormal(He, TruncatedNormalScaling, name="he_truncated_normal"):
    """A normal cut at two standard deviations, with the variance 2 / inputs after the cut.

    Source: He et al. 2015, Delving deep into rectifiers: surpassing human-level performance on ImageNet classification, eq. 10.
    """


class LecunUniform(Lecun, UniformScaling, name="lecun_uniform"):
    """Uniform with the variance 1 / inputs: between `-a` and `a`, `a = sqrt(3 / inputs)`.

    Signals keep their size through a linear layer.

    Source: LeCun et al. 1998, Efficient backprop, sect. 4.6.
    """


class LecunNormal(Lecun, NormalScaling, name="lecun_normal"):
    """Normal with the variance 1 / inputs.

    Signals keep their size through a linear layer. What `selu` needs.

    Source: LeCun et al. 1998, Efficient backprop, sect. 4.6; for selu Klambauer et al. 2017, Self-normalizing neural networks.
    """


class LecunTruncatedNormal(Lecun, TruncatedNormalScaling, name="lecun_truncated_normal"):
    """A normal cut at two standard deviations, with the variance 1 / inputs after the cut.

    Source: LeCun et al. 1998, Efficient backprop, sect. 4.6.
    """
