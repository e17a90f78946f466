"""The gradient of a convolution's weight: for each place of the kernel, what it read times what came of it, over all pixels.

A tile is a few neighbouring values of a run of the kernel's row x a panel of filters; it takes in the pixels of a block, whose
gradients stay in the first-level cache while the tiles go by. The batch is cut into parts by its size alone, each with sums
of its own, so that any number of threads adds in the same order; threads beyond these share out the panels of a part.
"""

import numpy as np

from nntrain.kernels import tile
from nntrain.kernels.conv_plan import SHORT, SLIM
from nntrain.kernels.conv_source import copy_image
from nntrain.kernels.jit import inline, kernel, prange
from nntrain.kernels.tile import ROWS, VECTORS


@kernel
def weight_sums(sums, x, dy, room, layout, source, runs):
    """sums (parts, depth, filters): the gradient that each part of the batch gives."""
    for worker in prange(layout[4]):
        _units(np.int64(worker), sums, x, dy, room, layout, source, runs)


@inline
def _units(worker, sums, x, dy, room, layout, source, runs):
    rows, groups, filters, workers, parts, splits = layout[0], layout[1], layout[2], layout[4], layout[5], layout[6]
    width, held, lines, output = layout[9], layout[11], layout[12], layout[14]
    panels, units = (filters - 1) // width + 1, parts * splits
    for unit in range(worker * units // workers, (worker + 1) * units // workers):
        part, split = unit // splits, unit % splits
        begin, end = part * rows // parts, (part + 1) * rows // parts
        for group in range(groups):
            for image in range(begin, end, held):
                count = min(held, end - image)
                for number in range(count):
                    copy_image(room, worker * layout[13] + number * layout[18], x, image + number, group, 0, source[3], source)
                for panel in range(split * panels // splits, (split + 1) * panels // splits):
                    for line in range(0, count * output, lines):
                        _block(part, group, panel * width, image, line, min(line + lines, count * output),
                               image == begin and line == 0, worker, sums, dy, room, layout, runs)


@inline
def _block(part, group, left, image, line, end, fresh, worker, sums, dy, room, layout, runs):
    """Adds lines ... end - 1 of the images from `image` on, to one panel of a part's sums; `fresh`: sets it to them."""
    filters, total, kind, width = layout[2], layout[3], layout[7], layout[9]
    output, columns = layout[14], layout[15]
    gradients = (worker + 1) * layout[13] - layout[12] * columns * width
    at = (image * output + line) * columns * total + group * filters + left
    row, step = tile.zeros(dy, 1, 1), tile.lanes(dy)
    for pixel in range((end - line) * columns):
        for j in range(0, width, step):
            values = tile.load_part(row, dy, at + pixel * total + j, 0, 1, filters - left - j)
            tile.store(values, room, gradients + pixel * width + j, 0)
    for run in range(runs.shape[0]):
        start = (part * layout[10] + runs[run, 2]) * total + group * filters + left
        if kind == 0:
            _run(tile.zeros(dy, ROWS, VECTORS), start, line, end, filters - left, fresh, worker, gradients, sums, room, layout,
                 runs[run])
        elif kind == 1:
            _run(tile.zeros(dy, SHORT, VECTORS), start, line, end, filters - left, fresh, worker, gradients, sums, room, layout,
                 runs[run])
        else:
            _run(tile.zeros(dy, SLIM, 1), start, line, end, filters - left, fresh, worker, gradients, sums, room, layout,
                 runs[run])


@inline
def _run(blank, start, line, end, filters, fresh, worker, gradients, sums, room, layout, run):
    """One run of the kernel's values, over all pixels of the block."""
    total, height, width = layout[3], layout[8], layout[9]
    output, columns, row_stride, pixel_stride = layout[14], layout[15], layout[16], layout[17]
    base = worker * layout[13] + run[0]
    for m in range(0, run[1], height):
        here = start + m * total
        whole = m + height <= run[1] and width <= filters
        t = blank
        if not fresh:
            if whole:
                t = tile.load(t, sums, here, total)
            else:
                t = tile.load_part(t, sums, here, total, run[1] - m, filters)
        dy = gradients
        for number in range(line, end):
            x = base + number // output * layout[18] + number % output * row_stride + m
            for j in range(columns):
                t = tile.outer(t, room, x + j * pixel_stride, 1, room, dy + j * width)
            dy += columns * width
        if whole:
            tile.store(t, sums, here, total)
        else:
            tile.store_part(t, sums, here, total, run[1] - m, filters)
