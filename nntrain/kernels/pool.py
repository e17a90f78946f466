"""Pooling: the maximum or the mean of each window of an image. x, dx: (rows, height, width, channels).

y, dy: (rows, windows down, windows across, channels). `sizes` is a geometry.Window as a plain tuple (see jit.py); padding does
not count. `ends` (rows,) is the number of valid columns of each row where sequences are padded, and empty where all are:
the others are not read, and y and dx are 0 there.
"""

import numpy as np

from nntrain.kernels import tile
from nntrain.kernels.geometry import Window
from nntrain.kernels.jit import inline, kernel, prange
from nntrain.kernels.strip import pixel_offset, read, write


@inline
def _span(place, step, before, size, end):
    """The pixels of a window along one axis, and where it would begin if the image had no edge."""
    first = place * step - before
    return max(0, first), min(end, first + size), first


@inline
def _windows(place, step, before, size, count):
    """The windows that contain a pixel, along one axis."""
    return max(0, (place + before - size) // step + 1), min(count, (place + before) // step + 1)


@inline
def _end(ends, row, width):
    return min(np.int64(ends[row]), width) if ends.size > 0 else width


@inline
def clear(dx, start, count):
    """Zeros from `start` on."""
    nothing = tile.zeros(dx, 1, 1)
    for k in range(0, count, tile.lanes(dx)):
        write(nothing, dx, start + k, count - k)


@inline
def _is_two_by_two(p, ends):
    """Whether windows are 2x2 pixels of all columns, and begin at the edge: their loops are written out."""
    return p.height == 2 and p.width == 2 and p.above + p.left + ends.size == 0


@inline
def _two_by_two(y, winner, x, out, at, columns, place):
    """One window of 2x2, one vector of its channels: y[out ...], winner[place ...], from x[at ...]; `columns` channels are left."""
    one, nothing, channels, below = x.dtype.type(1), tile.zeros(x, 1, 1), x.shape[3], x.shape[2] * x.shape[3]
    best, v = read(nothing, x, at, columns), read(nothing, x, at + channels, columns)
    number = tile.mark_larger(nothing, one, best, v)
    best = tile.larger(best, v)
    v = read(nothing, x, at + below, columns)
    number = tile.mark_larger(number, one + one, best, v)
    best = tile.larger(best, v)
    v = read(nothing, x, at + below + channels, columns)
    number = tile.mark_larger(number, one + one + one, best, v)
    write(tile.larger(best, v), y, out, columns)
    tile.store_bytes(number, winner, place)


@kernel(cost=4)
def max_pool(y, winner, x, ends, sizes):
    """winner (uint8) is the place of the largest value in its window, row by row; the first of several, or the first NaN.

    Its last axis is the channels rounded up to a multiple of 16, so that whole vectors can be written to it.
    """
    p = Window(*sizes)
    height, width, channels = x.shape[1], x.shape[2], x.shape[3]
    tall, broad, kept = y.shape[1], y.shape[2], winner.shape[3]
    nothing = tile.zeros(x, 1, 1)
    for task in prange(y.shape[0] * tall):
        row, a = np.int64(task) // tall, np.int64(task) % tall
        end = _end(ends, row, width)
        i0, i1, top = _span(a, p.down, p.above, p.height, height)
        done = 0  # windows
        if _is_two_by_two(p, ends) and i1 - i0 == 2:
            done = max(0, min(broad, (width - 2) // p.across + 1))
            at = pixel_offset(x.shape, row, i0, 0, 0)
            for b in range(done):
                out = (row * tall + a) * broad + b
                for c in range(0, channels, tile.lanes(x)):
                    _two_by_two(y, winner, x, out * channels + c, at + c, channels - c, out * kept + c)
                at += p.across * channels
        for b in range(done, broad):
            j0, j1, start = _span(b, p.across, p.left, p.width, end)
            out = (row * tall + a) * broad + b
            for c in range(0, channels, tile.lanes(x)):
                columns = channels - c
                best, place = nothing, nothing
                if j0 < j1 and (b < end or ends.size == 0):
                    best = read(nothing, x, pixel_offset(x.shape, row, i0, j0, c), columns)
                    place = tile.fill(place, x.dtype.type((i0 - top) * p.width + j0 - start))
                    for i in range(i0, i1):
                        for j in range(j0, j1):
                            v = read(nothing, x, pixel_offset(x.shape, row, i, j, c), columns)
                            place = tile.mark_larger(
                                place, x.dtype.type((i - top) * p.width + j - start), best, v
                            )
                            best = tile.larger(best, v)
                write(best, y, out * channels + c, columns)
                tile.store_bytes(place, winner, out * kept + c)


@kernel(cost=4)
def max_pool_backward(dx, dy, winner, y, ends, sizes, slope):
    """dx = the sum of dy over the windows that a pixel is the winner of; dy counts `slope` times where y <= 0."""
    p = Window(*sizes)
    height, width, channels = dx.shape[1], dx.shape[2], dx.shape[3]
    tall, broad, kept = dy.shape[1], dy.shape[2], winner.shape[3]
    nothing = tile.zeros(dx, 1, 1)
    # Side by side, without overlap: each pixel is written once. Adding to what was just cleared took twice as long for 6 channels.
    apart = p.down >= p.height and p.across == p.width and p.above + p.left + ends.size == 0
    both_rows = _is_two_by_two(p, ends) and p.down == 2 and p.across == 2  # of a window at once
    both_rows = both_rows and 2 * tall <= height and 2 * broad <= width and channels <= tile.lanes(dx)
    for task in prange(dx.shape[0] * height):
        row, i = np.int64(task) // height, np.int64(task) % height
        end = _end(ends, row, width)
        if both_rows and i < 2 * tall:
            if i % 2 == 0:
                _two_rows(dx, dy, winner, y, row, i // 2, dx.dtype.type(slope))
            continue
        a0, a1 = _windows(i, p.down, p.above, p.height, tall)
        here = np.int64(task) * width * channels
        covered = 0  # pixels from the left that the loop writes, not adds to
        if apart and a0 < a1:
            covered = min(width, broad * p.width)
        clear(dx, here + covered * channels, (width - covered) * channels)
        for a in range(a0, a1):
            for b in range(min(broad, end) if ends.size > 0 else broad):
                j0, j1, start = _span(b, p.across, p.left, p.width, end)
                first = (i + p.above - a * p.down) * p.width - start
                out = (row * tall + a) * broad + b
                for c in range(0, channels, tile.lanes(dx)):
                    columns = channels - c
                    g = tile.rectify(
                        read(nothing, dy, out * channels + c, columns),
                        read(nothing, y, out * channels + c, columns),
                        dx.dtype.type(slope),
                    )
                    marks = tile.load_bytes(nothing, winner, out * kept + c)
                    for j in range(j0, j1):
                        at, number = here + j * channels + c, dx.dtype.type(first + j)
                        so_far = nothing if apart else read(nothing, dx, at, columns)
                        write(tile.add_where(so_far, g, marks, number), dx, at, columns)


@inline
def _two_rows(dx, dy, winner, y, row, a, slope):
    """`max_pool_backward` for the two rows of dx that a row of 2x2 windows, side by side, covers."""
    width, channels, kept, nothing = dx.shape[2], dx.shape[3], winner.shape[3], tile.zeros(dx, 1, 1)
    zero, one = dx.dtype.type(0), dx.dtype.type(1)
    broad, here = dy.shape[2], pixel_offset(dx.shape, row, 2 * a, 0, 0)
    below, rest = here + width * channels, (width - 2 * broad) * channels
    out, place = (row * dy.shape[1] + a) * broad * channels, (row * dy.shape[1] + a) * broad * kept
    for b in range(broad):
        for c in range(0, channels, tile.lanes(dx)):
            columns, at, under = channels - c, here + 2 * b * channels + c, below + 2 * b * channels + c
            g = tile.rectify(read(nothing, dy, out + c, columns), read(nothing, y, out + c, columns), slope)
            marks = tile.load_bytes(nothing, winner, place + c)
            write(tile.add_where(nothing, g, marks, zero), dx, at, columns)
            write(tile.add_where(nothing, g, marks, one), dx, at + channels, columns)
            write(tile.add_where(nothing, g, marks, one + one), dx, under, columns)
            write(tile.add_where(nothing, g, marks, one + one + one), dx, under + channels, columns)
        out, place = out + channels, place + kept
    clear(dx, here + 2 * broad * channels, rest)
    clear(dx, below + 2 * broad * channels, rest)


@kernel(cost=4)
def window_means(y, x, ends, sizes, mean):
    """y = the mean of each window if `mean`, else the sum."""
    p = Window(*sizes)
    height, width, channels = x.shape[1], x.shape[2], x.shape[3]
    tall, broad = y.shape[1], y.shape[2]
    nothing = tile.zeros(x, 1, 1)
    for task in prange(y.shape[0] * tall):
        row, a = np.int64(task) // tall, np.int64(task) % tall
        end = _end(ends, row, width)
        i0, i1, _ = _span(a, p.down, p.above, p.height, height)
        for b in range(broad):
            j0, j1, _ = _span(b, p.across, p.left, p.width, end)
            real = b < end or ends.size == 0
            share = x.dtype.type(1 / ((i1 - i0) * (j1 - j0)) if mean and j0 < j1 else 1)
            for c in range(0, channels, tile.lanes(x)):
                total = nothing
                if real:
                    for i in range(i0, i1):
                        for j in range(j0, j1):
                            v = read(nothing, x, pixel_offset(x.shape, row, i, j, c), channels - c)
                            total = tile.add_row(total, v)
                total = tile.multiply_add(nothing, total, tile.fill(nothing, share))
                write(total, y, pixel_offset(y.shape, row, a, b, c), channels - c)


@kernel(cost=4)
def window_means_backward(dx, dy, ends, sizes, mean):
    """dx = the sum of dy over the windows that a pixel is in, each divided by its number of pixels if `mean`."""
    p = Window(*sizes)
    height, width, channels = dx.shape[1], dx.shape[2], dx.shape[3]
    tall, broad = dy.shape[1], dy.shape[2]
    nothing = tile.zeros(dx, 1, 1)
    for task in prange(dx.shape[0] * height):
        row, i = np.int64(task) // height, np.int64(task) % height
        end = _end(ends, row, width)
        a0, a1 = _windows(i, p.down, p.above, p.height, tall)
        here = np.int64(task) * width * channels
        clear(dx, here, width * channels)
        for a in range(a0, a1):
            i0, i1, _ = _span(a, p.down, p.above, p.height, height)
            for b in range(min(broad, end) if ends.size > 0 else broad):
                j0, j1, _ = _span(b, p.across, p.left, p.width, end)
                share = tile.fill(
                    nothing, dx.dtype.type(1 / ((i1 - i0) * (j1 - j0)) if mean and j0 < j1 else 1)
                )
                for c in range(0, channels, tile.lanes(dx)):
                    columns = channels - c
                    g = read(nothing, dy, pixel_offset(dy.shape, row, a, b, c), columns)
                    for j in range(j0, j1):
                        at = here + j * channels + c
                        write(tile.multiply_add(read(nothing, dx, at, columns), g, share), dx, at, columns)


@kernel(cost=2)
def _global_mean(y, x, ends):
    for row in prange(x.shape[0]):
        end = _end(ends, row, x.shape[1])
        total = np.zeros(x.shape[2])
        for i in range(end):
            for c in range(x.shape[2]):
                total[c] += x[row, i, c]
        for c in range(x.shape[2]):
            y[row, c] = total[c] / max(end, 1)


def global_mean(y, x, ends):
    """y (rows, channels) = the mean over the first `ends` pixels of x (rows, pixels, channels), added in float64."""
    _global_mean.run(2 * x.size, y, x, ends)


@kernel
def global_mean_backward(dx, dy, ends):
    zero = dx.dtype.type(0)
    for row in prange(dx.shape[0]):
        end = _end(ends, row, dx.shape[1])
        share = dx.dtype.type(1 / max(end, 1))
        for i in range(dx.shape[1]):
            for c in range(dx.shape[2]):
                dx[row, i, c] = dy[row, c] * share if i < end else zero


@kernel
def _global_max(y, winner, x, ends):
    zero = x.dtype.type(0)
    for row in prange(x.shape[0]):
        end = _end(ends, row, x.shape[1])
        for c in range(x.shape[2]):
            y[row, c] = x[row, 0, c] if end > 0 else zero
            winner[row, c] = 0
        for i in range(1, end):
            for c in range(x.shape[2]):
                v = x[row, i, c]
                if v > y[row, c] or (v != v and y[row, c] == y[row, c]):
                    y[row, c] = v
                    winner[row, c] = i


def global_max(y, winner, x, ends):
    """y (rows, channels) = the largest of the first `ends` pixels of x (rows, pixels, channels); winner (int32): which one."""
    _global_max.run(2 * x.size, y, winner, x, ends)


@kernel
def global_max_backward(dx, dy, winner, y, ends, slope):
    """dy for the winner, times `slope` where y <= 0; 0 for the others."""
    zero, s = dx.dtype.type(0), dx.dtype.type(slope)
    for row in prange(dx.shape[0]):
        for i in range(dx.shape[1]):
            for c in range(dx.shape[2]):
                dx[row, i, c] = zero
        if _end(ends, row, dx.shape[1]) > 0:
            for c in range(dx.shape[2]):
                below = dy[row, c] * s if s != 0 else s
                dx[row, winner[row, c], c] = below if y[row, c] <= 0 else dy[row, c]
