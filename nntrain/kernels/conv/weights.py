"""The gradient of a convolution's weight: for each tap of the kernel, the sum of x times dy over all pixels.

A tile is a few neighbouring values of a run of the kernel x a panel of filters; it accumulates over the pixels of a block,
whose gradients stay in the L1 cache for all tiles. The batch is split into parts by its size alone, each with its own sums,
so any number of threads adds in the same order; further threads split the panels of a part.
"""

from typing import NamedTuple

import numpy as np

from nntrain.kernels import tile
from nntrain.kernels.conv.layouts import SourceLayout, Weights
from nntrain.kernels.conv.plan import SHORT, SLIM
from nntrain.kernels.conv.source import copy_image, prefetch
from nntrain.kernels.jit import inline, kernel, prange
from nntrain.kernels.tile import ROWS, VECTORS


class Operands(NamedTuple):
    """What a worker reads and writes."""

    sums: np.ndarray  # (parts, depth, filters): the gradient that each part of the batch gives
    x: np.ndarray  # (values,)
    dy: np.ndarray  # (values,)
    workspace: np.ndarray
    runs: np.ndarray  # (runs, 3): offset in the source, length, first row of the gradient
    ahead: np.ndarray  # (2,): where in x and in dy to prefetch next


class Block(NamedTuple):
    """The pixels of lines line ... end - 1 of the images from `image` on, for one panel of a part's sums."""

    part: int
    group: int
    image: int
    left: int  # the panel's first filter
    line: int
    end: int
    copies: int  # of the images, in the workspace
    fresh: bool  # the sums are set, not added to


@kernel
def weight_sums(sums, x, dy, workspace, layout, source, runs):
    """Tables as plan.weights makes them; the rest as in Operands."""
    plan, source = Weights(*layout), SourceLayout(*source)
    for worker in prange(plan.workers):
        operands = Operands(sums, x, dy, workspace, runs, np.empty(2, np.int64))
        _units(np.int64(worker), operands, plan, source)


@kernel
def add_parts(dw, sums, parts):
    """dw = the sum of the parts, in their order."""
    for i in prange(dw.size):
        total = sums[i]
        for part in range(1, parts):
            total += sums[part * dw.size + i]
        dw[i] = total


@inline
def _units(worker, operands, p, source):
    """The panels of parts of the batch that one worker adds up."""
    at, panels, units = worker * p.own, (p.filters - 1) // p.width + 1, p.parts * p.splits
    workspace, x, ahead = operands.workspace, operands.x, operands.ahead
    for unit in range(worker * units // p.workers, (worker + 1) * units // p.workers):
        part, split = unit // p.splits, unit % p.splits
        begin, end = part * p.rows // p.parts, (part + 1) * p.rows // p.parts
        first, last = split * panels // p.splits, (split + 1) * panels // p.splits
        for group in range(p.groups):
            for image in range(begin, end, p.held):
                count = min(p.held, end - image)
                ahead[0] = (image + count) * p.values
                ahead[1] = (image + count) * p.output * p.columns * p.total
                for i in range(count):
                    copy_image(workspace, at + i * p.image, x, image + i, group, 0, source.rows, source)
                for panel in range(first, last):
                    for line in range(0, count * p.output, p.lines):
                        stop, fresh = min(line + p.lines, count * p.output), image == begin and line == 0
                        block = Block(part, group, image, panel * p.width, line, stop, at, fresh)
                        _block(operands, block, p)


@inline
def _block(operands, block, p):
    """Packs the gradients of a block's pixels, and adds the products of all runs of the kernel with them."""
    dy, workspace, runs = operands.dy, operands.workspace, operands.runs
    vector, step, filters = tile.zeros(dy, 1, 1), tile.lanes(dy), p.filters - block.left
    gradients = block.copies + p.own - p.lines * p.columns * p.width
    column = block.group * p.filters + block.left
    start = (block.image * p.output + block.line) * p.columns * p.total + column
    for pixel in range((block.end - block.line) * p.columns):
        for j in range(0, p.width, step):
            if j + step <= filters:
                values = tile.load(vector, dy, start + pixel * p.total + j, 0)
            else:
                values = tile.load_part(vector, dy, start + pixel * p.total + j, 0, 1, filters - j)
            tile.store(values, workspace, gradients + pixel * p.width + j, 0)
    for number in range(runs.shape[0]):
        offset, length, row = runs[number, 0], runs[number, 1], runs[number, 2]
        to = (block.part * p.depth + row) * p.total + column
        run = to, block.copies + offset, length, gradients
        if p.kind == 0:
            _run(tile.zeros(dy, ROWS, VECTORS), operands, run, block, p)
        elif p.kind == 1:
            _run(tile.zeros(dy, SHORT, VECTORS), operands, run, block, p)
        elif p.kind == 2:
            _run(tile.zeros(dy, SLIM, 1), operands, run, block, p)
        else:
            _run(tile.zeros(dy, SHORT, 1), operands, run, block, p)


@inline
def _run(blank, operands, run, block, p):
    """One run of `length` values of the kernel, over all pixels of the block; sums[to] is that of its first value."""
    sums, x, dy, workspace, _, ahead = operands
    to, source, length, gradients = run
    filters = p.filters - block.left
    for m in range(0, length, p.height):
        here = to + m * p.total
        whole = m + p.height <= length and p.width <= filters
        t = blank
        if not block.fresh and whole:
            t = tile.load(t, sums, here, p.total)
        elif not block.fresh:
            t = tile.load_part(t, sums, here, p.total, length - m, filters)
        prefetch(x, ahead, 0, p.fetch_x)
        prefetch(dy, ahead, 1, p.fetch_dy)
        image, i = block.line // p.output, block.line % p.output
        factors = gradients
        for _ in range(block.line, block.end):
            values = source + image * p.image + i * p.row_stride + m
            for j in range(p.columns):
                a, b = values + j * p.pixel_stride, factors + j * p.width
                t = tile.outer(t, workspace, a, 1, workspace, b)
            factors += p.columns * p.width
            i += 1
            if i == p.output:
                image, i = image + 1, 0
        if whole:
            tile.store(t, sums, here, p.total)
        else:
            tile.store_part(t, sums, here, p.total, length - m, filters)
