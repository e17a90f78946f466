"""Normalization over the batch: a mean and a standard deviation per channel. x, y, dy, dx are flat, the channels fastest.

Few channels would leave vectors half empty, so a few adjacent pixels form one wide row; the statistics of a strip of it stay
in registers for many rows. Sums are computed in the arrays' own type over chunks, whose size depends on the shape only,
and the chunks are combined in float64, in order.

`statistics` (4, channels) is all that one pass stores for another, in one array, since each argument costs 0.1 us: the mean,
1 / sqrt(variance + eps), and the sums for the gradients of shift and scale.
"""

import numpy as np

from nntrain.kernels import tile
from nntrain.kernels.activations import slope_of
from nntrain.kernels.jit import inline, kernel, prange
from nntrain.kernels.strip import read, suits_streaming, write

STRIP = 4  # vectors; two sums and their operands fit into 16 registers
CHUNK = 8192  # values per chunk: 32 KiB of float32, read a second time from the cache
CHUNK_ROWS = 128  # at least, or the chunks' sums would be large relative to the data
# How many values ahead `sums` prefetches: 0.5 -> 0.44 ms for 8 MB. `denormalize`, which also writes, gains nothing by it.
AHEAD = 4096
BLOCK = 2048  # values of the rows that a strip covers before the next strip starts, few enough for the hardware prefetcher


@inline
def wide_row(x, channels):
    """Size of the wide row: a multiple of the channels."""
    pixels = 1
    while pixels * channels < STRIP * tile.lanes(x):
        pixels *= 2
    return pixels * channels


