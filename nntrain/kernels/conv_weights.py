"""The gradient of a convolution's weight: for each place of the kernel, what it read times what came of it, over all pixels.

A tile is a few neighbouring values of a run of the kernel x a panel of filters; it takes in the pixels of a block, whose
gradients stay in the first-level cache while the tiles go by. The batch is cut into parts by its size alone, each with sums
of its own, so that any number of threads adds in the same order; threads beyond these share out the panels of a part.
"""

import numpy as np

from nntrain.kernels import tile
from nntrain.kernels.conv_plan import SHORT, SLIM, Weights
from nntrain.kernels.conv_source import copy_image, prefetch
from nntrain.kernels.jit import inline, kernel, prange
from nntrain.kernels.tile import ROWS, VECTORS


@kernel
def weight_sums(sums, x, dy, room, layout, source, runs):
    """sums (parts, depth, filters), x and dy (values,): the gradient that each part of the batch gives."""
    for worker in prange(layout[0]):
        _units(np.int64(worker), sums, x, dy, room, layout, source, runs)


@kernel
def add_parts(dw, sums, parts):
    """dw = the sum of the parts, in their order."""
    for i in prange(dw.size):
        total = sums[i]
        for part in range(1, parts):
            total += sums[part * dw.size + i]
        dw[i] = total


@inline
def _units(worker, sums, x, dy, room, layout, source, runs):
    """The panels of parts of the batch that one worker adds up."""
    p = Weights(
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
        layout[19],
        layout[20],
        layout[21],
    )
    at, panels, units = worker * p.own, (p.filters - 1) // p.width + 1, p.parts * p.splits
    ahead = np.empty(2, np.int64)  # in x and in dy
    for unit in range(worker * units // p.workers, (worker + 1) * units // p.workers):
        part, split = unit // p.splits, unit % p.splits
        begin, end = part * p.rows // p.parts, (part + 1) * p.rows // p.parts
        for group in range(p.groups):
            for image in range(begin, end, p.held):
                count = min(p.held, end - image)
                ahead[0], ahead[1] = (
                    (image + count) * p.values,
                    (image + count) * p.output * p.columns * p.total,
                )
                for i in range(count):
                    copy_image(room, at + i * p.image, x, image + i, group, 0, source[3], source)
                for panel in range(split * panels // p.splits, (split + 1) * panels // p.splits):
                    for line in range(0, count * p.output, p.lines):
                        _block(
                            sums,
                            x,
                            dy,
                            ahead,
                            room,
                            at,
                            part,
                            group,
                            image,
                            panel * p.width,
                            line,
                            min(line + p.lines, count * p.output),
                            image == begin and line == 0,
                            p,
                            runs,
                        )


@inline
def _block(sums, x, dy, ahead, room, at, part, group, image, left, line, end, fresh, p, runs):
    """Adds lines ... end - 1 of the images from `image` on, to one panel of a part's sums; `fresh`: sets it to them."""
    vector, step, filters = tile.zeros(dy, 1, 1), tile.lanes(dy), p.filters - left
    gradients = at + p.own - p.lines * p.columns * p.width
    start = (image * p.output + line) * p.columns * p.total + group * p.filters + left
    for pixel in range((end - line) * p.columns):
        for j in range(0, p.width, step):
            if j + step <= filters:
                values = tile.load(vector, dy, start + pixel * p.total + j, 0)
            else:
                values = tile.load_part(vector, dy, start + pixel * p.total + j, 0, 1, filters - j)
            tile.store(values, room, gradients + pixel * p.width + j, 0)
    for number in range(runs.shape[0]):
        run = runs[number]
        start = (part * p.depth + run[2]) * p.total + group * p.filters + left
        if p.kind == 0:
            _run(
                tile.zeros(dy, ROWS, VECTORS),
                sums,
                start,
                x,
                dy,
                ahead,
                room,
                at + run[0],
                gradients,
                run[1],
                filters,
                line,
                end,
                fresh,
                p,
            )
        elif p.kind == 1:
            _run(
                tile.zeros(dy, SHORT, VECTORS),
                sums,
                start,
                x,
                dy,
                ahead,
                room,
                at + run[0],
                gradients,
                run[1],
                filters,
                line,
                end,
                fresh,
                p,
            )
        else:
            _run(
                tile.zeros(dy, SLIM, 1),
                sums,
                start,
                x,
                dy,
                ahead,
                room,
                at + run[0],
                gradients,
                run[1],
                filters,
                line,
                end,
                fresh,
                p,
            )


@inline
def _run(blank, sums, start, x, dy, ahead, room, at, gradients, length, filters, line, end, fresh, p):
    """One run of `length` values of the kernel, over all pixels of the block; sums[start] is the first one's."""
    for m in range(0, length, p.height):
        here = start + m * p.total
        whole = m + p.height <= length and p.width <= filters
        t = blank
        if not fresh and whole:
            t = tile.load(t, sums, here, p.total)
        elif not fresh:
            t = tile.load_part(t, sums, here, p.total, length - m, filters)
        prefetch(x, ahead, 0, p.fetch_x)
        prefetch(dy, ahead, 1, p.fetch_dy)
        image, i = line // p.output, line % p.output
        factors = gradients
        for _ in range(line, end):
            values = at + image * p.image + i * p.row_stride + m
            for j in range(p.columns):
                t = tile.outer(t, room, values + j * p.pixel_stride, 1, room, factors + j * p.width)
            factors += p.columns * p.width
            i += 1
            if i == p.output:
                image, i = image + 1, 0
        if whole:
            tile.store(t, sums, here, p.total)
        else:
            tile.store_part(t, sums, here, p.total, length - m, filters)
