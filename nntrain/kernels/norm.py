"""Normalization within each row: layer_norm and rms_norm. Over the batch: kernels.batch_norm.

Sums over rows are computed in float64 in chunks, whose size depends on the shape only, and combined in order. Loops are
written out: Numba would turn array expressions into parallel loops, whose sums depend on the threads.
"""

import numpy as np

from nntrain.kernels.jit import inline, kernel, prange

CHUNK = 16384  # values that one thread reduces while they are in its cache


@inline
def _chunk_rows(channels):
    return max(1, CHUNK // channels)


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

    dx, dy, x: (rows, channels); inverse: (rows,); mean: (rows,), or empty for rms_norm, which omits the mean of g;
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
