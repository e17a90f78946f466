"""Encodings of numbers, and the cumulative link."""

import numpy as np


def piecewise_linear(x, edges):
    """How far each feature has passed through each bin between its edges: 0 to 1, but for the outer bins.

    Features beyond those of edges (features, bins + 1) follow as they are.
    """
    x, others = x[..., : len(edges)], x[..., len(edges) :]
    a, b = edges[:, :-1], edges[:, 1:]
    used = b > a
    y = np.where(used, (x[..., None] - a) / np.where(used, b - a, 1), 0)
    y[..., 1:] = np.maximum(y[..., 1:], 0)
    y = np.where(b < edges[:, -1:], np.minimum(y, 1), y)
    return np.concatenate([y.reshape(*x.shape[:-1], x.shape[-1] * y.shape[-1]), others], axis=-1)


def periodic(x, frequency):
    """The sines, then the cosines, of each feature for each of its frequencies."""
    angle = x[..., None] * (frequency.dtype.type(2 * np.pi) * frequency)
    y = np.concatenate([np.sin(angle), np.cos(angle)], axis=-1)
    return y.reshape(*x.shape[:-1], x.shape[-1] * y.shape[-1])


def cumulative_link(x, threshold):
    """The log-probabilities of ordered classes from one number.

    threshold: the shift of the first threshold, which starts where all classes are equally likely, then the
    logarithms of how far the distances to the next ones grew.
    """
    share = np.arange(1, len(threshold) + 1) / (len(threshold) + 1)
    even = np.log(share / (1 - share)).astype(threshold.dtype)
    distances = np.diff(even) * np.exp(threshold[1:])
    thresholds = np.cumsum(np.concatenate([even[:1] + threshold[:1], distances]))
    none = np.zeros_like(x)
    below = np.concatenate([np.logaddexp(0, x - thresholds), none], axis=-1)
    above = np.concatenate([none, np.logaddexp(0, thresholds - x)], axis=-1)
    distance = np.pad(np.log(-np.expm1(thresholds[:-1] - thresholds[1:])), 1)
    return distance - below - above
