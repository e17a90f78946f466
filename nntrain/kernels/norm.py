"""Normalisation: over the batch (a mean and a deviation for each channel), or within each row.

Sums over rows go by chunks of a size that only the shape decides, are made in float64, and are combined in order.
Loops are written out: Numba would turn array expressions into parallel loops, whose sums depend on the threads.
"""

import numpy as np

from nntrain.kernels.activations import rectified, slope_of
from nntrain.kernels.jit import inline, kernel, prange

CHUNK = 16384  # values that one thread reduces while they are in its cache


@inline
def _chunk_rows(channels):
    return max(1, CHUNK // channels)


@kernel
def _batch_statistics(mean, inverse, running_mean, running_variance, x, momentum, eps):
    rows, channels = x.shape
    step = _chunk_rows(channels)
    chunks = (rows + step - 1) // step
    means = np.empty((chunks, channels))
    squares = np.empty((chunks, channels))
    for k in prange(chunks):
        start, stop = k * step, min(rows, (k + 1) * step)
        for c in range(channels):
            means[k, c] = squares[k, c] = 0
        for r in range(start, stop):
            for c in range(channels):
                means[k, c] += x[r, c]
        for c in range(channels):
            means[k, c] /= stop - start
        for r in range(start, stop):  # from the cache, this second time
            for c in range(channels):
                squares[k, c] += (x[r, c] - means[k, c]) ** 2
    average = np.empty(channels)
    spread = np.empty(channels)
    for c in range(channels):
        average[c] = spread[c] = 0
    for k in range(chunks):
        share = (min(rows, (k + 1) * step) - k * step) / rows
        for c in range(channels):
            average[c] += share * means[k, c]
    for k in range(chunks):
        count = min(rows, (k + 1) * step) - k * step
        for c in range(channels):
            spread[c] += squares[k, c] + count * (means[k, c] - average[c]) ** 2
    for c in range(channels):
        mean[c] = average[c]
        inverse[c] = 1 / np.sqrt(spread[c] / rows + eps)
        running_mean[c] += momentum * (average[c] - running_mean[c])
        running_variance[c] += momentum * (spread[c] / (rows - 1) - running_variance[c])


def batch_statistics(mean, inverse, running_mean, running_variance, x, momentum, eps):
    """Mean and 1 / sqrt(variance + eps) of each channel of x (rows, channels), and a step of the running ones.

    All others are (channels,). The variance divides by rows, the running one by rows - 1; rows >= 2.
    """
    _batch_statistics.run(2 * x.size, mean, inverse, running_mean, running_variance, x, momentum, eps)


@kernel(cost=2)
def _batch_norm(y, x, mean, inverse, scale, shift, slope):
    a = x.dtype.type(slope)
    for r in prange(x.shape[0]):
        for c in range(x.shape[1]):
            v = (x[r, c] - mean[c]) * inverse[c]
            if scale.size > 0:
                v = v * scale[c] + shift[c]
            y[r, c] = rectified(v, a)


def batch_norm(y, x, mean, inverse, scale, shift, epilogue):
    """y = f((x - mean) * inverse * scale + shift); x, y: (rows, channels); scale, shift: (channels,) or empty."""
    _batch_norm(y, x, mean, inverse, scale, shift, slope_of(epilogue))


@kernel
def _batch_norm_sums(shift_sum, scale_sum, dy, x, mean, inverse):
    rows, channels = x.shape
    step = _chunk_rows(channels)
    chunks = (rows + step - 1) // step
    sums = np.empty((chunks, 2, channels))
    for k in prange(chunks):
        for c in range(channels):
            sums[k, 0, c] = sums[k, 1, c] = 0
        for r in range(k * step, min(rows, (k + 1) * step)):
            for c in range(channels):
                sums[k, 0, c] += dy[r, c]
                sums[k, 1, c] += dy[r, c] * (x[r, c] - mean[c])
    for k in range(1, chunks):
        for c in range(channels):
            sums[0, 0, c] += sums[k, 0, c]
            sums[0, 1, c] += sums[k, 1, c]
    for c in range(channels):
        shift_sum[c] = sums[0, 0, c]
        scale_sum[c] = sums[0, 1, c] * inverse[c]


def batch_norm_sums(shift_sum, scale_sum, dy, x, mean, inverse):
    """The gradients of shift and scale, (channels,): sums over the rows of dy and of dy * (x - mean) * inverse."""
    _batch_norm_sums.run(2 * x.size, shift_sum, scale_sum, dy, x, mean, inverse)


@kernel(cost=3)
def batch_norm_backward(dx, dy, x, mean, inverse, scale, shift_sum, scale_sum, batch):
    """dx = scale * inverse * (dy - mean of dy - xhat * mean of dy xhat); the means count only if `batch` made xhat."""
    share = x.dtype.type(batch / x.shape[0])
    for r in prange(x.shape[0]):
        for c in range(x.shape[1]):
            xhat = (x[r, c] - mean[c]) * inverse[c]
            v = (dy[r, c] - share * (shift_sum[c] + xhat * scale_sum[c])) * inverse[c]
            dx[r, c] = v * scale[c] if scale.size > 0 else v


@kernel(cost=4)
def layer_norm(y, mean, inverse, x, scale, shift, eps):
    """y = (x - mean) * inverse * scale + shift within each row; y, x: (rows, channels); mean, inverse: (rows,)."""
    channels = x.shape[1]
    for r in prange(x.shape[0]):
        total = 0.0
        for c in range(channels):
            total += x[r, c]
        average = total / channels
        spread = 0.0
        for c in range(channels):
            spread += (x[r, c] - average) ** 2
        mean[r] = average
        inverse[r] = 1 / np.sqrt(spread / channels + eps)
        for c in range(channels):
            v = (x[r, c] - mean[r]) * inverse[r]
            y[r, c] = v * scale[c] + shift[c] if scale.size > 0 else v


@kernel(cost=4)
def rms_norm(y, inverse, x, scale, eps):
    """y = x * inverse * scale within each row, inverse = 1 / sqrt(mean of x^2 + eps)."""
    channels = x.shape[1]
    for r in prange(x.shape[0]):
        total = 0.0
        for c in range(channels):
            total += x[r, c] ** 2
        inverse[r] = 1 / np.sqrt(total / channels + eps)
        for c in range(channels):
            v = x[r, c] * inverse[r]
            y[r, c] = v * scale[c] if scale.size > 0 else v


@kernel(cost=4)
def row_norm_backward(dx, dy, x, mean, inverse, scale):
    """dx = inverse * (g - mean of g - xhat * mean of g xhat), g = dy * scale.

    dx, dy, x: (rows, channels); inverse: (rows,); mean: (rows,), or empty for rms_norm, which leaves the mean of g out;
    scale: (channels,) or empty.
    """
    channels = x.shape[1]
    centred = mean.size > 0
    for r in prange(x.shape[0]):
        centre = mean[r] if centred else x.dtype.type(0)
        total = along = 0.0
        for c in range(channels):
            g = dy[r, c] * scale[c] if scale.size > 0 else dy[r, c]
            total += g
            along += g * (x[r, c] - centre)
        first = x.dtype.type(total / channels if centred else 0.0)
        second = x.dtype.type(along / channels) * inverse[r]
        for c in range(channels):
            g = dy[r, c] * scale[c] if scale.size > 0 else dy[r, c]
            dx[r, c] = inverse[r] * (g - first - (x[r, c] - centre) * inverse[r] * second)


@kernel
def _row_norm_sums(dscale, dshift, dy, x, mean, inverse):
    rows, channels = x.shape
    step = _chunk_rows(channels)
    chunks = (rows + step - 1) // step
    sums = np.empty((chunks, 2, channels))
    for k in prange(chunks):
        for c in range(channels):
            sums[k, 0, c] = sums[k, 1, c] = 0
        for r in range(k * step, min(rows, (k + 1) * step)):
            centre = mean[r] if mean.size > 0 else x.dtype.type(0)
            for c in range(channels):
                sums[k, 0, c] += dy[r, c]
                sums[k, 1, c] += dy[r, c] * (x[r, c] - centre) * inverse[r]
    for k in range(1, chunks):
        for c in range(channels):
            sums[0, 0, c] += sums[k, 0, c]
            sums[0, 1, c] += sums[k, 1, c]
    for c in range(channels):
        dscale[c] = sums[0, 1, c]
        if dshift.size > 0:
            dshift[c] = sums[0, 0, c]


def row_norm_sums(dscale, dshift, dy, x, mean, inverse):
    """The gradients of scale and shift, (channels,), as sums over the rows; dshift may be empty."""
    _row_norm_sums.run(2 * x.size, dscale, dshift, dy, x, mean, inverse)
