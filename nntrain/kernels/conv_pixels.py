"""Pixels of a convolution: its output, or the gradient of its input, as conv_plan.pixels lays them out.

A tile is a few neighbouring pixels x a panel of the outputs. What its pixels read lies at one distance from pixel to pixel,
so that it is used where the padded copy of the image has it. A chunk of a panel's weights stays in the first-level cache
while all pixels go by, and the sums so far wait in the output. Every value is one chain of multiply-adds in the order of
the kernel's places, so that neither threads nor tiles change a bit of it.
"""

import numpy as np

from nntrain.kernels import tile
from nntrain.kernels.conv_plan import SHORT, SLIM, Pixels
from nntrain.kernels.conv_source import copy_image, prefetch
from nntrain.kernels.jit import inline, kernel, prange
from nntrain.kernels.matmul import LEAKY_RELU, RELU
from nntrain.kernels.tile import ROWS, VECTORS


@kernel
def pack_forward(room, w, taps, groups, filters, channels, width, panel):
    """room[panel p of group g][tap, channel][j] = w[tap, channel, filter p * width + j of g]; w (taps, channels, all filters)."""
    total, panels = groups * filters, (filters - 1) // width + 1
    vector, step = tile.zeros(w, 1, 1), tile.lanes(w)
    for part in prange(groups * panels):
        group, left = np.int64(part) // panels, np.int64(part) % panels * width
        for k in range(taps.size * channels):
            for j in range(0, width, step):
                start = k * total + group * filters + left + j
                values = tile.load_part(vector, w, start, 0, 1, filters - left - j)
                tile.store(values, room, part * panel + k * width + j, 0)


@kernel
def pack_gradient(room, w, taps, groups, filters, channels, width, panel):
    """room[panel p of group g][tap, filter][j] = w[tap, channel p * width + j, filter of g], taps in the order given."""
    total, panels, step = groups * filters, (channels - 1) // width + 1, tile.lanes(w)
    for part in prange(groups * panels):
        group, left = np.int64(part) // panels, np.int64(part) % panels * width
        for tap in range(taps.size):
            start = (taps[tap] * channels + left) * total + group * filters
            for k in range(
                0, filters, step
            ):  # may write beyond the tap's last filter, where the next tap's will be
                for j in range(0, width, step):
                    tile.transpose(
                        room,
                        part * panel + (tap * filters + k) * width + j,
                        width,
                        w,
                        start + k,
                        total,
                        j,
                        channels - left,
                        filters - k,
                    )


@kernel
def pixels(y, x, bias, room, layout, source, grids, chunks, pieces, code, slope):
    """y and x (values,), bias (outputs,) or empty; room holds the packed weights; the tables are those of conv_plan.pixels."""
    for worker in prange(layout[0]):
        _units(np.int64(worker), y, x, bias, room, layout, source, grids, chunks, pieces, code, slope)


