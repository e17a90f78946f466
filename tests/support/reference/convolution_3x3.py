"""Convolution with 3x3 filters and stride 1, tap by tap in float64: y[i, j] = b + sum over taps of x[i + s, j + t] @ w[s, t]."""

import numpy as np

TAPS = [(i, j) for i in range(3) for j in range(3)]


def windows(x, size, padding):
    """x (R, H, W, C) with zeros around it, (R, OH + 2, OW + 2, C), for an output of `size` (OH, OW); rows beyond are cut off."""
    top, left = padding
    after = [max(0, size[0] + 2 - top - x.shape[1]), max(0, size[1] + 2 - left - x.shape[2])]
    padded = np.pad(x.astype(np.float64), ((0, 0), (top, after[0]), (left, after[1]), (0, 0)))
    return padded[:, : size[0] + 2, : size[1] + 2]


def forward(x, w, b, size, padding):
    """y (R, OH, OW, N) from x (R, H, W, C), w (3, 3, C, N), b (N,)"""
    padded, (high, wide) = windows(x, size, padding), size
    return sum(padded[:, i : i + high, j : j + wide] @ w[i, j].astype(np.float64) for i, j in TAPS) + b


def weight_gradient(x, dy, padding):
    """dw (3, 3, C, N)"""
    (high, wide), channels, filters = dy.shape[1:3], x.shape[3], dy.shape[3]
    padded, flat = windows(x, (high, wide), padding), dy.astype(np.float64).reshape(-1, filters)
    dw = [padded[:, i : i + high, j : j + wide].reshape(-1, channels).T @ flat for i, j in TAPS]
    return np.reshape(dw, (3, 3, channels, filters))


def input_gradient(dy, w, size, padding):
    """dx (R, H, W, C), H and W being `size`"""
    (rows, high, wide, _), (top, left) = dy.shape, padding
    padded = np.zeros((rows, max(high + 2, top + size[0]), max(wide + 2, left + size[1]), w.shape[2]))
    for i, j in TAPS:
        padded[:, i : i + high, j : j + wide] += dy.astype(np.float64) @ w[i, j].astype(np.float64).T
    return padded[:, top : top + size[0], left : left + size[1]]
