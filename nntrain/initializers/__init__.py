"""The initializers: initial values of the parameters, a function of the run's seed and the parameter's name alone."""

from nntrain.initializers.chosen import Auto, Pretrained
from nntrain.initializers.distributions import Constant, Normal, Ones, TruncatedNormal, Uniform, Zeros
from nntrain.initializers.initializer import Initializer
from nntrain.initializers.matrices import Identity, Orthogonal
from nntrain.initializers.scaling import VarianceScaling

__all__ = [
    "Auto",
    "Constant",
    "Identity",
    "Initializer",
    "Normal",
    "Ones",
    "Orthogonal",
    "Pretrained",
    "TruncatedNormal",
    "Uniform",
    "VarianceScaling",
    "Zeros",
]
