"""Pixels of a convolution: its output, or the gradient of its input, as plan.pixels lays them out.

A tile is a few neighbouring pixels x a panel of the outputs. The inputs of neighbouring pixels are equally far apart, so a
tile reads them in place from the padded copy of the image. A chunk of a panel's weights stays in the L1 cache for all
pixels; partial sums are kept in the output. Every value is one chain of multiply-adds in the order of the kernel's taps, so
neither threads nor tiles change a bit of it.
"""

from typing import NamedTuple

import numpy as np

from nntrain.kernels import tile
from nntrain.kernels.conv.layouts import GridLayout, Packing, Pixels, SourceLayout
from nntrain.kernels.conv.plan import SHORT, SLIM
from nntrain.kernels.conv.source import copy_image, prefetch
from nntrain.kernels.jit import inline, kernel, prange
from nntrain.kernels.product_tile import LEAKY_RELU, RELU
from nntrain.kernels.tile import ROWS, VECTORS


@kernel
def pack_forward(workspace, w, taps, packing):
    """workspace[panel q of group g][tap, channel][j] = w[tap, channel, filter q * width + j of g].

    w: (taps, channels of a group, filters of all groups); packing: a Packing.
    """
    p = Packing(*packing)
    total, panels = p.groups * p.filters, (p.filters - 1) // p.width + 1
    vector, step = tile.zeros(w, 1, 1), tile.lanes(w)
    for part in prange(p.groups * panels):
        group, left = np.int64(part) // panels, np.int64(part) % panels * p.width
        for k in range(taps.size * p.channels):
            for j in range(0, p.width, step):
                start = k * total + group * p.filters + left + j
                values = tile.load_part(vector, w, start, 0, 1, p.filters - left - j)
                tile.store(values, workspace, part * p.panel + k * p.width + j, 0)


@kernel
def pack_gradient(workspace, w, taps, packing):
    """workspace[panel q of group g][tap, filter][j] = w[tap, channel q * width + j, filter of g], in the order of `taps`."""
    p = Packing(*packing)
    total, panels, step = p.groups * p.filters, (p.channels - 1) // p.width + 1, tile.lanes(w)
    for part in prange(p.groups * panels):
        group, left = np.int64(part) // panels, np.int64(part) % panels * p.width
        for tap in range(taps.size):
            start = (taps[tap] * p.channels + left) * total + group * p.filters
            # May write beyond the tap's last filter, where the next tap's first ones are written later.
            for k in range(0, p.filters, step):
                at = part * p.panel + (tap * p.filters + k) * p.width
                for j in range(0, p.width, step):
                    rows, columns = p.channels - left, p.filters - k
                    tile.transpose(workspace, at + j, p.width, w, start + k, total, j, rows, columns)


class Operands(NamedTuple):
    """What a worker reads and writes."""

    y: np.ndarray  # (values,)
    x: np.ndarray  # (values,)
    bias: np.ndarray  # (outputs,) or empty
    workspace: np.ndarray  # the packed weights, then the memory of each worker
    chunks: np.ndarray  # the first piece of each
    pieces: np.ndarray  # (pieces, 2): offset in the source, depth
    ahead: np.ndarray  # (1,): where in x to prefetch next
    code: int  # of the epilogue
    slope: float


class Area(NamedTuple):
    """What one sweep computes: rows top ... bottom - 1 of a few images and a group of outputs."""

    group: int
    images: int
    top: int
    bottom: int
    start: int  # of the first image, in y
    copies: int  # of the images, in the workspace


@kernel
def pixels(y, x, bias, workspace, layout, source, grids, chunks, pieces, code, slope):
    """Tables as plan.pixels makes them; the rest as in Operands."""
    plan, source = Pixels(*layout), SourceLayout(*source)
    for worker in prange(plan.workers):
        ahead = np.empty(1, np.int64)
        operands = Operands(y, x, bias, workspace, chunks, pieces, ahead, code, slope)
        _units(np.int64(worker), operands, plan, source, grids)


