"""Convolution with 3x3 kernels and stride 1 over many channels, by Winograd's F(4x4, 3x3): a quarter of the multiplications.

The output is split into tiles of 4x4 pixels. In the notation of Lavin & Gray (2016, arXiv 1509.09308), U is the transformed
weights, V the transformed inputs, M their products over the channels: one matrix product at each of 36 points. A block of
tiles is the work of one thread, with its own V and M, which stay in its L2 cache; U is computed once per call.

A value of M is one chain of multiply-adds in the order of the channels. A value of dU is one in the order of the tiles, for
each of a number of chunks that depends on the sizes only. So no choice of blocks or threads changes a bit.
"""

import functools
from typing import NamedTuple

import numba
import numpy as np

from nntrain.kernels import host, scratch, tile
from nntrain.kernels.conv import winograd_transforms
from nntrain.kernels.conv.winograd_transforms import IN, OUT, POINTS, TAPS
from nntrain.kernels.jit import inline, kernel, prange
from nntrain.kernels.product_tile import NONE
from nntrain.kernels.rounding import operands
from nntrain.kernels.tile import ROWS, VECTORS

# Bytes of a block's V and M, which share an L2 cache (2 MiB here) with U. A block has at least two register tiles' rows, or
# a panel of U would be loaded too often, and at most four.
BLOCK_BYTES = 640 << 10
FEWEST, MOST = 2 * ROWS, 4 * ROWS
# While register tiles are computed, what is needed next is prefetched into the L2 cache: the pixels to write and then those to read,
# or where U exceeds this, the next panel of U. Measured on 128 rows: 2.35 -> 1.7 ms for 16 channels of 32x32 pixels, 1.4 -> 1.05
# for 32 of 16x16, the weight gradient 2.1 -> 1.85 and 1.3 -> 1.1; and with the next panel of U 15% for 256 channels.
U_BYTES = 1 << 20
# Bytes of filters in M: so many are computed, then transformed back, before the next ones.
COLUMN_BYTES = 1024
# An area of dU, the work of one thread, has so many bytes of channels by as many of filters: 64x64 of float32, 576 KiB
# (measured: 5% faster than 128x64, although more is transformed twice).
AREA_BYTES = 256
# Channels of a register tile of dU. 14 are up to 10% faster than 8 for 64 channels, but a fifth slower for 16 and 32.
GROUP = min(ROWS, 8)
# The weight gradient sums chunks of tiles separately until there are so many tasks, but no chunk has fewer tiles than this.
TASKS, CHUNK_TILES = 16, 256


class Plan(NamedTuple):
    """How an output or an input gradient is split; sizes in values of the workspace."""

    rotated: bool  # the weights, by 180 degrees: for the input gradient
    workers: int
    blocks: int
    most: int  # tiles of a block, at most
    wide: int  # columns of M
    top: int  # padding
    left: int
    u: int  # size of U
    own: int  # size of each worker's memory
    ahead: bool  # prefetches pixels, not U


class GradientPlan(NamedTuple):
    """How a weight gradient is split; sizes in values of the workspace."""

    workers: int
    chunks: int
    deep: int  # channels of an area
    wide: int  # filters of an area
    most: int  # tiles at a time
    top: int  # padding
    left: int
    parts: int  # size of all chunks' gradients
    own: int  # size of each worker's memory
    ahead: bool  # prefetches pixels, which a single area reads whole


def forward(
    y: np.ndarray,
    x: np.ndarray,
    w: np.ndarray,
    b: np.ndarray,
    padding: tuple[int, int],
    epilogue: tuple[int, float] = (NONE, 0.0),
    bfloat16: bool = False,
) -> None:
    """y (R, OH, OW, N) = f(x (R, H, W, C) convolved with w (3, 3, C, N) + b (N,)); an empty `b` is none.

    `padding`: rows of zeros above x, and columns to its left; the padding below and to the right follows from the size of y.
    `epilogue`: the code of f, and its slope, as in `matmul`. `bfloat16`: x and w are rounded before they are transformed, so the
    result is that of any algorithm with float32 sums. Rounding V and U instead would take as long, and lose more digits.
    """
    _convolve(y, operands(x, bfloat16), operands(w, bfloat16), b, padding, False, epilogue)


