"""Initializers: the initial values of the parameters, a function of the run's seed and the parameter's name alone."""

import math
from typing import Any, ClassVar

import numpy as np
from pydantic import Field, model_validator

from nntrain import randomness
from nntrain.component import Component


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


class Auto(Initializer, name="auto"):
    """Selects by the activation that follows the layer: `he_normal` for rectifiers, `lecun_normal` for selu, else
    `glorot_uniform`.

    Rectifiers are relu, leaky_relu, prelu, rrelu, relu6, elu, gelu, silu, hard_swish, mish, softplus and maxout. Normalization,
    dropout, reshaping, pooling and merging layers in between are skipped. Biases are 0.
    """


class Pretrained(Initializer, name="pretrained"):
    """Loads arrays of the same name from an earlier run or a safetensors file; all others are initialized as by `auto`.

    As the model's `initializer` it loads every array found there, running statistics too; as a layer's `weight_initializer` or
    `bias_initializer`, that one array. `fit` reports which names matched, were not found, or were not used. For fine-tuning, set
    `freeze: true` on the loaded layers, and only the others are trained.
    """

    path: str = Field(min_length=1, description="a run folder, a checkpoint, or a safetensors file")
    strict: bool = Field(True, description="report a missing name or a different shape as an error")

    example: ClassVar = {"path": "runs/digits"}


class Constant(Initializer, name="constant"):
    """Constant: every value is `value`."""

    value: float = Field(description="the value")

    example: ClassVar = {"value": 0.1}

    def sample(self, key: int, shape: tuple[int, ...], fans: tuple[int, int]) -> np.ndarray:
        return np.full(shape, float(self.value))


class Zeros(Initializer, name="zeros"):
    """Zeros: every value is 0.

    For biases. Not for weights: units with equal weights get equal gradients, so that they never become different.
    """

    def sample(self, key: int, shape: tuple[int, ...], fans: tuple[int, int]) -> np.ndarray:
        return np.zeros(shape)


class Ones(Initializer, name="ones"):
    """Ones: every value is 1."""

    def sample(self, key: int, shape: tuple[int, ...], fans: tuple[int, int]) -> np.ndarray:
        return np.ones(shape)


class Normal(Initializer, name="normal"):
    """Normal distribution `N(mean, std²)`, independent of the size of the layer."""

    std: float = Field(0.05, ge=0, description="the standard deviation")
    mean: float = Field(0.0, description="the mean")

    example: ClassVar = {"std": 0.1}

    def sample(self, key: int, shape: tuple[int, ...], fans: tuple[int, int]) -> np.ndarray:
        return self.mean + self.std * randomness.normal(key, math.prod(shape)).reshape(shape)


class TruncatedNormal(Initializer, name="truncated_normal"):
    """Truncated normal distribution: `N(mean, std²)`, with values beyond two standard deviations resampled.

    There are no outliers among the initial weights.
    """

    std: float = Field(
        0.05, ge=0, description="the standard deviation before truncation; after it, 0.88 of that"
    )
    mean: float = Field(0.0, description="the mean")

    example: ClassVar = {"std": 0.1}

    def sample(self, key: int, shape: tuple[int, ...], fans: tuple[int, int]) -> np.ndarray:
        return self.mean + self.std * randomness.truncated_normal(key, math.prod(shape)).reshape(shape)


class Uniform(Initializer, name="uniform"):
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

    def sample(self, key: int, shape: tuple[int, ...], fans: tuple[int, int]) -> np.ndarray:
        return self.low + (self.high - self.low) * randomness.uniform(key, math.prod(shape)).reshape(shape)


# Standard deviation of a standard normal distribution truncated at two standard deviations: sqrt(1 - 4 phi(2) / (2 Phi(2) - 1)).
TRUNCATED_STD = 0.87962566103423978


class Orthogonal(Initializer, name="orthogonal"):
    """Random orthogonal matrix: orthogonal columns, or rows if there are fewer.

    It preserves the norm of signals and gradients, which suits deep and recurrent networks. It is the `Q` of the QR decomposition
    of a normal matrix, with signs that make it uniformly distributed. A weight with more axes is a matrix of all axes but the last
    by the last.

    Source: Saxe 2014, Exact solutions to the nonlinear dynamics of learning in deep linear neural networks.
    """

    gain: float = Field(1.0, gt=0, description="the factor on the matrix, the norm of each column")

    def sample(self, key: int, shape: tuple[int, ...], fans: tuple[int, int]) -> np.ndarray:
        rows, columns = math.prod(shape[:-1]), shape[-1]
        normal = randomness.normal(key, rows * columns).reshape(rows, columns)
        q, r = np.linalg.qr(normal if rows >= columns else normal.T)
        q = q * np.where(np.diag(r) < 0, -1.0, 1.0)
        return self.gain * (q if rows >= columns else q.T).reshape(shape)


class Identity(Initializer, name="identity"):
    """Identity matrix times `gain`: the layer initially outputs its input.

    For the recurrent weights of a layer with relu: its state then neither vanishes nor explodes at the start.

    Source: Le 2015, A simple way to initialize recurrent networks of rectified linear units.
    """

    gain: float = Field(1.0, description="the value on the diagonal")

    def sample(self, key: int, shape: tuple[int, ...], fans: tuple[int, int]) -> np.ndarray:
        return self.gain * np.eye(math.prod(shape[:-1]), shape[-1]).reshape(shape)