@inline
def _units(worker, operands, p, source, grids):
    """The sets of images, or bands of one image, of one worker."""
    at, units = p.images + worker * p.own, p.sets * p.bands
    y, x, workspace = operands.y, operands.x, operands.workspace
    for unit in range(worker * units // p.workers, (worker + 1) * units // p.workers):
        number, band = unit // p.bands, unit % p.bands
        image, end = number * p.rows // p.sets, (number + 1) * p.rows // p.sets
        top, bottom = band * p.longest // p.bands, (band + 1) * p.longest // p.bands
        operands.ahead[0] = (end - 1) * p.values + (band + 1) * p.values // p.bands
        last = min((bottom - 1) * p.stride + p.reach, source.rows)
        for group in range(p.groups):
            for i in range(image, end):
                copy_image(workspace, at + (i - image) * p.held, x, i, group, top * p.stride, last, source)
            for number in range(grids.shape[0]):
                grid = _grid(grids[number])
                start = image * p.written + group * p.outputs + grid.start
                area = Area(group, end - image, top, bottom, start, at)
                if p.kind == 0:
                    _sweep(tile.zeros(y, ROWS, VECTORS), tile.zeros(y, 1, VECTORS), operands, area, p, grid)
                elif p.kind == 1:
                    _sweep(tile.zeros(y, SHORT, VECTORS), tile.zeros(y, 1, VECTORS), operands, area, p, grid)
                elif p.kind == 2:
                    _sweep(tile.zeros(y, SLIM, 1), tile.zeros(y, 1, 1), operands, area, p, grid)
                else:
                    _sweep(tile.zeros(y, SHORT, 1), tile.zeros(y, 1, 1), operands, area, p, grid)


@inline
def _grid(g):
    return GridLayout(g[0], g[1], g[2], g[3], g[4], g[5], g[6], g[7], g[8], g[9])


@inline
def _sweep(blank, row, operands, area, p, grid):
    """One grid of an area, with tiles of the shape of `blank`; `row` is one row of it."""
    y, x, bias, workspace, chunks, pieces, ahead, code, slope = operands
    count, panels = min(area.bottom, grid.rows) - area.top, (p.outputs - 1) // p.width + 1
    for left in range(0, p.outputs, p.width):
        outputs = p.outputs - left  # from here on
        panel = (area.group * panels + left // p.width) * p.panel + grid.weights
        bias_row = tile.load_part(
            row, bias, area.group * p.outputs + left, 0, 1, outputs if bias.size > 0 else 0
        )
        for chunk in range(grid.first_chunk, grid.end_chunk):
            weights = panel
            for line in range(area.images * count):
                image, i = line // count, line % count
                for j in range(0, grid.columns, p.height):
                    here = area.start + image * p.written
                    here += (area.top + i) * grid.row_step + j * grid.pixel_step + left
                    whole = j + p.height <= grid.columns and left + p.width <= p.outputs
                    t = blank
                    if chunk > grid.first_chunk:
                        if whole:
                            t = tile.load(t, y, here, grid.pixel_step)
                        else:
                            t = tile.load_part(t, y, here, grid.pixel_step, grid.columns - j, outputs)
                    prefetch(x, ahead, 0, p.fetch)
                    read = area.copies + image * p.held + i * grid.row_stride + j * grid.pixel_stride
                    weights = panel
                    for piece in range(chunks[chunk], chunks[chunk + 1]):
                        a = read + pieces[piece, 0]
                        for k in range(pieces[piece, 1]):
                            b = weights + k * p.width
                            t = tile.outer(t, workspace, a + k, grid.pixel_stride, workspace, b)
                        weights += pieces[piece, 1] * p.width
                    if chunk + 1 == grid.end_chunk:
                        t = tile.add_row(t, bias_row)
                        if code == RELU:
                            t = tile.relu(t)
                        elif code == LEAKY_RELU:
                            t = tile.leaky_relu(t, slope)
                    if whole:
                        tile.store(t, y, here, grid.pixel_step)
                    else:
                        tile.store_part(t, y, here, grid.pixel_step, grid.columns - j, outputs)
            panel = weights
