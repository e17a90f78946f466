"""Pixels of a convolution: its output, or the gradient of its input, as conv_plan.pixels lays them out.

A tile is a few neighbouring pixels x a panel of the outputs. What its pixels read lies at one distance from pixel to pixel,
so that it is used where the padded copy of the image has it. A chunk of a panel's weights stays in the first-level cache
while all pixels of the image go by, and the sums so far wait in the output. Every value is one chain of multiply-adds in
the order of the kernel's places, so that neither threads nor tiles change a bit of it.
"""

import numpy as np

from nntrain.kernels import tile
from nntrain.kernels.conv_plan import LINE, SHORT, SLIM
from nntrain.kernels.conv_source import copy_image
from nntrain.kernels.jit import inline, kernel, prange
from nntrain.kernels.matmul import LEAKY_RELU, RELU
from nntrain.kernels.tile import ROWS, VECTORS


@kernel
def pack_forward(room, w, taps, groups, filters, channels, width, panel):
    """room[panel p of group g][tap, channel][j] = w[tap, channel, filter p * width + j of g]; w (taps, channels, all filters)."""
    total = groups * filters
    panels = (filters - 1) // width + 1
    row = tile.zeros(w, 1, 1)
    step = tile.lanes(w)
    for part in prange(groups * panels):
        group, left = np.int64(part) // panels, np.int64(part) % panels * width
        for k in range(taps.size * channels):
            start = k * total + group * filters + left
            for j in range(0, width, step):
                values = tile.load_part(row, w, start + j, 0, 1, filters - left - j)
                tile.store(values, room, part * panel + k * width + j, 0)


@kernel
def pack_gradient(room, w, taps, groups, filters, channels, width, panel):
    """room[panel p of group g][tap, filter][j] = w[tap, channel p * width + j, filter of g], taps in the order given."""
    total = groups * filters
    panels = (channels - 1) // width + 1
    step = tile.lanes(w)
    for part in prange(groups * panels):
        group, left = np.int64(part) // panels, np.int64(part) % panels * width
        for tap in range(taps.size):
            start = (taps[tap] * channels + left) * total + group * filters
            for k in range(0, filters, step):  # may write beyond the tap's last filter: the next tap's come later
                for j in range(0, width, step):
                    tile.transpose(room, part * panel + (tap * filters + k) * width + j, width, w, start + k, total, j,
                                   channels - left, filters - k)


@kernel
def pixels(y, x, bias, room, layout, source, grids, chunks, pieces, code, slope):
    for worker in prange(layout[4]):
        _units(np.int64(worker), y, x, bias, room, layout, source, grids, chunks, pieces, code, slope)


@inline
def _units(worker, y, x, bias, room, layout, source, grids, chunks, pieces, code, slope):
    """The images, or bands of them, of one worker."""
    rows, groups, outputs, workers, bands, longest = layout[0], layout[1], layout[2], layout[4], layout[5], layout[6]
    kind, images, own, stride, reach = layout[7], layout[10], layout[11], layout[13], layout[14]
    at = images + worker * own
    units = rows * bands
    for unit in range(worker * units // workers, (worker + 1) * units // workers):
        image, band = unit // bands, unit % bands
        first, end = band * longest // bands, (band + 1) * longest // bands
        ahead = image * layout[16] + (band + 1) * layout[16] // bands
        for group in range(groups):
            copy_image(room, at, x, image, group, first * stride, min((end - 1) * stride + reach, source[3]), source)
            for number in range(grids.shape[0]):
                grid = grids[number]
                start = image * layout[15] + group * outputs + grid[2]
                last = min(end, grid[0])
                if kind == 0:
                    ahead = _sweep(tile.zeros(y, ROWS, VECTORS), tile.zeros(y, 1, VECTORS), y, x, ahead, bias, room, at, start, group, first,
                           last, layout, grid, chunks, pieces, code, slope)
                elif kind == 1:
                    ahead = _sweep(tile.zeros(y, SHORT, VECTORS), tile.zeros(y, 1, VECTORS), y, x, ahead, bias, room, at, start, group, first,
                           last, layout, grid, chunks, pieces, code, slope)
                else:
                    ahead = _sweep(tile.zeros(y, SLIM, 1), tile.zeros(y, 1, 1), y, x, ahead, bias, room, at, start, group, first,
                           last, layout, grid, chunks, pieces, code, slope)


@inline
def _sweep(blank, row, y, x, ahead, bias, room, at, start, group, first, last, layout, grid, chunks, pieces, code, slope):
    """One grid of one image, rows first ... last - 1 of it, with tiles like `blank`."""
    outputs, height, width, panel = layout[2], layout[8], layout[9], layout[12]
    columns, row_step, pixel_step, row_stride, pixel_stride = grid[1], grid[3], grid[4], grid[5], grid[6]
    for left in range(0, outputs, width):
        weights = (group * ((outputs - 1) // width + 1) + left // width) * panel + grid[9]
        bias_row = tile.load_part(row, bias, group * outputs + left, 0, 1, outputs - left if bias.size > 0 else 0)
        for chunk in range(grid[7], grid[8]):
            for i in range(first, last):
                for j in range(0, columns, height):
                    here = start + i * row_step + j * pixel_step + left
                    whole = j + height <= columns and left + width <= outputs
                    t = blank
                    if chunk > grid[7]:
                        if whole:
                            t = tile.load(t, y, here, pixel_step)
                        else:
                            t = tile.load_part(t, y, here, pixel_step, columns - j, outputs - left)
                    read = at + (i - first) * row_stride + j * pixel_stride
                    for _ in range(layout[17]):
                        tile.prefetch(x, ahead)
                        ahead += LINE
                    deep = weights
                    for piece in range(chunks[chunk], chunks[chunk + 1]):
                        a = read + pieces[piece, 0]
                        for k in range(pieces[piece, 1]):
                            t = tile.outer(t, room, a + k, pixel_stride, room, deep + k * width)
                        deep += pieces[piece, 1] * width
                    if chunk + 1 == grid[8]:
                        t = tile.add_row(t, bias_row)
                        if code == RELU:
                            t = tile.relu(t)
                        elif code == LEAKY_RELU:
                            t = tile.leaky_relu(t, slope)
                    if whole:
                        tile.store(t, y, here, pixel_step)
                    else:
                        tile.store_part(t, y, here, pixel_step, columns - j, outputs - left)
            for piece in range(chunks[chunk], chunks[chunk + 1]):
                weights += pieces[piece, 1] * width
    return ahead
