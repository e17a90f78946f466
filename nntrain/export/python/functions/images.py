"""Convolutions and pooling of images (rows, height, width, channels)."""

import numpy as np


def windows(x, size, stride=(1, 1)):
    """The windows that slide over images x: (rows, windows down, windows across, channels, *size)."""
    every = np.lib.stride_tricks.sliding_window_view(x, size, axis=(1, 2))
    return every[:, :: stride[0], :: stride[1]]


def padded(x, padding, value=0):
    """Images x with a border of a value, so many pixels ((above, below), (left, right))."""
    return np.pad(x, ((0, 0), *padding, (0, 0)), constant_values=value)


def conv2d(x, weight, bias=0, stride=(1, 1), padding=((0, 0), (0, 0))):
    """2-D convolution: each pixel of the output is a window of x times the weight, summed, plus the bias.

    x (rows, height, width, channels), weight (kernel rows, kernel columns, channels, filters).
    """
    seen = windows(padded(x, padding), weight.shape[:2], stride)
    return np.tensordot(seen, weight, axes=([4, 5, 3], [0, 1, 2])) + bias


def depthwise_conv2d(x, weight, bias=0, stride=(1, 1), padding=((0, 0), (0, 0))):
    """Depthwise 2-D convolution: each channel has kernels of its own.

    x (rows, height, width, channels), weight (kernel rows, kernel columns, channels, kernels of each).
    """
    seen = windows(padded(x, padding), weight.shape[:2], stride)
    y = np.einsum("nijcab,abcm->nijcm", seen, weight)
    return y.reshape(*y.shape[:3], weight.shape[2] * weight.shape[3]) + bias


def conv2d_transpose(x, weight, bias=0, stride=(1, 1), dilation=(1, 1), size=(1, 1), kept=((0, 1), (0, 1))):
    """Transposed 2-D convolution: each pixel of x adds a scaled kernel to a larger output, `stride` apart.

    x (rows, height, width, channels), weight (kernel rows, kernel columns, filters, channels). Of the whole
    output, of this size, the rows and columns remain that `kept` says: ((top, bottom), (left, right)).
    """
    height, width = x.shape[1:3]
    y = np.zeros((len(x), *size, weight.shape[2]), x.dtype)
    for a, b in np.ndindex(weight.shape[:2]):
        top, left = a * dilation[0], b * dilation[1]
        bottom, right = top + height * stride[0], left + width * stride[1]
        y[:, top : bottom : stride[0], left : right : stride[1]] += x @ weight[a, b].T
    (top, bottom), (left, right) = kept
    return y[:, top:bottom, left:right] + bias


def dilated(weight, dilation):
    """The kernel with zeros between its values, so that these are `dilation` apart."""
    height, width = weight.shape[:2]
    wide = np.zeros(
        ((height - 1) * dilation[0] + 1, (width - 1) * dilation[1] + 1, *weight.shape[2:]), weight.dtype
    )
    wide[:: dilation[0], :: dilation[1]] = weight
    return wide


def max_pool2d(x, size, stride, padding=((0, 0), (0, 0))):
    """The maximum of each window of each channel."""
    return windows(padded(x, padding, -np.inf), size, stride).max(axis=(-2, -1))


def avg_pool2d(x, size, stride, padding=((0, 0), (0, 0))):
    """The mean of each window of each channel; padding does not count."""
    sums = windows(padded(x, padding), size, stride).sum(axis=(-2, -1))
    return sums / windows(padded(np.ones_like(x), padding), size, stride).sum(axis=(-2, -1))
