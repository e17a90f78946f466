"""Losses for a single row: each returns the row's loss and its weight in the mean.

x is the row of outputs; the target t is a class number, or a row of real values.
"""

import math

import numpy as np


def total(reference, prediction, target, weight=None, **options):
    """The sum over the batch, and the weight by which to divide it for the mean."""
    weight = np.ones(len(prediction)) if weight is None else weight
    rows = [
        reference(np.asarray(x, np.float64), t, **options) for x, t in zip(prediction, target, strict=True)
    ]
    losses, counts = np.transpose(rows)
    return weight @ losses, weight @ counts


def row(t, outputs):
    """A class number becomes a one-hot row."""
    return np.eye(outputs)[t] if np.ndim(t) == 0 else np.asarray(t, np.float64)


def sse(x, t):
    return ((x - row(t, x.size)) ** 2).sum(), 1


def mse(x, t):
    return ((x - row(t, x.size)) ** 2).sum(), x.size


def mae(x, t):
    return np.abs(x - row(t, x.size)).sum(), x.size


def huber(x, t, delta=1.0):
    errors = np.abs(x - row(t, x.size))
    return sum(e**2 / 2 if e <= delta else delta * (e - delta / 2) for e in errors), x.size


def smooth_l1(x, t, beta=1.0):
    errors = np.abs(x - row(t, x.size))
    return sum(e**2 / (2 * beta) if e <= beta else e - beta / 2 for e in errors), x.size


def log_cosh(x, t):
    return np.log(np.cosh(x - row(t, x.size))).sum(), x.size


def quantile(x, t, quantiles=(0.1, 0.5, 0.9)):
    levels = np.tile(quantiles, len(t))
    errors = np.repeat(t, len(quantiles)) - x
    return sum(q * d if d > 0 else (q - 1) * d for q, d in zip(levels, errors, strict=True)), x.size


def gaussian_nll(x, t):
    """-log of the density, without log(2 pi) / 2."""
    pairs = zip(x[::2], np.exp(x[1::2]), t, strict=True)
    return sum(np.log(variance) / 2 + (t - mean) ** 2 / (2 * variance) for mean, variance, t in pairs), t.size


def poisson(x, t):
    return (np.exp(x) - row(t, x.size) * x).sum(), x.size


def cross_entropy(x, t, label_smoothing=0.0, class_weights=None):
    classes = x.size
    log_probabilities = np.log(np.exp(x) / np.exp(x).sum())
    weights = np.ones(classes) if class_weights is None else np.array(class_weights)
    targets = (1 - label_smoothing) * row(t, classes) + label_smoothing / classes
    return -(weights * targets * log_probabilities).sum(), weights[t] if np.ndim(t) == 0 else 1


def binary_cross_entropy(x, t, pos_weight=1.0):
    t = positive(x, t)
    s = 1 / (1 + np.exp(-x))
    return -(pos_weight * t * np.log(s) + (1 - t) * np.log(1 - s)).sum(), x.size


def focal(x, t, label_smoothing=0.0, class_weights=None, gamma=2.0):
    p = np.exp(x) / np.exp(x).sum()
    weights = np.ones(x.size) if class_weights is None else np.array(class_weights)
    targets = (1 - label_smoothing) * row(t, x.size) + label_smoothing / x.size
    loss = -(weights * targets * (1 - p) ** gamma * np.log(p)).sum()
    return loss, weights[t] if np.ndim(t) == 0 else 1


def binary_focal(x, t, gamma=2.0, alpha=0.25):
    """As torchvision.ops.sigmoid_focal_loss."""
    t = positive(x, t)
    p = 1 / (1 + np.exp(-x))
    cross_entropy = -(t * np.log(p) + (1 - t) * np.log(1 - p))
    right = p * t + (1 - p) * (1 - t)
    return ((alpha * t + (1 - alpha) * (1 - t)) * cross_entropy * (1 - right) ** gamma).sum(), x.size


def hinge(x, t):
    return sum(max(0, 1 - s * y) for s, y in zip(np.where(positive(x, t) > 0, 1, -1), x, strict=True)), x.size


def squared_hinge(x, t):
    return sum(
        max(0, 1 - s * y) ** 2 for s, y in zip(np.where(positive(x, t) > 0, 1, -1), x, strict=True)
    ), x.size


def positive(x, t):
    """The binary targets; of two classes, the second is the positive one."""
    return np.array([t]) if np.ndim(t) == 0 and x.size == 1 else row(t, x.size)


def nll(x, t):
    return -(row(t, x.size) * x).sum(), 1


def kl_div(x, t):
    t = row(t, x.size)
    return sum(p * (math.log(p) - y) if p > 0 else 0 for p, y in zip(t, x, strict=True)), x.size


def cosine(x, t):
    t = row(t, x.size)
    return 1 - (x @ t) / (np.sqrt(x @ x) * np.sqrt(t @ t)), 1


def example(kind, rows=7):
    """prediction (rows, outputs) and target of a kind, float64 and int32."""
    rng = np.random.default_rng(3)
    outputs = {"two_classes": 1, "questions": 3, "answers": 3, "twice": 6, "thrice": 6}.get(kind, 5)
    prediction = rng.normal(size=(rows, outputs))
    target = {
        "reals": lambda: rng.normal(size=(rows, outputs)),
        "twice": lambda: rng.normal(size=(rows, outputs // 2)),  # a target for two outputs
        "thrice": lambda: rng.normal(size=(rows, outputs // 3)),
        "classes": lambda: rng.integers(0, outputs, rows).astype(np.int32),
        "two_classes": lambda: rng.integers(0, 2, rows).astype(np.int32),
        "soft": lambda: np.where(np.arange(outputs) == 1, 0.0, rng.dirichlet(np.ones(outputs), rows)),
        "questions": lambda: rng.choice([0.0, 0.3, 1.0], (rows, outputs)),
        "answers": lambda: rng.choice([0.0, 1.0], (rows, outputs)),
        "counts": lambda: rng.poisson(1.5, (rows, outputs)).astype(np.float64),
    }[kind]()
    return prediction, target
