"""Initializers whose variance depends on the number of inputs and outputs: glorot, he and lecun."""

import math

import numpy as np

from nntrain import randomness
from nntrain.initializers.initializer import Elementwise, Initializer, Truncated

# Standard deviation of a standard normal distribution truncated at two standard deviations: sqrt(1 - 4 phi(2) / (2 Phi(2) - 1)).
TRUNCATED_STD = 0.87962566103423978


class VarianceScaling(Initializer):
    """Base of glorot, he and lecun: the variance depends on fan_in and fan_out."""

    def variance(self, fan_in: int, fan_out: int) -> float:
        raise NotImplementedError


class UniformScaling(VarianceScaling, Elementwise):
    """Uniform distribution between `-a` and `a` with the given variance, `a = sqrt(3 variance)`."""

    def values(self, key: int, start: int, count: int, fans: tuple[int, int]) -> np.ndarray:
        limit = math.sqrt(3 * self.variance(*fans))
        return limit * (2 * randomness.uniform(key, count, start) - 1)


class NormalScaling(VarianceScaling, Elementwise):
    """Normal distribution with the given variance."""

    def values(self, key: int, start: int, count: int, fans: tuple[int, int]) -> np.ndarray:
        return math.sqrt(self.variance(*fans)) * randomness.normal(key, count, start)


class TruncatedNormalScaling(VarianceScaling, Truncated):
    """Normal distribution truncated at two standard deviations, with the given variance after truncation."""

    def moments(self, fans: tuple[int, int]) -> tuple[float, float]:
        return 0.0, math.sqrt(self.variance(*fans)) / TRUNCATED_STD


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