def input_gradient(
    dx: np.ndarray,
    dy: np.ndarray,
    w: np.ndarray,
    padding: tuple[int, int],
    b: np.ndarray | None = None,
    epilogue: tuple[int, float] = (NONE, 0.0),
    bfloat16: bool = False,
) -> None:
    """dx (R, H, W, C) = f(dy (R, OH, OW, N) convolved with w (3, 3, C, N) rotated by 180 degrees + b (C,)), as in `forward`."""
    top, left = padding
    b = np.empty(0, w.dtype) if b is None else b
    before = TAPS - 1 - top, TAPS - 1 - left
    _convolve(dx, operands(dy, bfloat16), operands(w, bfloat16), b, before, True, epilogue)


def weight_gradient(
    dw: np.ndarray, x: np.ndarray, dy: np.ndarray, padding: tuple[int, int], bfloat16: bool = False
) -> None:
    """dw (3, 3, C, N), from x (R, H, W, C) and dy (R, OH, OW, N); `padding` as in `forward`.

    This is the derivative of the transforms: dM = A dy Aᵀ, dU = Vᵀ @ dM summed over the tiles, dw = Gᵀ dU G.
    """
    plan, size = _gradient_plan(dy.shape, x.shape, padding, numba.get_num_threads(), dw.itemsize)
    workspace = scratch.buffer(dw.dtype, size)
    x, dy = operands(x, bfloat16), operands(dy, bfloat16)
    _accumulate.parallel(workspace if plan.chunks > 1 else dw.reshape(-1), x, dy, workspace, tuple(plan))
    if plan.chunks > 1:
        _sum_chunks.parallel(dw, workspace, plan.chunks)


def _convolve(y, x, w, b, padding, rotated, epilogue):
    plan, size = _plan(y.shape, x.shape, padding, rotated, numba.get_num_threads(), y.itemsize)
    workspace = scratch.buffer(y.dtype, size)
    _transform_weights.parallel(workspace, w, tuple(plan))
    _blocks.parallel(y, x, b, workspace, tuple(plan), *epilogue)


