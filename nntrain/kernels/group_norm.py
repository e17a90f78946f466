"""Normalization of groups of channels within each sample. x, y, dy, dx: (rows, values), the channels fastest.

The passes over a sample are those of kernels.batch_norm over the batch; the statistics are a group's.
"""

import numpy as np

from nntrain.kernels.activations import slope_of
from nntrain.kernels.batch_norm import denormalize, moments, normalize, sums, wide_row
from nntrain.kernels.jit import inline, kernel, prange


@inline
def _fill(tables, mean, inverse, scale, shift):
    """tables (3, wide): mean, factor and shift of y = (x - mean) * factor + shift; mean, inverse: (groups,)."""
    wide = tables.shape[1]
    for j in range(0, wide, scale.size):
        for c in range(scale.size):
            group = c * mean.size // scale.size
            tables[0, j + c] = mean[group]
            tables[1, j + c] = inverse[group] * scale[c]
            tables[2, j + c] = shift[c]


@kernel(cost=4)
def _forward(y, mean, inverse, x, scale, shift, eps, slope):
    rows, size = x.shape
    channels, groups = scale.size, mean.shape[1]
    wide, members = wide_row(x, channels), channels // groups
    count = size // channels
    flat_x, flat_y = x.reshape(-1), y.reshape(-1)
    for r in prange(rows):
        start = np.int64(r) * size
        average, spread = np.empty(channels), np.empty(channels)
        tables = np.empty((3, wide), x.dtype)
        moments(average, spread, flat_x, start, start + size, tables)
        for group in range(groups):
            first = group * members
            total = square = 0.0
            for c in range(first, first + members):
                total += average[c]
            total /= members
            for c in range(first, first + members):
                square += spread[c] + count * (average[c] - total) ** 2
            mean[r, group] = total
            inverse[r, group] = 1 / np.sqrt(square / (count * members) + eps)
        _fill(tables, mean[r], inverse[r], scale, shift)
        normalize(flat_y, flat_x, start, start + size, tables, x[:0], x.dtype.type(slope), False)


def forward(y, mean, inverse, x, scale, shift, eps, epilogue):
    """y = f((x - mean) * inverse * scale + shift); mean, inverse: (rows, groups); scale, shift: (channels,)."""
    _forward(y, mean, inverse, x, scale, shift, eps, slope_of(epilogue))


@kernel
def _gradient_sums(shift_sum, scale_sum, dy, x, mean, inverse, scale, shift, slope):
    rows, size = x.shape
    channels, groups = scale.size, mean.shape[1]
    wide = wide_row(x, channels)
    flat_x, flat_dy = x.reshape(-1), dy.reshape(-1)
    for r in prange(rows):
        start = np.int64(r) * size
        tables = np.empty((3, wide), x.dtype)
        _fill(tables, mean[r], inverse[r], scale, shift)
        sums(
            shift_sum[r],
            scale_sum[r],
            flat_dy,
            flat_x,
            start,
            start + size,
            tables,
            np.empty((2, wide), x.dtype),
            x.dtype.type(slope),
        )
        for c in range(channels):
            scale_sum[r, c] *= inverse[r, c * groups // channels]


def gradient_sums(shift_sum, scale_sum, dy, x, mean, inverse, scale, shift, slope):
    """For each sample, (rows, channels): the sums of g and of g * (x - mean) * inverse, g as in kernels.batch_norm."""
    _gradient_sums.run(2 * x.size, shift_sum, scale_sum, dy, x, mean, inverse, scale, shift, slope)


@kernel(cost=3)
def backward(dx, dy, x, mean, inverse, scale, shift, shift_sum, scale_sum, slope):
    """dx = inverse * (scale g - its mean - xhat * the mean of scale g xhat), means over the group."""
    rows, size = x.shape
    channels, groups = scale.size, mean.shape[1]
    wide, members = wide_row(x, channels), channels // groups
    flat_x, flat_dy, flat_dx = x.reshape(-1), dy.reshape(-1), dx.reshape(-1)
    for r in prange(rows):
        start = np.int64(r) * size
        tables = np.empty((5, wide), x.dtype)
        _fill(tables, mean[r], inverse[r], scale, shift)
        for group in range(groups):
            first = group * members
            along = level = 0.0
            for c in range(first, first + members):
                along += scale[c] * scale_sum[r, c]
                level += scale[c] * shift_sum[r, c]
            share = -inverse[r, group] / (size // groups)
            for c in range(first, first + members):
                for j in range(c, wide, channels):
                    tables[3, j] = share * along * inverse[r, group]
                    tables[4, j] = share * level
        denormalize(flat_dx, flat_dy, flat_x, start, start + size, tables, x.dtype.type(slope))
