"""Every layer's forward pass written out in NumPy, float64: slow and obvious. `p` holds the parameters by name."""

import math

import numpy as np


def dense(p, x, units, use_bias=True):
    return x @ p["weight"] + (p["bias"] if use_bias else 0)


def maxout(p, x, units, pieces=2, use_bias=True):
    y = x @ p["weight"] + (p["bias"] if use_bias else 0)
    return np.max([y[..., piece * units : (piece + 1) * units] for piece in range(pieces)], axis=0)


def flatten(p, x):
    return x.reshape(len(x), -1)


def reshape(p, x, shape):
    return x.reshape(len(x), *shape)


def permute(p, x, axes):
    return x.transpose(0, *axes)


def add(p, *xs):
    return np.sum(xs, axis=0)


def multiply(p, *xs):
    return np.prod(xs, axis=0)


def concat(p, *xs):
    return np.concatenate(xs, axis=-1)


def piecewise_linear(p, x, bins, columns=None):
    """With the edges that a layer has before it sees data."""
    x, others = x[..., :columns], x[..., x.shape[-1] if columns is None else columns :]
    edges = np.linspace(-2, 2, bins + 1)
    width = 4 / bins
    parts = [
        np.clip((x - edges[t]) / width, -np.inf if t == 0 else 0, np.inf if t == bins - 1 else 1)
        for t in range(bins)
    ]
    return np.concatenate([np.stack(parts, -1).reshape(*x.shape[:-1], -1), others], -1)


def periodic(p, x, frequencies):
    angle = 2 * np.pi * x[..., None] * p["frequency"]
    return np.concatenate([np.sin(angle), np.cos(angle)], -1).reshape(*x.shape[:-1], -1)


def cumulative_link(p, x, classes):
    logit = np.log(np.arange(1, classes) / np.arange(classes - 1, 0, -1))
    distances = np.diff(logit) * np.exp(p["threshold"][1:])
    thresholds = logit[0] + p["threshold"][0] + np.concatenate([[0], np.cumsum(distances)])
    at_most = 1 / (1 + np.exp(x - thresholds))  # (..., classes - 1)
    ends = [np.zeros(x.shape), at_most, np.ones(x.shape)]
    return np.log(np.diff(np.concatenate(ends, -1)))


def batch_norm(p, x, eps=1e-5, momentum=0.1, affine=True):
    batch = tuple(range(x.ndim - 1))
    xhat = (x - x.mean(batch)) / np.sqrt(x.var(batch) + eps)
    return p["scale"] * xhat + p["shift"] if affine else xhat


def layer_norm(p, x, eps=1e-5, affine=True):
    xhat = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + eps)
    return p["scale"] * xhat + p["shift"] if affine else xhat


def rms_norm(p, x, eps=1e-5, affine=True):
    xhat = x / np.sqrt((x**2).mean(-1, keepdims=True) + eps)
    return p["scale"] * xhat if affine else xhat


def identity(p, x):
    return x


def sigmoid(p, x):
    return 1 / (1 + np.exp(-x))


def hard_sigmoid(p, x):
    return np.clip(x + 3, 0, 6) / 6


def tanh(p, x):
    return np.tanh(x)


def hard_tanh(p, x):
    return np.clip(x, -1, 1)


def softsign(p, x):
    return x / (1 + np.abs(x))


def softplus(p, x, beta=1):
    return np.log1p(np.exp(beta * x)) / beta


def relu(p, x):
    return np.maximum(x, 0)


def relu6(p, x):
    return np.clip(x, 0, 6)


def leaky_relu(p, x, slope=0.01):
    return np.where(x > 0, x, slope * x)


def prelu(p, x, init=0.25, per_channel=False):
    return np.where(x > 0, x, p["slope"] * x)


def elu(p, x, alpha=1):
    return np.where(x > 0, x, alpha * np.expm1(x))


def selu(p, x):
    return 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x))


def gelu(p, x, approximate="none"):
    if approximate == "tanh":
        return x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return x / 2 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def silu(p, x):
    return x * sigmoid(p, x)


def hard_swish(p, x):
    return x * hard_sigmoid(p, x)


def mish(p, x):
    return x * np.tanh(softplus(p, x))


def softmax(p, x):
    return np.exp(x) / np.exp(x).sum(-1, keepdims=True)


def log_softmax(p, x):
    return np.log(softmax(p, x))


def embed_columns(p, x, tables):
    embedded = [column["position"] for column in tables]
    parts = [x[:, [place for place in range(x.shape[1]) if place not in embedded]]]
    for number, column in enumerate(tables, 1):
        nearest = np.floor(x[:, column["position"]] + 0.5).astype(int)
        parts.append(p[f"weight_{number}"][np.clip(nearest, 0, column["categories"] - 1)])
    return np.concatenate(parts, axis=1)
