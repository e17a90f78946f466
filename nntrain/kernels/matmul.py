"""Matrix products of a dense layer: y = f(x @ w + b), and the gradients of x and w. Parallel over blocks of the output.

All three are one product c = a @ b, whose operands are read with any pair of strides. As in BLIS (Van Zee & van de Geijn
2015, ACM TOMS 41-3), a block of `a` and a panel of `b` are copied together, so that the innermost loop reads memory in
order, and a tile of `c` stays in registers meanwhile. Each output block is the work of one thread with copies of its own.
Every value is one chain of multiply-adds in the order of k, so that no choice of blocks or threads changes a bit of it.
"""

import functools
import itertools

import numba
import numpy as np

from nntrain.kernels import host, scratch, tile
from nntrain.kernels.jit import inline, kernel, prange
from nntrain.kernels.tile import ROWS, VECTORS

NONE, RELU, LEAKY_RELU = range(3)  # codes of the activations that `forward` can apply

# Values of k that a panel of `b` holds at most: 256 of 64 bytes (AVX2) are half of a first-level cache of 32 KiB.
DEPTH = 256
# Bytes of a block of `a`: half of a second-level cache of 512 KiB.
BLOCK_BYTES = 1 << 18
# Multiply-adds that one thread does in 8 us, a few times what it costs to start the others.
PARALLEL_FROM = 1 << 19
# A block of no more rows reads `b` where it is: it would not use a copy often enough.
IN_PLACE_ROWS = 8 * ROWS
# What copying a tile's rows of `a`, or a panel's columns of `b`, costs beside the products of one tile (measured: 0.2 ns
# a value, where the products of one k take 1.9 ns).
COPY_ROWS, COPY_COLUMNS = 0.6, 1.7
# Rows beyond a copied panel that its last vectors may fill: as many as float32 has lanes.
SLACK = host.FLOAT32_LANES


def forward(y: np.ndarray, x: np.ndarray, w: np.ndarray, b: np.ndarray, epilogue: tuple[int, float] = (NONE, 0.0)) -> None:
    """y (M, N) = f(x (M, K) @ w (K, N) + b (N,)); an empty `b` is none. `epilogue`: the code of f, and its slope."""
    (m, k), n = x.shape, w.shape[1]
    _multiply(y, x, w, b, (m, n, k, k, 1, n, 1), epilogue)


def weight_gradient(dw: np.ndarray, x: np.ndarray, dy: np.ndarray) -> None:
    """dw (K, N) = x (M, K) transposed @ dy (M, N)"""
    (m, k), n = x.shape, dy.shape[1]
    _multiply(dw, x, dy, _none[dw.itemsize], (k, n, m, 1, k, n, 1), (NONE, 0.0))


def input_gradient(dx: np.ndarray, dy: np.ndarray, w: np.ndarray) -> None:
    """dx (M, K) = dy (M, N) @ w (K, N) transposed"""
    (m, n), k = dy.shape, w.shape[0]
    _multiply(dx, dy, w, _none[dx.itemsize], (m, k, n, n, 1, 1, n), (NONE, 0.0))


_none = {4: np.empty(0, np.float32), 8: np.empty(0, np.float64)}


def _multiply(c, a, b, bias, sizes, epilogue):
    """c (m, n) = f(a (m, k) @ b (k, n) + bias), for sizes (m, n, k, a's row and column stride, b's)."""
    m, n, k = sizes[:3]
    parallel = m * n * k >= PARALLEL_FROM
    plan, room = _plan(sizes, numba.get_num_threads() if parallel else 1, c.itemsize)
    if parallel:
        _product.parallel(c, a, b, bias, room, plan, *epilogue)
    else:
        _blocks(0, c, a, b, bias, room, plan, *epilogue)


@functools.lru_cache(maxsize=4096)
def _plan(sizes: tuple, workers: int, itemsize: int) -> tuple[np.ndarray, np.ndarray]:
    """Who does what: [*sizes, depth, row blocks, column blocks, workers, scratch values of each]; and the scratch.

    The blocks are chosen for the least work of the busiest worker: tiles, and the copies that each block makes of its rows
    of `a` and its columns of `b`.
    """
    m, n, k = sizes[:3]
    lanes = host.VECTOR_BYTES // itemsize
    width = VECTORS * lanes
    depth = max(1, _share(k, _share(k, DEPTH), lanes))
    tiles, panels = _share(m, ROWS), _share(n, width)

    def cost(blocks):
        rows, cols = _share(tiles, blocks[0]), _share(panels, blocks[1])
        return _share(blocks[0] * blocks[1], workers) * (rows * cols + COPY_ROWS * rows + COPY_COLUMNS * cols)

    least = _share(m * depth * itemsize, BLOCK_BYTES)
    grids = itertools.product(range(least, least + 2 * workers), range(1, 2 * workers + 1))
    row_blocks, column_blocks = min(((r, c) for r, c in grids if r <= tiles and c <= panels), key=cost, default=(0, 0))
    own = (_share(tiles, row_blocks) * ROWS + width) * (depth + SLACK) + SLACK
    plan = np.array([*sizes, depth, row_blocks, column_blocks, workers, own])
    return plan, scratch.buffer(_none[itemsize].dtype, workers * own)


