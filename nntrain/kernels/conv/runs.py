"""The input gradient of convolutions of few channels, and transposed convolutions of few filters.

With 6 channels of 16 lanes, a tile of pixels x channels leaves ten lanes of each multiplication idle. But one row of the
kernel holds columns * channels values, which fill vectors better: for row i of dx, the outputs b of each row a that it was part
of are multiplied by such a run, p[b] = sum over (a, u) of dy[a, b] @ w[u], and pixel j of the row is the sum over v of
p[j - v][v].
"""

import numpy as np

from nntrain.kernels import packing, tile
from nntrain.kernels.conv.narrow_plan import Runs
from nntrain.kernels.conv.plan import SHORT
from nntrain.kernels.conv.source import clear, copy
from nntrain.kernels.jit import inline, kernel, prange
from nntrain.kernels.product_tile import LEAKY_RELU, RELU
from nntrain.kernels.strip import write


@kernel
def input_gradient(dx, dy, w, bias, workspace, room, plan, code, slope):
    """dx = f(the gradient + bias (channels,), or none if empty). All arrays are flat; each value is summed in one order.

    `room` is the workspace as floats, so that the products are not rounded.
    """
    p = Runs(*plan)
    for worker in prange(p.workers):
        _images(np.int64(worker), dx, dy, w, bias, workspace, room, p, code, slope)


@inline
def _images(worker, dx, dy, w, bias, workspace, room, p, code, slope):
    units, weights, run = p.rows * p.bands, worker * p.own, p.across * p.channels
    products = weights + p.down * p.panels * p.panel
    copies = products + 2 * p.line
    first, last = worker * units // p.workers, (worker + 1) * units // p.workers
    if first < last:
        clear(room, products, 2 * p.line)
        for u in range(p.down):
            for panel in range(p.panels):
                to, left = weights + (u * p.panels + panel) * p.panel, panel * p.width
                start = (u * run + left) * p.filters
                packing.copy(workspace, to, p.width, w, start, p.filters, 1, run - left, p.filters)
    row_size = p.columns * p.filters
    for unit in range(first, last):
        image, band = unit // p.bands, unit % p.bands
        top, bottom = band * p.image_height // p.bands, (band + 1) * p.image_height // p.bands
        # The rows of dy that reach the band.
        a0 = max(0, -((p.dilation * (p.down - 1) - top - p.above) // p.stride_down))
        a1 = min(p.output, (bottom - 1 + p.above) // p.stride_down + 1)
        copy(workspace, copies, dy, (image * p.output + a0) * row_size, max(0, a1 - a0) * row_size)
        # Each row is gathered after the products of the next, so that its loads do not wait for what was just stored.
        for i in range(top, bottom + 1):
            if i < bottom:
                source, to = copies - a0 * row_size, products + (i - top) % 2 * p.line
                if p.vectors == 1:
                    _multiply(tile.zeros(dx, SHORT, 1), workspace, weights, room, to, source, i, p)
                else:
                    _multiply(tile.zeros(dx, SHORT, 2), workspace, weights, room, to, source, i, p)
            if i > top:
                row = (image * p.image_height + i - 1) * p.image_width
                _gather(dx, row, room, products + (i - 1 - top) % 2 * p.line, bias, p, code, slope)


@inline
def _multiply(blank, workspace, weights, room, products, source, i, p):
    """The products of row i of the image: for each output column, what it adds to the pixels of one run."""
    pitch = p.panels * p.width
    for panel in range(p.panels):
        for b in range(0, p.columns, SHORT):
            t = blank
            for u in range(p.down):
                place = i + p.above - u * p.dilation
                a = place // p.stride_down
                if place >= 0 and a * p.stride_down == place and a < p.output:
                    factors = weights + (u * p.panels + panel) * p.panel
                    values = source + (a * p.columns + b) * p.filters
                    for n in range(p.filters):
                        t = tile.outer(t, workspace, values + n, p.filters, workspace, factors + n * p.width)
            to = products + (p.before + b) * pitch + panel * p.width
            if b + SHORT <= p.columns:
                tile.store(t, room, to, pitch)
            else:
                tile.store_part(t, room, to, pitch, p.columns - b, p.width)


@inline
def _gather(dx, row, room, products, bias, p, code, slope):
    """dx[row + j] = f(bias + the sum of the products of all columns of the kernel that reach pixel j).

    `column`: the products of the output that reaches pixel j through column `first` of the kernel.
    """
    pitch, vector = p.panels * p.width, tile.zeros(dx, 1, 1)
    bias_row = tile.load_part(vector, bias, 0, 0, 1, bias.size)
    first, column = p.left % p.stride_across, products + (p.before + p.left // p.stride_across) * pitch
    for j in range(p.image_width):
        at, t = column + first * p.channels, bias_row
        for _ in range(first, p.across, p.stride_across):
            t = tile.add_row(t, tile.load(vector, room, at, 0))
            at += p.stride_across * p.channels - pitch
        if code == RELU:
            t = tile.relu(t)
        elif code == LEAKY_RELU:
            t = tile.leaky_relu(t, slope)
        write(t, dx, (row + j) * p.channels, (p.image_width - j) * p.channels)
        first += 1
        if first == p.stride_across:
            first, column = 0, column + pitch
