"""Convolution with 3x3 filters and stride 1 over many channels, by Winograd's F(4x4, 3x3): a quarter of the multiplications.

The output is cut into tiles of 4x4 pixels. In the letters of Lavin & Gray (2016, arXiv 1509.09308), U is the transformed
weights, V the transformed inputs, M their products over the channels: at each of 36 points one matrix product. A block of
tiles is the work of one thread, with a V and an M of its own that stay in its second-level cache; U is made once a call.

A value of M is one chain of multiply-adds in the order of the channels. A value of dU is one in the order of the tiles, for
each of a number of chunks that only the sizes decide. So no choice of blocks or threads changes a bit.
"""

import functools

import numba
import numpy as np

from nntrain.kernels import host, scratch, tile, winograd_transforms
from nntrain.kernels.jit import inline, kernel, prange
from nntrain.kernels.matmul import NONE
from nntrain.kernels.tile import ROWS, VECTORS
from nntrain.kernels.winograd_transforms import IN, OUT, POINTS, TAPS

# Bytes of a block's V and M, which share a second-level cache with U: of 2 MiB here. But at least two register tiles are
# filled with tiles, or a panel of U would be loaded too often, and at most four.
BLOCK_BYTES = 640 << 10
FEWEST, MOST = 2 * ROWS, 4 * ROWS
# Bytes of filters in M: so many are computed, then transformed back, before the next ones.
COLUMN_BYTES = 1024
# An area of dU, the work of one thread, has so many bytes of channels by as many of filters: 64x64 of float32, 576 KiB
# (measured: 5% faster than 128x64, although more is transformed twice).
AREA_BYTES = 256
# Channels of a register tile of dU. 14 are up to 10% faster than 8 for 64 channels, but a fifth slower for 16 and 32.
GROUP = min(ROWS, 8)
# The weight gradient sums chunks of tiles apart until there are so many tasks, unless chunks had fewer tiles than this.
TASKS, CHUNK_TILES = 16, 256


def forward(
    y: np.ndarray,
    x: np.ndarray,
    w: np.ndarray,
    b: np.ndarray,
    padding: tuple[int, int],
    epilogue: tuple[int, float] = (NONE, 0.0),
) -> None:
    """y (R, OH, OW, N) = f(x (R, H, W, C) convolved with w (3, 3, C, N) + b (N,)); an empty `b` is none.

    `padding`: how many rows of zeros stand above x, and how many columns to its left; how many stand below and to its right
    follows from the size of y. `epilogue`: the code of f, and its slope, as in `matmul`.
    """
    _convolve(y, x, w, b, padding, False, epilogue)


def input_gradient(
    dx: np.ndarray,
    dy: np.ndarray,
    w: np.ndarray,
    padding: tuple[int, int],
    b: np.ndarray | None = None,
    epilogue: tuple[int, float] = (NONE, 0.0),
) -> None:
    """dx (R, H, W, C) = f(dy (R, OH, OW, N) convolved with w (3, 3, C, N) turned by 180 degrees + b (C,)), as in `forward`."""
    top, left = padding
    b = np.empty(0, w.dtype) if b is None else b
    _convolve(dx, dy, w, b, (TAPS - 1 - top, TAPS - 1 - left), True, epilogue)


def weight_gradient(dw: np.ndarray, x: np.ndarray, dy: np.ndarray, padding: tuple[int, int]) -> None:
    """dw (3, 3, C, N), from x (R, H, W, C) and dy (R, OH, OW, N); `padding` as in `forward`.

    This is the derivative of the transforms: dM = A dy Aᵀ, dU = Vᵀ @ dM summed over the tiles, dw = Gᵀ dU G.
    """
    plan, size, chunks = _gradient_plan(dy.shape, x.shape, padding, numba.get_num_threads(), dw.itemsize)
    room = scratch.buffer(dw.dtype, size)
    _accumulate.parallel(room if chunks > 1 else dw.reshape(-1), x, dy, room, plan)
    if chunks > 1:
        _sum_chunks.parallel(dw, room, chunks)