def _share(whole: int, parts: int, unit: int = 1) -> int:
    """whole / parts, rounded up to a multiple of `unit`; nothing for no parts."""
    return -(-whole // (parts * unit)) * unit if parts else 0


@kernel  # only its parallel form is used: without threads, Python calls `_blocks` itself
def _product(c, a, b, bias, room, plan, code, slope):
    for worker in prange(plan[10]):
        _blocks(np.int64(worker), c, a, b, bias, room, plan, code, slope)


@inline
def _blocks(worker, c, a, b, bias, room, plan, code, slope):
    """The blocks of c that one worker computes, with its part of `room` for copies."""
    m, n, k, a_row, a_column, b_row, b_column = plan[0], plan[1], plan[2], plan[3], plan[4], plan[5], plan[6]
    depth, row_blocks, column_blocks, workers, own = plan[7], plan[8], plan[9], plan[10], plan[11]
    height, width = tile.height(c), tile.width(c)
    tiles, panels, blocks = (m - 1) // height + 1, (n - 1) // width + 1, row_blocks * column_blocks
    panel = worker * own
    copied = panel + (depth + SLACK) * width
    for block in range(worker * blocks // workers, (worker + 1) * blocks // workers):
        row, column = block // column_blocks, block % column_blocks
        top, bottom = row * tiles // row_blocks * height, (row + 1) * tiles // row_blocks * height
        left, right = column * panels // column_blocks * width, (column + 1) * panels // column_blocks * width
        for k0 in range(0, max(k, 1), depth):
            deep = min(depth, k - k0)
            for i in range(top, bottom, height):
                start = i * a_row + k0 * a_column
                copy(room, copied + (i - top) * deep, height, a, start, a_row, a_column, m - i, deep)
            for j in range(left, right, width):
                start = k0 * b_row + j * b_column
                if b_column == 1 and j + width <= n and bottom - top <= IN_PLACE_ROWS:
                    first, step = tile.address(b, start), b_row
                else:
                    copy(room, panel, width, b, start, b_column, b_row, n - j, deep)
                    first, step = tile.address(room, panel), width
                bias_row = tile.load_part(tile.zeros(c, 1, VECTORS), bias, j, 0, 1, bias.size - j)
                for i in range(top, bottom, height):
                    whole = i + height <= m and j + width <= n
                    t = tile.zeros(c, ROWS, VECTORS)
                    if k0 > 0:
                        t = tile.load_part(t, c, i * n + j, n, m - i, n - j)
                    here = copied + (i - top) * deep
                    for s in range(deep):
                        t = tile.outer(t, room, here + s * height, 1, first, s * step)
                    if k0 + deep == k:
                        t = tile.add_row(t, bias_row)
                        if code == RELU:
                            t = tile.relu(t)
                        elif code == LEAKY_RELU:
                            t = tile.leaky_relu(t, slope)
                    if whole:
                        tile.store(t, c, i * n + j, n)
                    else:
                        tile.store_part(t, c, i * n + j, n, m - i, n - j)


@inline
def copy(room, at, width, source, start, along, step, count, deep):
    """room[at + k*width + i] = source[start + i*along + k*step] for i < width and k < deep; one of the strides is 1.

    Only `count` values of i exist; what stands beyond them is multiplied, but never kept. May write up to SLACK rows
    beyond the panel.
    """
    # Groups of values of i are copied last one first: what their vectors write beyond `width` is then overwritten.
    if step == 1:
        group = tile.lanes(source)
        for g in range((width - 1) // group * group, -1, -group):
            for k in range(0, deep, group):
                tile.transpose(room, at + k * width + g, width, source, start + k, along, g, count, deep - k)
    else:
        group, row = tile.width(source), tile.zeros(source, 1, VECTORS)
        for g in range((width - 1) // group * group, -1, -group):
            if g + group <= count:
                for k in range(deep):
                    tile.store(tile.load(row, source, start + k * step + g, 0), room, at + k * width + g, 0)
            else:
                for k in range(deep):
                    tile.store(tile.load_part(row, source, start + k * step + g, 0, 1, count - g), room, at + k * width + g, 0)
