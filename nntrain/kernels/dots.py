"""Matrix products of bfloat16 by VDPBF16PS, which adds two products of a pair of values to a float32 at once.

As `matmul`, whose plan and epilogues it uses, but both operands are always packed: as pairs of neighbouring k, an odd last one
with a 0. A value is one chain in the order of k, so no choice of blocks or threads changes a bit.
"""

import numpy as np

from nntrain.kernels import matmul, tile
from nntrain.kernels.jit import Called, inline, kernel, prange, template
from nntrain.kernels.matmul import TOGETHER
from nntrain.kernels.packing import SLACK
from nntrain.kernels.product_tile import Operands, Place, Span, finish, short_tiles
from nntrain.kernels.tile import ROWS, SHORT_ROWS, VECTORS


@kernel  # as `matmul._product`
def product(c, a, b, extra, workspace, plan, code, slope):
    for worker in prange(matmul.named(plan).workers):
        blocks(np.int64(worker), c, a, b, extra, workspace, plan, code, slope)


@inline
def blocks(worker, c, a, b, extra, workspace, plan, code, slope):
    """The blocks of c that one worker computes, with its part of the workspace, an array of uint32, for packing."""
    p = matmul.named(plan)
    tall, short, width = tile.height(c), tile.short_height(c), tile.width(c)
    units, panels, count = (p.m - 1) // short + 1, (p.n - 1) // width + 1, p.row_blocks * p.column_blocks
    factor, at_c = c.dtype.type(slope), tile.address(c, 0)
    at_extra = tile.address(extra, 0) if extra.size > 0 else 0
    panel, group = worker * p.own, min(TOGETHER, panels) * width if p.b_column == 1 else width
    packed = panel + (p.depth + SLACK) * group
    for block in range(worker * count // p.workers, (worker + 1) * count // p.workers):
        row, column = block // p.column_blocks, block % p.column_blocks
        top = row * units // p.row_blocks * short
        bottom = min(p.m, (row + 1) * units // p.row_blocks * short)
        left = column * panels // p.column_blocks * width
        right = (column + 1) * panels // p.column_blocks * width
        shorts = short_tiles(bottom - top, tall, short)
        for k0 in range(0, max(p.k, 1), p.depth):
            deep = min(p.depth, p.k - k0)
            for j in range(left, right, width):
                if (j - left) % group == 0:
                    start, columns = k0 * p.b_row + j * p.b_column, min(p.n, right) - j
                    _pack(workspace, panel, group, b, start, p.b_column, p.b_row, columns, deep)
                first_b = tile.address(workspace, panel + (j - left) % group)
                i = top
                while i < bottom:
                    height = tall if bottom - i > shorts * short else short
                    here = packed + (i - top) * ((p.depth + 1) // 2)
                    if j == left:
                        start = i * p.a_row + k0 * p.a_column
                        _pack(workspace, here, height, a, start, p.a_row, p.a_column, p.m - i, deep)
                    operands = Operands(tile.address(workspace, here), 1, height, first_b, group)
                    place, span = Place(at_c, i, j, p.m, p.n), Span(k0, deep, p.k)
                    if height == tall:
                        _tall_tile(factor, place, operands, span, at_extra, code)
                    else:
                        _short_tile(factor, place, operands, span, at_extra, code)
                    i += height


alone = Called(blocks)


@inline
def _tall_tile(slope, place, operands, span, extra, code):
    zeros = tile.zeros(slope, ROWS, VECTORS), tile.zeros(slope, 1, VECTORS)
    _tile(zeros, slope, place, operands, span, extra, code)


@inline
def _short_tile(slope, place, operands, span, extra, code):
    zeros = tile.zeros(slope, SHORT_ROWS, VECTORS), tile.zeros(slope, 1, VECTORS)
    _tile(zeros, slope, place, operands, span, extra, code)


@template
def _tile(zeros, slope, place, operands, span, extra, code):
    """As `product_tile._tile`, of `deep` products."""
    t, row = zeros
    c, i, j, m, n = place
    if span.k0 > 0:
        t = tile.load_part(t, c, i * n + j, n, min(m - i, tile.rows(t)), min(n - j, tile.columns(t)))
    for s in range((span.deep + 1) // 2):
        t = tile.outer_pairs(t, operands.a, s * operands.a_step, operands.b, s * operands.b_step)
    finish(t, row, slope, place, span, extra, code)


@inline
def _pack(workspace, at, width, source, start, stride, step, count, deep):
    """As `packing.copy`: workspace[at + s*width + i] = the pair of source[start + i*stride + k*step] for k = 2s and 2s + 1."""
    if step == 1:
        group = tile.lanes(source)
        for g in range((width - 1) // group * group, -1, -group):
            for k in range(0, deep, 2 * group):
                to = at + k // 2 * width + g
                tile.transpose_pairs(workspace, to, width, source, start + k, stride, g, count, deep - k)
    else:
        group, row = tile.width(source), tile.zeros(source, 1, VECTORS)
        for k in range(0, deep, 2):
            for g in range(0, width, group):
                here, columns = start + k * step + g, count - g
                first = tile.load_part(row, source, here, 0, 1, columns)
                second = tile.load_part(row, source, here + step, 0, 1, columns if k + 1 < deep else 0)
                tile.store_pairs(first, second, workspace, at + k // 2 * width + g)
