"""Transposed convolutions written out in NumPy, one pixel of the input after the other: slow and obvious."""

import numpy as np


def both(value):
    return (value, value) if isinstance(value, (int, str)) else tuple(value)


def cut(inputs, size, stride, padding, output_padding, dilation):
    """What is cut off before one axis, and how many values are left of it."""
    span = (size - 1) * dilation + 1
    if padding == "same":
        return max(span - stride, 0) // 2, inputs * stride
    before = 0 if padding == "valid" else padding
    return before, (inputs - 1) * stride + span + output_padding - 2 * before


def conv2d_transpose(
    p,
    x,
    filters,
    kernel_size,
    stride=1,
    padding="valid",
    output_padding=0,
    dilation=1,
    groups=1,
    use_bias=True,
):
    axes = tuple(zip(*map(both, (kernel_size, stride, padding, output_padding, dilation)), strict=True))
    (top, height), (left, width) = (
        cut(inputs, *axis) for inputs, axis in zip(x.shape[1:3], axes, strict=True)
    )
    (kh, sh, _, _, dh), (kw, sw, _, _, dw) = axes
    y = np.zeros((len(x), height, width, filters))
    for ours, theirs in zip(
        np.split(np.arange(x.shape[3]), groups), np.split(np.arange(filters), groups), strict=True
    ):
        for i, j, a, b in np.ndindex(*x.shape[1:3], kh, kw):
            row, column = i * sh + a * dh - top, j * sw + b * dw - left
            if 0 <= row < height and 0 <= column < width:
                y[:, row, column, theirs] += x[:, i, j, ours] @ p["weight"][a, b][:, ours].T
    return y + (p["bias"] if use_bias else 0)