@inline
def chunk_size(wide, summed):
    """Values per chunk, where `summed` channels are summed, or none."""
    return max(1, CHUNK // wide, CHUNK_ROWS * summed // wide) * wide


@inline
def moments(mean, spread, x, start, stop, scratch):
    """Of x[start:stop]: each channel's mean and the sum of the squares about it, in float64; scratch: (3, wide)."""
    channels, wide, width = mean.size, scratch.shape[1], STRIP * tile.lanes(x)
    count = (stop - start) // channels
    nothing = tile.zeros(x, 1, STRIP)
    block = max(1, BLOCK // wide) * wide
    scratch[:] = 0
    for i in range(start, stop, block):
        for j in range(0, wide, width):
            total = read(nothing, scratch, j, wide - j)
            for at in range(i + j, min(stop, i + block), wide):
                total = tile.add_row(total, read(nothing, x, at, min(wide - j, stop - at)))
            write(total, scratch, j, wide - j)
    for c in range(channels):
        total64 = 0.0
        for j in range(c, wide, channels):
            total64 += scratch[0, j]
        for j in range(c, wide, channels):
            scratch[0, j] = total64 / count
    # About the rounded mean, whose error is the mean of the differences.
    for i in range(start, stop, block):
        for j in range(0, wide, width):
            total, squares = (
                read(nothing, scratch, wide + j, wide - j),
                read(nothing, scratch, 2 * wide + j, wide - j),
            )
            for at in range(i + j, min(stop, i + block), wide):
                columns = min(wide - j, stop - at)
                tile.prefetch(nothing, x, at + stop - start, 0)  # the next chunk: 0.25 -> 0.21 ms for 8 MB
                d = tile.subtract(read(nothing, x, at, columns), read(nothing, scratch, j, columns))
                total, squares = tile.add_row(total, d), tile.multiply_add(squares, d, d)
            write(total, scratch, wide + j, wide - j)
            write(squares, scratch, 2 * wide + j, wide - j)
    for c in range(channels):
        off = square = 0.0
        for j in range(c, wide, channels):
            off += scratch[1, j]
            square += scratch[2, j]
        mean[c] = scratch[0, c] + off / count
        spread[c] = square - off * off / count


@inline
def repeat(tables, channels):
    """Copies the first pixel of wide rows to their other pixels."""
    for j in range(channels, tables.shape[1]):
        for k in range(tables.shape[0]):
            tables[k, j] = tables[k, j - channels]


@inline
def fill(tables, mean, inverse, scale, shift):
    """tables (3, wide): mean, factor and shift of y = (x - mean) * factor + shift; scale and shift may be empty."""
    means, factors, shifts = tables[0], tables[1], tables[2]
    for c in range(mean.size):
        means[c] = mean[c]
        factors[c] = inverse[c] * scale[c] if scale.size > 0 else inverse[c]
        shifts[c] = shift[c] if scale.size > 0 else 0
    repeat(tables[:3], mean.size)


@inline
def fill_backward(tables, mean, inverse, scale, shift, shift_sum, scale_sum, share):
    """As `fill`; tables (5, wide) get also the b and c of dx = factor * g + b * (x - mean) + c."""
    fill(tables, mean, inverse, scale, shift)
    factors, bs, cs = tables[1], tables[3], tables[4]
    for c in range(mean.size):
        factor = -share * factors[c]
        bs[c] = factor * scale_sum[c] * inverse[c]
        cs[c] = factor * shift_sum[c]
    repeat(tables[3:], mean.size)


@inline
def normalize(y, x, start, stop, tables, addend, slope, streams):
    """y = f((x - mean) * factor + shift + addend) from start to stop; `streams`: y is written past the caches."""
    wide, width = tables.shape[1], STRIP * tile.lanes(x)
    nothing = tile.zeros(x, 1, STRIP)
    block = max(1, BLOCK // wide) * wide
    for i in range(start, stop, block):
        for j in range(0, wide, width):
            mean = read(nothing, tables, j, wide - j)
            factor, shift = (
                read(nothing, tables, wide + j, wide - j),
                read(nothing, tables, 2 * wide + j, wide - j),
            )
            for at in range(i + j, min(stop, i + block), wide):
                columns = min(wide - j, stop - at)
                v = tile.multiply_add(shift, tile.subtract(read(nothing, x, at, columns), mean), factor)
                if addend.size > 0:
                    v = tile.add_row(v, read(nothing, addend, at, columns))
                v = tile.rectify(v, v, slope)
                if streams and columns >= width:
                    tile.stream(v, y, at, 0)
                else:
                    write(v, y, at, columns)


@inline
def sums(shift_sum, scale_sum, dy, x, start, stop, tables, scratch, slope):
    """From start to stop, each channel's sum of g and of g * (x - mean), where g = dy * f'; scratch: (2, wide)."""
    channels, wide, width = shift_sum.size, tables.shape[1], STRIP * tile.lanes(x)
    nothing = tile.zeros(x, 1, STRIP)
    block = max(1, BLOCK // wide) * wide
    scratch[:] = 0
    for i in range(start, stop, block):
        for j in range(0, wide, width):
            mean = read(nothing, tables, j, wide - j)
            factor, shift = (
                read(nothing, tables, wide + j, wide - j),
                read(nothing, tables, 2 * wide + j, wide - j),
            )
            total, along = read(nothing, scratch, j, wide - j), read(nothing, scratch, wide + j, wide - j)
            for at in range(i + j, min(stop, i + block), wide):
                columns = min(wide - j, stop - at)
                tile.prefetch(nothing, x, at + AHEAD, 0)
                tile.prefetch(nothing, dy, at + AHEAD, 0)
                d = tile.subtract(read(nothing, x, at, columns), mean)
                g = tile.rectify(read(nothing, dy, at, columns), tile.multiply_add(shift, d, factor), slope)
                total, along = tile.add_row(total, g), tile.multiply_add(along, g, d)
            write(total, scratch, j, wide - j)
            write(along, scratch, wide + j, wide - j)
    for c in range(channels):
        shift_sum[c] = scale_sum[c] = 0
        for j in range(c, wide, channels):
            shift_sum[c] += scratch[0, j]
            scale_sum[c] += scratch[1, j]


@inline
def denormalize(dx, dy, x, start, stop, tables, slope):
    """dx = factor * g + b * (x - mean) + c from start to stop, where g = dy * f'."""
    wide, width = tables.shape[1], STRIP * tile.lanes(x)
    nothing = tile.zeros(x, 1, STRIP)
    block = max(1, BLOCK // wide) * wide
    for i in range(start, stop, block):
        for j in range(0, wide, width):
            mean = read(nothing, tables, j, wide - j)
            factor, shift = (
                read(nothing, tables, wide + j, wide - j),
                read(nothing, tables, 2 * wide + j, wide - j),
            )
            b, c = (
                read(nothing, tables, 3 * wide + j, wide - j),
                read(nothing, tables, 4 * wide + j, wide - j),
            )
            for at in range(i + j, min(stop, i + block), wide):
                columns = min(wide - j, stop - at)
                d = tile.subtract(read(nothing, x, at, columns), mean)
                g = tile.rectify(read(nothing, dy, at, columns), tile.multiply_add(shift, d, factor), slope)
                write(tile.multiply_add(tile.multiply_add(c, d, b), g, factor), dx, at, columns)


@kernel
def _measure(statistics, running_mean, running_variance, x, momentum, eps):
    mean, inverse = statistics[0], statistics[1]
    channels = mean.size
    rows = x.size // channels
    wide = wide_row(x, channels)
    step = chunk_size(wide, channels)
    chunks = (x.size - 1) // step + 1
    means, squares = np.empty((chunks, channels)), np.empty((chunks, channels))
    for k in prange(chunks):
        start = np.int64(k) * step
        moments(means[k], squares[k], x, start, min(x.size, start + step), np.empty((3, wide), x.dtype))
    average, spread = np.zeros(channels), np.zeros(channels)
    for k in range(chunks):
        share = (min(x.size, (k + 1) * step) - k * step) / x.size
        for c in range(channels):
            average[c] += share * means[k, c]
    for k in range(chunks):
        count = (min(x.size, (k + 1) * step) - k * step) // channels
        for c in range(channels):
            spread[c] += squares[k, c] + count * (means[k, c] - average[c]) ** 2
    for c in range(channels):
        mean[c] = average[c]
        inverse[c] = 1 / np.sqrt(spread[c] / rows + eps)
        running_mean[c] += momentum * (average[c] - running_mean[c])
        running_variance[c] += momentum * (spread[c] / (rows - 1) - running_variance[c])


def measure(statistics, running_mean, running_variance, x, momentum, eps):
    """Mean and 1 / sqrt(variance + eps) of each channel of x, and a step of the running ones, (channels,).

    The variance divides by the rows, the running one by rows - 1; x has 2 rows or more.
    """
    _measure.run(2 * x.size, statistics, running_mean, running_variance, x, momentum, eps)


@kernel(cost=2)
def _forward(y, x, statistics, scale, shift, addend, slope):
    mean, inverse = statistics[0], statistics[1]
    wide = wide_row(x, mean.size)
    step = chunk_size(wide, 0)
    tables = np.empty((3, wide), x.dtype)
    fill(tables, mean, inverse, scale, shift)
    streams = suits_streaming(y, wide, STRIP * tile.lanes(y))
    for k in prange((x.size - 1) // step + 1):
        start = np.int64(k) * step
        normalize(y, x, start, min(x.size, start + step), tables, addend, x.dtype.type(slope), streams)


def forward(y, x, statistics, scale, shift, addend, epilogue):
    """y = f((x - mean) * inverse * scale + shift + addend); scale, shift: (channels,) or empty; addend: like y, or empty."""
    _forward(y, x, statistics, scale, shift, addend, slope_of(epilogue))


@kernel
def _gradient_sums(statistics, dy, x, scale, shift, slope):
    mean, inverse, shift_sum, scale_sum = statistics[0], statistics[1], statistics[2], statistics[3]
    channels = mean.size
    wide = wide_row(x, channels)
    step = chunk_size(wide, channels)
    chunks = (x.size - 1) // step + 1
    tables = np.empty((3, wide), x.dtype)
    fill(tables, mean, inverse, scale, shift)
    parts = np.empty((2, chunks, channels))
    for k in prange(chunks):
        start = np.int64(k) * step
        sums(
            parts[0, k],
            parts[1, k],
            dy,
            x,
            start,
            min(x.size, start + step),
            tables,
            np.empty((2, wide), x.dtype),
            x.dtype.type(slope),
        )
    for k in range(1, chunks):
        for c in range(channels):
            parts[0, 0, c] += parts[0, k, c]
            parts[1, 0, c] += parts[1, k, c]
    for c in range(channels):
        shift_sum[c] = parts[0, 0, c]
        scale_sum[c] = parts[1, 0, c] * inverse[c]


def gradient_sums(statistics, dy, x, scale, shift, slope):
    """The gradients of shift and scale: sums over the rows of g and of g * (x - mean) * inverse.

    g is dy where the layer's output is above 0, else dy * slope: the gradient before an activation that was fused.
    """
    _gradient_sums.run(2 * x.size, statistics, dy, x, scale, shift, slope)


@kernel(cost=3)
def backward(dx, dy, x, statistics, scale, shift, batch, slope):
    """dx = scale * inverse * (g - mean of g - xhat * mean of g xhat); the means count only if `batch` made xhat."""
    mean, inverse, shift_sum, scale_sum = statistics[0], statistics[1], statistics[2], statistics[3]
    channels = mean.size
    wide = wide_row(x, channels)
    step = chunk_size(wide, 0)
    tables = np.empty((5, wide), x.dtype)
    fill_backward(
        tables, mean, inverse, scale, shift, shift_sum, scale_sum, x.dtype.type(batch * channels / x.size)
    )
    for k in prange((x.size - 1) // step + 1):
        start = np.int64(k) * step
        denormalize(dx, dy, x, start, min(x.size, start + step), tables, x.dtype.type(slope))
