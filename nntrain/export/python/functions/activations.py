"""Activations: functions of each value, or of each row of values."""

import numpy as np


def relu(x):
    """Rectified linear unit: x above 0, else 0."""
    return np.maximum(x, 0)


def relu6(x):
    """ReLU capped at 6."""
    return np.clip(x, 0, 6)


def leaky_relu(x, slope):
    """x above 0, slope x below."""
    return np.where(x > 0, x, slope * x)


def elu(x, alpha=1.0):
    """Exponential linear unit: x above 0, alpha (exp(x) - 1) below."""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def selu(x):
    """Scaled exponential linear unit (Klambauer et al. 2017)."""
    return 1.0507009873554805 * elu(x, 1.6732632423543772)


def softplus(x, beta=1.0):
    """A smooth ReLU: log(1 + exp(beta x)) / beta."""
    return np.logaddexp(0, beta * x) / beta


def sigmoid(x):
    """1 / (1 + exp(-x)), written so that no exponential overflows."""
    return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))


def hard_sigmoid(x):
    """A sigmoid made of straight lines."""
    return np.clip(x + 3, 0, 6) / 6


def hard_tanh(x):
    """A tanh made of straight lines."""
    return np.clip(x, -1, 1)


def softsign(x):
    """x / (1 + |x|), between -1 and 1."""
    return x / (1 + np.abs(x))


def silu(x):
    """Sigmoid linear unit, or swish: x times its sigmoid."""
    return x * sigmoid(x)


def hard_swish(x):
    """x times its hard sigmoid."""
    return x * np.clip(x + 3, 0, 6) / 6


def mish(x):
    """x times the tanh of its softplus."""
    return x * np.tanh(np.logaddexp(0, x))


def gelu(x):
    """Gaussian error linear unit: x times the standard normal distribution function at x."""
    return x * (1 + erf(x / 2**0.5)) / 2


def gelu_tanh(x):
    """Gaussian error linear unit in the approximation by tanh that GPT-2 uses."""
    return x * (1 + np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x**3))) / 2


def erf(x):
    """The error function, within 1.5e-7: Abramowitz & Stegun 1964, formula 7.1.26."""
    a = np.abs(x)
    t = 1 / (1 + 0.3275911 * a)
    p = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t
    return np.copysign(1 - p * np.exp(-a * a), x)


def softmax(x):
    """exp(x) / sum of exp(x) over the last axis; without the maximum, which cancels, no exp overflows."""
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def log_softmax(x):
    """The logarithm of the softmax over the last axis."""
    x = x - x.max(axis=-1, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))


def two_classes(x):
    """The probabilities of both classes from the logit of the second, (..., 1)."""
    return np.concatenate([sigmoid(-x), sigmoid(x)], axis=-1)


def mean_std(x):
    """Means and standard deviations in turn, from means and logarithms of variances."""
    found = np.array(x)
    found[..., 1::2] = np.exp(found[..., 1::2] / 2)
    return found


def shares(x):
    """The share of each output in the sum of the positive ones; equal shares where none is positive."""
    positive = np.maximum(x, 0)
    total = positive.sum(axis=-1, keepdims=True)
    return np.where(total > 0, positive / np.where(total > 0, total, 1), 1 / x.shape[-1])