@functools.lru_cache(maxsize=4096)
def _plan(
    out: tuple, into: tuple, padding: tuple, rotated: bool, workers: int, itemsize: int
) -> tuple[Plan, int]:
    """The plan, and the size of the workspace."""
    rows, height, across, filters = out
    channels, lanes = into[3], host.VECTOR_BYTES // itemsize
    tiles = rows * _share(height, OUT) * _share(across, OUT)
    wide = min(_up(filters, lanes), COLUMN_BYTES // itemsize)
    blocks = _up(max(1, _share(tiles, _most_tiles(channels + wide, itemsize))), workers)
    most = _up(_share(tiles, blocks), ROWS)
    u = POINTS * channels * _up(filters, lanes)
    own = POINTS * lanes + most * (POINTS * (_up(channels, lanes) + wide) + 2 * lanes)
    for_weights = _share(channels, lanes) * (TAPS * TAPS * lanes + TAPS * IN) * lanes
    ahead = u * itemsize <= U_BYTES
    plan = Plan(rotated, workers, blocks, most, wide, *padding, u, own, ahead)
    return plan, u + max(workers * own, for_weights)


@functools.lru_cache(maxsize=4096)
def _gradient_plan(
    out: tuple, into: tuple, padding: tuple, workers: int, itemsize: int
) -> tuple[GradientPlan, int]:
    """The plan, and the size of the workspace."""
    rows, height, across, filters = out
    channels, lanes = into[3], host.VECTOR_BYTES // itemsize
    tiles = rows * _share(height, OUT) * _share(across, OUT)
    deep, wide = (min(_up(size, lanes), AREA_BYTES // itemsize) for size in (channels, filters))
    chunks = min(_share(TASKS, _share(channels, deep) * _share(filters, wide)), max(1, tiles // CHUNK_TILES))
    most = _most_tiles(deep + wide, itemsize)
    parts = _up(chunks * TAPS * TAPS * channels * filters, lanes)
    own = POINTS * lanes + most * (POINTS * (deep + wide) + 2 * lanes) + POINTS * _up(deep, GROUP) * wide
    ahead = deep >= channels and wide >= filters
    plan = GradientPlan(workers, chunks, deep, wide, most, *padding, parts, own, ahead)
    return plan, parts + workers * own


def _most_tiles(channels: int, itemsize: int) -> int:
    """How many tiles a block may have that holds so many channels for each tile and point."""
    return min(max(BLOCK_BYTES // (POINTS * channels * itemsize), FEWEST), MOST) // ROWS * ROWS


def _share(whole: int, parts: int) -> int:
    """whole / parts, rounded up."""
    return -(-whole // parts)


def _up(size: int, unit: int) -> int:
    return _share(size, unit) * unit


@kernel
def _transform_weights(workspace, w, plan):
    """U (point, panel of columns, channel, column of the panel), at the start of the workspace.

    Rotated, its channels are w's filters and its columns w's channels, and taps come in reverse.
    """
    plan = Plan(*plan)
    taps, tap, filters = TAPS * TAPS, w.shape[2] * w.shape[3], w.shape[3]
    channels, columns = (w.shape[3], w.shape[2]) if plan.rotated else (w.shape[2], w.shape[3])
    lanes, width = tile.lanes(w), tile.width(w)
    padded = (columns + lanes - 1) // lanes * lanes
    point = channels * padded
    square = lanes * lanes
    for block in prange((channels + lanes - 1) // lanes):
        c0, c1 = block * lanes, min(channels, (block + 1) * lanes)
        squares = plan.u + block * (taps * lanes + TAPS * IN) * lanes
        lines = squares + taps * square
        for n in range(0, columns, lanes):
            if plan.rotated:
                for t in range(taps):
                    here, source = squares + t * square, (taps - 1 - t) * tap + n * filters + c0
                    tile.transpose(workspace, here, lanes, w, source, filters, 0, columns - n, channels - c0)
            panel = n // width * width
            to = panel * channels + n - panel
            for c in range(c0, c1):
                here = to + c * min(width, padded - panel)
                if plan.rotated:
                    at = squares + (c - c0) * lanes
                    taps_at = workspace, at, square
                    winograd_transforms.weights(workspace, here, point, lines, taps_at, columns - n, w)
                else:
                    at = c * filters + n
                    winograd_transforms.weights(workspace, here, point, lines, (w, at, tap), columns - n, w)


@inline
def _place(number, high, across):
    """The image of a tile, and the tile's row and column in it."""
    return number // (high * across), number // across % high, number % across


@inline
def _lines_of(image, number, high, across):
    """Where the rows of pixels that hold a tile begin in x, y, dx or dy."""
    row, i, _ = _place(number, high, across)
    return (row * image.shape[1] + i * OUT) * image.shape[2] * image.shape[3]


@inline
def _coming(at, first, start, count, second, begin, more):
    """The address of value `at` of `count` values of one array, then `more` of another: what to prefetch. Beyond, the end's."""
    if at < count:
        return tile.address(first, start + at)
    return tile.address(second, begin + min(at - count, more))


@kernel
def _blocks(y, x, b, workspace, plan, code, slope):
    """y from x and U, block by block of tiles."""
    p = Plan(*plan)
    for worker in prange(p.workers):
        channels, filters = x.shape[3], y.shape[3]
        high, across = (y.shape[1] + OUT - 1) // OUT, (y.shape[2] + OUT - 1) // OUT
        tiles = y.shape[0] * high * across
        lanes, width = tile.lanes(y), tile.width(y)
        u_point = p.u // POINTS
        # V and M (tile, point, channel): a transform reads or writes in order. A vector between two tiles keeps them out of
        # the same cache set: a 12-way set cannot hold the 14 rows that a register tile reads.
        lines = p.u + worker * p.own
        v, v_point = lines + POINTS * lanes, (channels + lanes - 1) // lanes * lanes
        v_tile = POINTS * v_point + lanes
        m, m_tile = v + p.most * v_tile, POINTS * p.wide + lanes
        for block in range(worker * p.blocks // p.workers, (worker + 1) * p.blocks // p.workers):
            first, last = block * tiles // p.blocks, (block + 1) * tiles // p.blocks
            for number in range(first, last):
                row, i, j = _place(number, high, across)
                image, to = (row, i * OUT - p.top, j * OUT - p.left), v + (number - first) * v_tile
                winograd_transforms.inputs(workspace, to, v_point, lines, x, image, 0, channels)
            pixels, steps, call = OUT * OUT * (last - first), (last - first + ROWS - 1) // ROWS * channels, 0
            for n0 in range(0, filters, p.wide):
                n1 = min(filters, n0 + p.wide)
                for point in range(POINTS):
                    for n in range(n0, n1, width):
                        to, panel = m + point * p.wide + n - n0, point * u_point + n * channels
                        sizes, a = (last - first, channels), (v + point * v_point, v_tile)
                        ahead = tile.address(workspace, panel + channels * width)
                        if p.ahead:
                            ahead = _coming(
                                call * steps * lanes,
                                y,
                                _lines_of(y, first, high, across),
                                pixels * filters,
                                x,
                                _lines_of(x, last, high, across),
                                pixels * channels,
                            )
                        call += 1
                        if n1 - n > lanes:
                            t = tile.zeros(y, ROWS, VECTORS)
                            _multiply(workspace, (to, m_tile), a, (panel, width), t, sizes, ahead)
                        else:
                            one = tile.zeros(y, ROWS, 1)
                            _multiply(workspace, (to, m_tile), a, (panel, lanes), one, sizes, ahead)
                for number in range(first, last):
                    row, i, j = _place(number, high, across)
                    image, source = (row, i * OUT, j * OUT), m + (number - first) * m_tile
                    winograd_transforms.outputs(
                        y, image, n0, n1, b, (code, slope), workspace, source, p.wide, lines
                    )


@inline
def _multiply(workspace, m, v, u, none, sizes, ahead):
    """m[s, n] = sum over c of v[s, c] * u[c, n] for sizes (tiles, channels) and one panel of columns.

    m, v, u: offset and row stride. `none`: a register tile as wide as the panel. One vector is prefetched per step, from the
    address `ahead` on; two rows of register tiles cover a panel of u that is two vectors wide.
    """
    (m, m_tile), (v, v_tile), (u, u_step), (tiles, channels) = m, v, u, sizes
    lanes, vector = tile.lanes(workspace), tile.zeros(workspace, 1, 1)
    for s in range(0, tiles, ROWS):
        t = tile.cleared(none)
        for c in range(channels):
            tile.prefetch(vector, ahead, (s // ROWS * channels + c) * lanes, 0)
            t = tile.outer(t, workspace, v + s * v_tile + c, v_tile, workspace, u + c * u_step)
        tile.store(t, workspace, m + s * m_tile, m_tile)


@kernel
def _accumulate(parts, x, dy, workspace, plan):
    """parts (chunks, 3, 3, C, N): the gradient of w for each chunk of tiles. A task is one area of it, channels by filters."""
    p = GradientPlan(*plan)
    for worker in prange(p.workers):
        channels, filters = x.shape[3], dy.shape[3]
        high, across = (dy.shape[1] + OUT - 1) // OUT, (dy.shape[2] + OUT - 1) // OUT
        tiles = dy.shape[0] * high * across
        lanes, width, tap = tile.lanes(x), tile.width(x), channels * filters
        areas_down, areas_across = (channels + p.deep - 1) // p.deep, (filters + p.wide - 1) // p.wide
        tasks = p.chunks * areas_down * areas_across
        lines = p.parts + worker * p.own
        v, v_tile = lines + POINTS * lanes, POINTS * p.deep + lanes
        dm, dm_tile = v + p.most * v_tile, POINTS * p.wide + lanes
        du, du_point = dm + p.most * dm_tile, (p.deep + GROUP - 1) // GROUP * GROUP * p.wide
        for task in range(worker * tasks // p.workers, (worker + 1) * tasks // p.workers):
            chunk, down, aside = _place(task, areas_down, areas_across)
            c0, n0 = down * p.deep, aside * p.wide
            c1, n1 = min(channels, c0 + p.deep), min(filters, n0 + p.wide)
            begin, end = chunk * tiles // p.chunks, (chunk + 1) * tiles // p.chunks
            # Once even where there are no tiles: dU is 0 then.
            for first in range(begin, max(end, begin + 1), p.most):
                last = min(end, first + p.most)
                for number in range(first, last):
                    row, i, j = _place(number, high, across)
                    image, to = (row, i * OUT - p.top, j * OUT - p.left), v + (number - first) * v_tile
                    winograd_transforms.inputs(workspace, to, p.deep, lines, x, image, c0, c1)
                    image, to = (row, i * OUT, j * OUT), dm + (number - first) * dm_tile
                    winograd_transforms.output_gradients(workspace, to, p.wide, lines, dy, image, n0, n1)
                pixels, call = OUT * OUT * p.most, 0
                groups = (c1 - c0 + GROUP - 1) // GROUP
                count = groups * ((n1 - n0 + width - 1) // width) * POINTS
                share = (pixels * (channels + filters) // lanes + count - 1) // count if p.ahead else 0
                for point in range(POINTS):
                    for n in range(0, n1 - n0, width):
                        to, a = (du + point * du_point + n, p.wide), (v + point * p.deep, v_tile)
                        b = (dm + point * p.wide + n, dm_tile)
                        sizes, more = (c1 - c0, last - first), first > begin
                        ahead = tile.address(workspace, lines)
                        if p.ahead:
                            ahead = _coming(
                                call * share * groups * lanes,
                                x,
                                _lines_of(x, last, high, across),
                                pixels * channels,
                                dy,
                                _lines_of(dy, last, high, across),
                                pixels * filters,
                            )
                        call += 1
                        if n1 - n0 - n > lanes:
                            none = tile.zeros(x, GROUP, VECTORS)
                            _add_products(workspace, to, a, b, none, sizes, more, ahead, share)
                        else:
                            one = tile.zeros(x, GROUP, 1)
                            _add_products(workspace, to, a, b, one, sizes, more, ahead, share)
            for c in range(c0, c1):
                for n in range(n0, n1, lanes):
                    to = (chunk * TAPS * TAPS * channels + c) * filters + n
                    source = du + (c - c0) * p.wide + n - n0
                    winograd_transforms.weight_gradients(
                        parts, to, tap, filters - n, workspace, source, du_point, lines
                    )


@inline
def _add_products(workspace, du, v, dm, none, sizes, more, ahead, share):
    """du[c, n] = sum over tiles s of v[s, c] * dm[s, n], for sizes (channels, tiles) and one panel of columns.

    du, v, dm: offset and row stride. `more`: added to du. `share` vectors are prefetched per register tile, from the address
    `ahead` on: one per step, as in `_multiply`, cost more than it gained for 64 channels.
    """
    (du, du_row), (v, v_tile), (dm, dm_tile), (channels, tiles) = du, v, dm, sizes
    lanes, vector = tile.lanes(workspace), tile.zeros(workspace, 1, 1)
    for c in range(0, channels, GROUP):
        t = tile.cleared(none)
        if more:
            t = tile.load(none, workspace, du + c * du_row, du_row)
        for k in range(share):
            tile.prefetch(vector, ahead, (c // GROUP * share + k) * lanes, 0)
        for s in range(tiles):
            t = tile.outer(t, workspace, v + s * v_tile + c, 1, workspace, dm + s * dm_tile)
        tile.store(t, workspace, du + c * du_row, du_row)


@kernel
def _sum_chunks(dw, parts, chunks):
    """dw = the sum of `chunks` arrays of its size, which follow one another in `parts`."""
    filters, lanes, line = dw.shape[3], tile.lanes(dw), tile.zeros(dw, 1, 1)
    for row in prange(dw.size // filters):
        for n in range(0, filters, lanes):
            at = row * filters + n
            t = tile.load_part(line, parts, at, 0, 1, filters - n)
            for chunk in range(1, chunks):
                t = tile.add_row(t, tile.load_part(line, parts, chunk * dw.size + at, 0, 1, filters - n))
            tile.store_part(t, dw, at, 0, 1, filters - n)