def _convolve(y, x, w, b, padding, turned, epilogue):
    plan, size = _plan(y.shape, x.shape, padding, turned, numba.get_num_threads(), y.itemsize)
    room = scratch.buffer(y.dtype, size)
    _transform_weights.parallel(room, w, plan)
    _blocks.parallel(y, x, b, room, plan, *epilogue)


@functools.lru_cache(maxsize=4096)
def _plan(
    out: tuple, into: tuple, padding: tuple, turned: bool, workers: int, itemsize: int
) -> tuple[np.ndarray, int]:
    """[turned, workers, blocks, tiles a block has at most, columns of M, *padding, size of U, scratch values of a worker]; and
    how many values of scratch there must be."""
    rows, height, across, filters = out
    channels, lanes = into[3], host.VECTOR_BYTES // itemsize
    tiles = rows * _share(height, OUT) * _share(across, OUT)
    wide = min(_up(filters, lanes), COLUMN_BYTES // itemsize)
    blocks = _up(max(1, _share(tiles, _most_tiles(channels + wide, itemsize))), workers)
    most = _up(_share(tiles, blocks), ROWS)
    u = POINTS * channels * _up(filters, lanes)
    own = POINTS * lanes + most * (POINTS * (_up(channels, lanes) + wide) + 2 * lanes)
    for_weights = _share(channels, lanes) * (TAPS * TAPS * lanes + TAPS * IN) * lanes
    plan = np.array([turned, workers, blocks, most, wide, *padding, u, own])
    return plan, u + max(workers * own, for_weights)


@functools.lru_cache(maxsize=4096)
def _gradient_plan(
    out: tuple, into: tuple, padding: tuple, workers: int, itemsize: int
) -> tuple[np.ndarray, int, int]:
    """[workers, chunks, channels and filters of an area, tiles at a time, *padding, size of all chunks' gradients, scratch values
    of a worker]; how many values of scratch there must be; and the chunks."""
    rows, height, across, filters = out
    channels, lanes = into[3], host.VECTOR_BYTES // itemsize
    tiles = rows * _share(height, OUT) * _share(across, OUT)
    deep, wide = (min(_up(size, lanes), AREA_BYTES // itemsize) for size in (channels, filters))
    chunks = min(_share(TASKS, _share(channels, deep) * _share(filters, wide)), max(1, tiles // CHUNK_TILES))
    most = _most_tiles(deep + wide, itemsize)
    parts = _up(chunks * TAPS * TAPS * channels * filters, lanes)
    own = POINTS * lanes + most * (POINTS * (deep + wide) + 2 * lanes) + POINTS * _up(deep, GROUP) * wide
    plan = np.array([workers, chunks, deep, wide, most, *padding, parts, own])
    return plan, parts + workers * own, chunks


def _most_tiles(channels: int, itemsize: int) -> int:
    """How many tiles a block may have that holds so many channels for each tile and point."""
    return min(max(BLOCK_BYTES // (POINTS * channels * itemsize), FEWEST), MOST) // ROWS * ROWS


def _share(whole: int, parts: int) -> int:
    """whole / parts, rounded up."""
    return -(-whole // parts)


def _up(size: int, unit: int) -> int:
    return _share(size, unit) * unit


@kernel
def _transform_weights(room, w, plan):
    """U (point, panel of columns, channel, column of the panel), at the start of `room`.

    Turned, its channels are w's filters and its columns w's channels, and taps come in reverse.
    """
    turned, u = plan[0], plan[7]
    taps, tap, filters = TAPS * TAPS, w.shape[2] * w.shape[3], w.shape[3]
    channels, columns = (w.shape[3], w.shape[2]) if turned else (w.shape[2], w.shape[3])
    lanes, width = tile.lanes(w), tile.width(w)
    padded = (columns + lanes - 1) // lanes * lanes
    point = channels * padded
    square = lanes * lanes
    for block in prange((channels + lanes - 1) // lanes):
        c0, c1 = block * lanes, min(channels, (block + 1) * lanes)
        squares = u + block * (taps * lanes + TAPS * IN) * lanes
        lines = squares + taps * square
        for n in range(0, columns, lanes):
            if turned:
                for t in range(taps):
                    from_ = (taps - 1 - t) * tap + n * filters + c0
                    tile.transpose(
                        room, squares + t * square, lanes, w, from_, filters, 0, columns - n, channels - c0
                    )
            panel = n // width * width
            to = panel * channels + n - panel
            for c in range(c0, c1):
                here = to + c * min(width, padded - panel)
                if turned:
                    winograd_transforms.weights(
                        room, here, point, lines, room, squares + (c - c0) * lanes, square, columns - n
                    )
                else:
                    winograd_transforms.weights(
                        room, here, point, lines, w, c * filters + n, tap, columns - n
                    )


@kernel
def _blocks(y, x, b, room, plan, code, slope):
    """y from x and U, block by block of tiles."""
    for worker in prange(plan[1]):
        workers, blocks, most, wide, top, left, u, own = (
            plan[1],
            plan[2],
            plan[3],
            plan[4],
            plan[5],
            plan[6],
            plan[7],
            plan[8],
        )
        channels, filters = x.shape[3], y.shape[3]
        high, across = (y.shape[1] + OUT - 1) // OUT, (y.shape[2] + OUT - 1) // OUT
        tiles = y.shape[0] * high * across
        lanes, width = tile.lanes(y), tile.width(y)
        u_point = u // POINTS
        # V and M (tile, point, channel): a transform reads or writes in order. A vector between two tiles keeps them out of
        # the same set of the cache, where twelve lines have room and a register tile reads fourteen.
        lines = u + worker * own
        v, v_point = lines + POINTS * lanes, (channels + lanes - 1) // lanes * lanes
        v_tile = POINTS * v_point + lanes
        m, m_tile = v + most * v_tile, POINTS * wide + lanes
        for block in range(worker * blocks // workers, (worker + 1) * blocks // workers):
            first, last = block * tiles // blocks, (block + 1) * tiles // blocks
            for number in range(first, last):
                row, i, j = number // (high * across), number // across % high, number % across
                to = v + (number - first) * v_tile
                winograd_transforms.inputs(
                    room, to, v_point, lines, x, row, i * OUT - top, j * OUT - left, 0, channels
                )
            for n0 in range(0, filters, wide):
                n1 = min(filters, n0 + wide)
                for p in range(POINTS):
                    for n in range(n0, n1, width):
                        to, a, panel = m + p * wide + n - n0, v + p * v_point, p * u_point + n * channels
                        if n1 - n > lanes:
                            t = tile.zeros(y, ROWS, VECTORS)
                            _multiply(room, to, m_tile, a, v_tile, panel, width, t, last - first, channels)
                        else:
                            one = tile.zeros(y, ROWS, 1)
                            _multiply(room, to, m_tile, a, v_tile, panel, lanes, one, last - first, channels)
                for number in range(first, last):
                    row, i, j = number // (high * across), number // across % high, number % across
                    from_ = m + (number - first) * m_tile
                    winograd_transforms.outputs(
                        y, row, i * OUT, j * OUT, n0, n1, b, code, slope, room, from_, wide, lines
                    )


@inline
def _multiply(room, m, m_tile, v, v_tile, u, u_step, none, tiles, channels):
    """m[s, n] = sum over c of v[s, c] * u[c, n], for one panel of columns; `none`: a register tile of its width."""
    # The next panel is fetched meanwhile, a vector at each step: two rows of tiles are enough for one of two vectors
    # (measured: 10% faster for 128 channels, 15% for 256, where U is beyond the second-level cache).
    ahead, lanes, vector = u + channels * u_step, tile.lanes(room), tile.zeros(room, 1, 1)
    for s in range(0, tiles, ROWS):
        t = tile.cleared(none)
        for c in range(channels):
            tile.prefetch(vector, room, ahead + (s // ROWS * channels + c) * lanes, 0)
            t = tile.outer(t, room, v + s * v_tile + c, v_tile, room, u + c * u_step)
        tile.store(t, room, m + s * m_tile, m_tile)


@kernel
def _accumulate(parts, x, dy, room, plan):
    """parts (chunks, 3, 3, C, N): the gradient of w for each chunk of tiles. A task is one area of it, channels by filters."""
    for worker in prange(plan[0]):
        workers, chunks, deep, wide, most, top, left = (
            plan[0],
            plan[1],
            plan[2],
            plan[3],
            plan[4],
            plan[5],
            plan[6],
        )
        channels, filters = x.shape[3], dy.shape[3]
        high, across = (dy.shape[1] + OUT - 1) // OUT, (dy.shape[2] + OUT - 1) // OUT
        tiles = dy.shape[0] * high * across
        lanes, width, tap = tile.lanes(x), tile.width(x), channels * filters
        areas_down, areas_across = (channels + deep - 1) // deep, (filters + wide - 1) // wide
        tasks = chunks * areas_down * areas_across
        lines = plan[7] + worker * plan[8]
        v, v_tile = lines + POINTS * lanes, POINTS * deep + lanes
        dm, dm_tile = v + most * v_tile, POINTS * wide + lanes
        du, du_point = dm + most * dm_tile, (deep + GROUP - 1) // GROUP * GROUP * wide
        for task in range(worker * tasks // workers, (worker + 1) * tasks // workers):
            chunk, down, aside = (
                task // (areas_down * areas_across),
                task // areas_across % areas_down,
                task % areas_across,
            )
            c0, n0 = down * deep, aside * wide
            c1, n1 = min(channels, c0 + deep), min(filters, n0 + wide)
            begin, end = chunk * tiles // chunks, (chunk + 1) * tiles // chunks
            for first in range(
                begin, max(end, begin + 1), most
            ):  # once even where there are no tiles: dU is 0 then
                last = min(end, first + most)
                for number in range(first, last):
                    row, i, j = number // (high * across), number // across % high, number % across
                    to = v + (number - first) * v_tile
                    winograd_transforms.inputs(
                        room, to, deep, lines, x, row, i * OUT - top, j * OUT - left, c0, c1
                    )
                    to = dm + (number - first) * dm_tile
                    winograd_transforms.output_gradients(
                        room, to, wide, lines, dy, row, i * OUT, j * OUT, n0, n1
                    )
                for p in range(POINTS):
                    for n in range(0, n1 - n0, width):
                        to, a, b = du + p * du_point + n, v + p * deep, dm + p * wide + n
                        if n1 - n0 - n > lanes:
                            t = tile.zeros(x, GROUP, VECTORS)
                            _add_products(
                                room, to, wide, a, v_tile, b, dm_tile, t, c1 - c0, last - first, first > begin
                            )
                        else:
                            one = tile.zeros(x, GROUP, 1)
                            _add_products(
                                room,
                                to,
                                wide,
                                a,
                                v_tile,
                                b,
                                dm_tile,
                                one,
                                c1 - c0,
                                last - first,
                                first > begin,
                            )
            for c in range(c0, c1):
                for n in range(n0, n1, lanes):
                    to, from_ = (
                        (chunk * TAPS * TAPS * channels + c) * filters + n,
                        du + (c - c0) * wide + n - n0,
                    )
                    winograd_transforms.weight_gradients(
                        parts, to, tap, filters - n, room, from_, du_point, lines
                    )


@inline
def _add_products(room, du, du_row, v, v_tile, dm, dm_tile, none, channels, tiles, more):
    """du[c, n] = sum over tiles s of v[s, c] * dm[s, n], for one panel of columns; `more`: du holds a part already."""
    for c in range(0, channels, GROUP):
        t = tile.cleared(none)
        if more:
            t = tile.load(none, room, du + c * du_row, du_row)
        for s in range(tiles):
            t = tile.outer(t, room, v + s * v_tile + c, 1, room, dm + s * dm_tile)
        tile.store(t, room, du + c * du_row, du_row)


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