@inline
def _units(worker, y, x, bias, room, layout, source, grids, chunks, pieces, code, slope):
    """The sets of images, or bands of one image, of one worker."""
    p = Pixels(
        layout[0],
        layout[1],
        layout[2],
        layout[3],
        layout[4],
        layout[5],
        layout[6],
        layout[7],
        layout[8],
        layout[9],
        layout[10],
        layout[11],
        layout[12],
        layout[13],
        layout[14],
        layout[15],
        layout[16],
        layout[17],
        layout[18],
    )
    at, units = p.images + worker * p.own, p.sets * p.bands
    ahead = np.empty(1, np.int64)
    for unit in range(worker * units // p.workers, (worker + 1) * units // p.workers):
        number, band = unit // p.bands, unit % p.bands
        image, end = number * p.rows // p.sets, (number + 1) * p.rows // p.sets
        top, bottom = band * p.longest // p.bands, (band + 1) * p.longest // p.bands
        ahead[0] = (end - 1) * p.values + (band + 1) * p.values // p.bands
        for group in range(p.groups):
            for i in range(image, end):
                copy_image(
                    room,
                    at + (i - image) * p.held,
                    x,
                    i,
                    group,
                    top * p.stride,
                    min((bottom - 1) * p.stride + p.reach, source[3]),
                    source,
                )
            for number in range(grids.shape[0]):
                grid = grids[number]
                start = image * p.written + group * p.outputs + grid[2]
                if p.kind == 0:
                    _sweep(
                        tile.zeros(y, ROWS, VECTORS),
                        tile.zeros(y, 1, VECTORS),
                        y,
                        start,
                        x,
                        ahead,
                        bias,
                        room,
                        at,
                        group,
                        end - image,
                        top,
                        bottom,
                        p,
                        grid,
                        chunks,
                        pieces,
                        code,
                        slope,
                    )
                elif p.kind == 1:
                    _sweep(
                        tile.zeros(y, SHORT, VECTORS),
                        tile.zeros(y, 1, VECTORS),
                        y,
                        start,
                        x,
                        ahead,
                        bias,
                        room,
                        at,
                        group,
                        end - image,
                        top,
                        bottom,
                        p,
                        grid,
                        chunks,
                        pieces,
                        code,
                        slope,
                    )
                else:
                    _sweep(
                        tile.zeros(y, SLIM, 1),
                        tile.zeros(y, 1, 1),
                        y,
                        start,
                        x,
                        ahead,
                        bias,
                        room,
                        at,
                        group,
                        end - image,
                        top,
                        bottom,
                        p,
                        grid,
                        chunks,
                        pieces,
                        code,
                        slope,
                    )


@inline
def _sweep(
    blank,
    row,
    y,
    start,
    x,
    ahead,
    bias,
    room,
    at,
    group,
    images,
    top,
    bottom,
    p,
    grid,
    chunks,
    pieces,
    code,
    slope,
):
    """Rows top ... bottom - 1 of one grid of a few images, with tiles like `blank`; y[start] is the first image's."""
    columns, row_step, pixel_step, row_stride, pixel_stride = grid[1], grid[3], grid[4], grid[5], grid[6]
    first_chunk, end_chunk = grid[7], grid[8]
    count = min(bottom, grid[0]) - top
    for left in range(0, p.outputs, p.width):
        panel = (group * ((p.outputs - 1) // p.width + 1) + left // p.width) * p.panel + grid[9]
        bias_row = tile.load_part(
            row, bias, group * p.outputs + left, 0, 1, p.outputs - left if bias.size > 0 else 0
        )
        for chunk in range(first_chunk, end_chunk):
            weights = panel
            for line in range(images * count):
                image, i = line // count, line % count
                for j in range(0, columns, p.height):
                    here = start + image * p.written + (top + i) * row_step + j * pixel_step + left
                    whole = j + p.height <= columns and left + p.width <= p.outputs
                    t = blank
                    if chunk > first_chunk:
                        if whole:
                            t = tile.load(t, y, here, pixel_step)
                        else:
                            t = tile.load_part(t, y, here, pixel_step, columns - j, p.outputs - left)
                    prefetch(x, ahead, 0, p.fetch)
                    read = at + image * p.held + i * row_stride + j * pixel_stride
                    weights = panel
                    for piece in range(chunks[chunk], chunks[chunk + 1]):
                        a = read + pieces[piece, 0]
                        for k in range(pieces[piece, 1]):
                            t = tile.outer(t, room, a + k, pixel_stride, room, weights + k * p.width)
                        weights += pieces[piece, 1] * p.width
                    if chunk + 1 == end_chunk:
                        t = tile.add_row(t, bias_row)
                        if code == RELU:
                            t = tile.relu(t)
                        elif code == LEAKY_RELU:
                            t = tile.leaky_relu(t, slope)
                    if whole:
                        tile.store(t, y, here, pixel_step)
                    else:
                        tile.store_part(t, y, here, pixel_step, columns - j, p.outputs - left)
            panel = weights