class VarianceScaling(Initializer):
    """Base of glorot, he and lecun: the variance depends on fan_in and fan_out."""

    def variance(self, fan_in: int, fan_out: int) -> float:
        raise NotImplementedError


class UniformScaling(VarianceScaling):
    """Uniform distribution between `-a` and `a` with the given variance, `a = sqrt(3 variance)`."""

    def sample(self, key: int, shape: tuple[int, ...], fans: tuple[int, int]) -> np.ndarray:
        limit = math.sqrt(3 * self.variance(*fans))
        return limit * (2 * randomness.uniform(key, math.prod(shape)) - 1).reshape(shape)


class NormalScaling(VarianceScaling):
    """Normal distribution with the given variance."""

    def sample(self, key: int, shape: tuple[int, ...], fans: tuple[int, int]) -> np.ndarray:
        return math.sqrt(self.variance(*fans)) * randomness.normal(key, math.prod(shape)).reshape(shape)


class TruncatedNormalScaling(VarianceScaling):
    """Normal distribution truncated at two standard deviations, with the given variance after truncation."""

    def sample(self, key: int, shape: tuple[int, ...], fans: tuple[int, int]) -> np.ndarray:
        std = math.sqrt(self.variance(*fans)) / TRUNCATED_STD
        return std * randomness.truncated_normal(key, math.prod(shape)).reshape(shape)


class Glorot(VarianceScaling):
    """Keeps the variance of activations and gradients through tanh and similar functions."""

    def variance(self, fan_in: int, fan_out: int) -> float:
        return 2 / (fan_in + fan_out)


class He(VarianceScaling):
    """Keeps the variance of activations through relu."""

    def variance(self, fan_in: int, fan_out: int) -> float:
        return 2 / fan_in


class Lecun(VarianceScaling):
    """Keeps the variance of activations through a linear layer."""

    def variance(self, fan_in: int, fan_out: int) -> float:
        return 1 / fan_in


class GlorotUniform(Glorot, UniformScaling, name="glorot_uniform"):
    """Glorot (Xavier) uniform: between `-a` and `a`, `a = sqrt(6 / (fan_in + fan_out))`; the variance is `2 / (fan_in + fan_out)`.

    Keeps the variance of activations and gradients constant over layers, for tanh and similar activations.

    Source: Glorot & Bengio 2010, Understanding the difficulty of training deep feedforward neural networks, eq. 16.
    """


class GlorotNormal(Glorot, NormalScaling, name="glorot_normal"):
    """Glorot (Xavier) normal: normal distribution with the variance `2 / (fan_in + fan_out)`.

    Keeps the variance of activations and gradients constant over layers, for tanh and similar activations.

    Source: Glorot & Bengio 2010, Understanding the difficulty of training deep feedforward neural networks, eq. 12.
    """


class GlorotTruncatedNormal(Glorot, TruncatedNormalScaling, name="glorot_truncated_normal"):
    """Glorot (Xavier) truncated normal: truncated at two standard deviations, with the variance `2 / (fan_in + fan_out)` after truncation.

    Source: Glorot & Bengio 2010, Understanding the difficulty of training deep feedforward neural networks, eq. 12.
    """


class HeUniform(He, UniformScaling, name="he_uniform"):
    """He (Kaiming) uniform: between `-a` and `a`, `a = sqrt(6 / fan_in)`; the variance is `2 / fan_in`.

    Keeps the variance of activations constant over layers with relu, which sets half of them to 0.

    Source: He et al. 2015, Delving deep into rectifiers: surpassing human-level performance on ImageNet classification, eq. 10.
    """


class HeNormal(He, NormalScaling, name="he_normal"):
    """He (Kaiming) normal: normal distribution with the variance `2 / fan_in`.

    Keeps the variance of activations constant over layers with relu, which sets half of them to 0.

    Source: He et al. 2015, Delving deep into rectifiers: surpassing human-level performance on ImageNet classification, eq. 10.
    """


class HeTruncatedNormal(He, TruncatedNormalScaling, name="he_truncated_normal"):
    """He (Kaiming) truncated normal: truncated at two standard deviations, with the variance `2 / fan_in` after truncation.

    Source: He et al. 2015, Delving deep into rectifiers: surpassing human-level performance on ImageNet classification, eq. 10.
    """


class LecunUniform(Lecun, UniformScaling, name="lecun_uniform"):
    """LeCun uniform: between `-a` and `a`, `a = sqrt(3 / fan_in)`; the variance is `1 / fan_in`.

    Keeps the variance of activations constant over linear layers.

    Source: LeCun et al. 1998, Efficient backprop, sect. 4.6.
    """


class LecunNormal(Lecun, NormalScaling, name="lecun_normal"):
    """LeCun normal: normal distribution with the variance `1 / fan_in`.

    Keeps the variance of activations constant over linear layers. Required by `selu`.

    Source: LeCun et al. 1998, Efficient backprop, sect. 4.6; for selu Klambauer et al. 2017, Self-normalizing neural networks.
    """


class LecunTruncatedNormal(Lecun, TruncatedNormalScaling, name="lecun_truncated_normal"):
    """LeCun truncated normal: truncated at two standard deviations, with the variance `1 / fan_in` after truncation.

    Source: LeCun et al. 1998, Efficient backprop, sect. 4.6.
    """
