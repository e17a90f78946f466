"""Normalization, and what other layers are made of."""

import numpy as np


def maxout(x, weight, bias=0, pieces=2):
    """The maximum of several linear functions, side by side in weight (inputs, pieces units) and bias."""
    return np.max(np.split(x @ weight + bias, pieces, axis=-1), axis=0)


def embed_columns(x, numbers, *columns):
    """Columns `numbers` of x, then of each column (position, weight) the row of weight of its category."""
    parts = [x[:, numbers]]
    for position, weight in columns:
        category = np.clip(np.floor(x[:, position] + 0.5), 0, len(weight) - 1).astype(int)
        parts.append(weight[category])
    return np.concatenate(parts, axis=1)


def batch_norm(x, mean, variance, scale=1, shift=0, eps=1e-5):
    """Batch normalization, with the mean and variance of each channel that training measured."""
    return scale * (x - mean) / np.sqrt(variance + eps) + shift


def layer_norm(x, scale=1, shift=0, eps=1e-5):
    """Layer normalization: zero mean and unit variance over the last axis, then a scale and a shift."""
    mean = x.mean(axis=-1, keepdims=True)
    variance = x.var(axis=-1, keepdims=True)
    return scale * (x - mean) / np.sqrt(variance + eps) + shift


def rms_norm(x, scale=1, eps=1e-5):
    """RMS normalization: a mean square of 1 over the last axis, then a scale."""
    return scale * x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + eps)


def group_norm(x, groups, scale=1, shift=0, eps=1e-5):
    """Group normalization: zero mean and unit variance over all positions and the channels of a group."""
    parts = x.reshape(*x.shape[:-1], groups, x.shape[-1] // groups)
    together = (*range(1, x.ndim - 1), -1)
    mean = parts.mean(axis=together, keepdims=True)
    variance = parts.var(axis=together, keepdims=True)
    return scale * ((parts - mean) / np.sqrt(variance + eps)).reshape(x.shape) + shift


def in_groups(layer, groups, x, weight, bias=0, **options):
    """The layer on each group of channels with its part of the weight; the results side by side."""
    xs, weights = np.split(x, groups, axis=-1), np.split(weight, groups, axis=-1)
    parts = [layer(xs[group], weights[group], **options) for group in range(groups)]
    return np.concatenate(parts, axis=-1) + bias


def over_steps(layer, x):
    """The layer on each step of x (rows, steps, ...): the steps count as rows."""
    rows, steps, *shape = x.shape
    y = layer(x.reshape(rows * steps, *shape))
    return y.reshape(rows, steps, *y.shape[1:])
