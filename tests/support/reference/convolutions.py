"""Convolutions written out in NumPy, one place of the kernel and one group after the other: slow and obvious."""

import numpy as np


def pair(value):
    return (value, value) if isinstance(value, int) else tuple(value)


def margins(size, kernel, stride, dilation, padding):
    """The zeros before and after one axis."""
    if padding == "valid":
        return 0, 0
    if isinstance(padding, int):
        return padding, padding
    outputs = -(-size // stride)
    total = max(0, (outputs - 1) * stride + (kernel - 1) * dilation + 1 - size)
    return (total, 0) if padding == "causal" else (total // 2, total - total // 2)


def conv2d(p, x, filters, kernel_size, stride=1, padding="valid", dilation=1, groups=1, use_bias=True):
    (kh, kw), (sh, sw), (dh, dw) = pair(kernel_size), pair(stride), pair(dilation)
    down, across = (padding, padding) if isinstance(padding, (int, str)) else padding
    x = np.pad(
        x, ((0, 0), margins(x.shape[1], kh, sh, dh, down), margins(x.shape[2], kw, sw, dw, across), (0, 0))
    )
    height = (x.shape[1] - (kh - 1) * dh - 1) // sh + 1
    width = (x.shape[2] - (kw - 1) * dw - 1) // sw + 1
    y = np.zeros((len(x), height, width, filters))
    for ours, theirs in zip(
        np.split(np.arange(x.shape[3]), groups), np.split(np.arange(filters), groups), strict=True
    ):
        for i in range(kh):
            for j in range(kw):
                seen = x[:, i * dh : i * dh + height * sh : sh, j * dw : j * dw + width * sw : sw][
                    :, :height, :width
                ]
                y[..., theirs] += seen[..., ours] @ p["weight"][i, j][:, theirs]
    return y + (p["bias"] if use_bias else 0)


def conv1d(p, x, filters, kernel_size, stride=1, padding="valid", dilation=1, groups=1, use_bias=True):
    """A convolution over images that are one pixel high."""
    as_image = {**p, "weight": p["weight"][np.newaxis]}
    padding = padding if isinstance(padding, str) and padding != "causal" else (0, padding)
    y = conv2d(
        as_image,
        x[:, np.newaxis],
        filters,
        (1, kernel_size),
        (1, stride),
        padding,
        (1, dilation),
        groups,
        use_bias,
    )
    return y[:, 0]


def conv2d_gradients(p, x, dy, filters, kernel_size, stride=1, padding="valid", dilation=1, groups=1):
    """dx and dw of `conv2d`, place by place of the kernel."""
    (kh, kw), (sh, sw), (dh, dw) = pair(kernel_size), pair(stride), pair(dilation)
    down, across = (padding, padding) if isinstance(padding, (int, str)) else padding
    (top, bottom), (left, right) = (
        margins(x.shape[1], kh, sh, dh, down),
        margins(x.shape[2], kw, sw, dw, across),
    )
    padded = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
    dx, dweight = np.zeros_like(padded), np.zeros_like(p["weight"])
    for ours, theirs in zip(
        np.split(np.arange(x.shape[3]), groups), np.split(np.arange(filters), groups), strict=True
    ):
        for i in range(kh):
            for j in range(kw):
                for row in range(dy.shape[1]):
                    for column in range(dy.shape[2]):
                        at = slice(None), row * sh + i * dh, column * sw + j * dw, ours
                        dx[at] += dy[:, row, column, theirs] @ p["weight"][i, j][:, theirs].T
                        dweight[i, j][:, theirs] += padded[at].T @ dy[:, row, column, theirs]
    return dx[:, top : top + x.shape[1], left : left + x.shape[2]], dweight
