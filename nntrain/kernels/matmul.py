"""Matrix products of a dense layer: y = f(x @ w + b), and the gradients of x and w. Parallel over blocks of the output.

All three are one product c = a @ b, whose operands are read with any pair of strides. A tile of `c` stays in registers
while products are added to it. As in BLIS (Van Zee & van de Geijn 2015, ACM TOMS 41-3), a block of `a` and a panel of `b`
are packed where they are read often enough for the copy to pay. Each output block is the work of one thread, with its own
packed copies. Every value is one chain of multiply-adds in the order of k, so no choice of blocks or threads changes a bit.
"""

import functools
import itertools
from typing import NamedTuple

import numba
import numpy as np

from nntrain.kernels import host, reduce, scratch, tall_product, tile
from nntrain.kernels.jit import Called, inline, kernel, prange
from nntrain.kernels.packing import SLACK, copy, copy_rows
from nntrain.kernels.product_tile import (
    GATE,
    LEAKY_RELU,
    NONE,
    RELU,
    ROW_VECTORS,
    SIGMOID,
    SIGMOID_GATE,
    TANH,
    TANH_GATE,
    Operands,
    Place,
    Span,
    row_tile,
    short_half,
    short_tile,
    short_tiles,
    tall_half,
    tall_packed,
    tall_tile,
)
from nntrain.kernels.rounding import operands
from nntrain.kernels.tile import ROWS, SHORT_ROWS, VECTORS

WIDE = host.FLOAT32_LANES == 16  # AVX-512, which comes with L2 caches of 1 MiB or more
# Values of k that a panel of `b` holds at most. 256 of 64 bytes (AVX2) are half of an L1 cache of 32 KiB; AVX-512 reads its
# panels of 128 bytes from the L2 cache as fast (measured: 512 is 3% faster than 256).
DEPTH = 512 if WIDE else 256
# Bytes of a block of `a`: a quarter of an L2 cache of 2 MiB, half of one of 512 KiB.
BLOCK_BYTES = 1 << (19 if WIDE else 18)
# Multiply-adds that one thread does in 5 to 8 us, a few times what it costs to start the others.
PARALLEL_FROM = 1 << 19
# A block of no more rows reads `b` in place: it would not reuse a packed copy often enough. The same for columns and `a`.
IN_PLACE_ROWS, IN_PLACE_PANELS = 8 * ROWS, 32
# Nor is `b` read in place when a panel spans so many bytes: each of its rows then lies in another page, which exceeds the
# reach of the TLB (measured: 299 instead of 363 GFLOP/s for 256x768 by 768x2048).
IN_PLACE_BYTES = 1 << 20
# Rows that lie a multiple of so many bytes apart map to one set of the L1 cache, which cannot hold them all.
ALIASING = 4096
# The cost of packing a tile's rows of `a`, or a panel's columns of `b`, relative to the products of one tile (measured: 0.2
# ns per value, where the products of one k take 1.9 ns on AVX2 and 4.5 ns on AVX-512).
PACK_ROWS, PACK_COLUMNS = 0.6, 1.7
# What else a tile's rows of `a`, or a panel's columns of `b`, cost if the other core wrote them: most layers split rows, so that
# blocks of columns read half of `a` from its cache. Half of `b`, the weights, come from there in any case.
ELSEWHERE_ROWS, ELSEWHERE_COLUMNS = 2.0, 4.6
# Rows from which on the gradient of a weight is the sum of two halves: more than one pass over k takes, so that a gradient which is
# applied as it is computed (update_product.py) is the same sum.
IN_HALVES = 513
# The same for copying without transposing, as far as bfloat16 is concerned: 1.1 ns for a vector of 16 values (AVX-512).
COPY_ROWS, COPY_COLUMNS = 0.2, 0.5
# Panels packed at once: memory delivers rows of 512 bytes faster than four times 128 (AVX-512), each in another page.
TOGETHER = 4


# The derivatives of epilogues, as epilogues.
GATES = {RELU: GATE, LEAKY_RELU: GATE, TANH: TANH_GATE, SIGMOID: SIGMOID_GATE}


class Plan(NamedTuple):
    """How a product c (m, n) = a (m, k) @ b (k, n) is split."""

    m: int
    n: int
    k: int
    a_row: int  # strides in values
    a_column: int
    b_row: int
    b_column: int
    depth: int  # values of k at a time
    row_blocks: int
    column_blocks: int
    workers: int
    a_in_place: bool  # not packed
    b_in_place: bool
    a_in_rows: bool  # copied, but not packed
    own: int  # values of the workspace of each worker


@inline
def named(plan):
    """The Plan whose fields are in an array: of all arguments, Numba unpacks an array of integers the fastest."""
    ways = plan[11] != 0, plan[12] != 0, plan[13] != 0
    sizes = (
        plan[0],
        plan[1],
        plan[2],
        plan[3],
        plan[4],
        plan[5],
        plan[6],
        plan[7],
        plan[8],
        plan[9],
        plan[10],
    )
    return Plan(*sizes, *ways, plan[14])


# Each of these rounds the operands of its product to bfloat16 if asked to; its arrays are float32 all the same.


def forward(
    y: np.ndarray,
    x: np.ndarray,
    w: np.ndarray,
    b: np.ndarray,
    epilogue: tuple[int, float] = (NONE, 0.0),
    bfloat16: bool = False,
) -> None:
    """y (M, N) = f(x (M, K) @ w (K, N) + b (N,)); an empty `b` is none. `epilogue`: the code of f, and its slope."""
    (m, k), n = x.shape, w.shape[1]
    _multiply(y, x, w, b, (m, n, k, k, 1, n, 1), epilogue, bfloat16)


def forward_transposed(
    y: np.ndarray,
    x: np.ndarray,
    w: np.ndarray,
    b: np.ndarray,
    epilogue: tuple[int, float] = (NONE, 0.0),
    bfloat16: bool = False,
) -> None:
    """y (M, N) = f(x (M, K) @ w (N, K) transposed + b (N,)), as `forward`."""
    (m, k), n = x.shape, w.shape[0]
    _multiply(y, x, w, b, (m, n, k, k, 1, 1, k), epilogue, bfloat16)


def weight_gradient(dw: np.ndarray, x: np.ndarray, dy: np.ndarray, bfloat16: bool = False) -> None:
    """dw (K, N) = x (M, K) transposed @ dy (M, N)"""
    (m, k), n = x.shape, dy.shape[1]
    if tall_product.suits(m, k * n) and not bfloat16:
        tall_product.gradients(dw, no_bias[dw.itemsize], x, dy)
        return
    if m >= IN_HALVES and not bfloat16 and k * n * m >= PARALLEL_FROM:
        from nntrain.kernels import halves

        halves.weight_gradient(dw, x, dy)
        return
    _multiply(dw, x, dy, no_bias[dw.itemsize], (k, n, m, 1, k, n, 1), (NONE, 0.0), bfloat16)


def parameter_gradients(
    dw: np.ndarray, db: np.ndarray, x: np.ndarray, dy: np.ndarray, bfloat16: bool = False
) -> None:
    """`weight_gradient`, and db (N,) = the sums of the columns of dy, which are not rounded."""
    if tall_product.suits(len(x), dw.size) and not bfloat16:
        tall_product.gradients(dw, db, x, dy)
        return
    weight_gradient(dw, x, dy, bfloat16)
    reduce.column_sums(db, dy)


def input_gradient(
    dx: np.ndarray,
    dy: np.ndarray,
    w: np.ndarray,
    x: np.ndarray | None = None,
    of: tuple[int, float] = (NONE, 0.0),
    bfloat16: bool = False,
) -> None:
    """dx (M, K) = dy (M, N) @ w (K, N) transposed; times the derivative of the activation `of`, whose output is x (M, K)."""
    forward_transposed(dx, dy, w, *_gate(dx, x, of), bfloat16)


def tied_input_gradient(
    dx: np.ndarray,
    dy: np.ndarray,
    w: np.ndarray,
    x: np.ndarray | None = None,
    of: tuple[int, float] = (NONE, 0.0),
    bfloat16: bool = False,
) -> None:
    """dx (M, K) = dy (M, N) @ w (N, K), the gradient of `forward_transposed`; x and `of` as in `input_gradient`."""
    forward(dx, dy, w, *_gate(dx, x, of), bfloat16)


def _gate(dx, x, of):
    """What `_multiply` reads for the derivative of an activation, and its epilogue."""
    code, slope = of
    return (no_bias[dx.itemsize], of) if code == NONE else (x.reshape(-1), (GATES[code], slope))


no_bias = {4: np.empty(0, np.float32), 8: np.empty(0, np.float64)}


def _multiply(c, a, b, extra, sizes, epilogue, bfloat16):
    """c (m, n) = f(a (m, k) @ b (k, n)), for sizes: the first fields of a Plan.

    f reads `extra`: the bias (n,), which may be empty, or for GATES the output of the activation, flat.
    """
    m, n, k = sizes[:3]
    if m == 1 and not bfloat16 and sizes[6] == 1 and n % (ROW_VECTORS * host.VECTOR_BYTES // c.itemsize) == 0:
        # One thread reads b from its L2 cache sooner than two are started: a row of 784-256-128-10 takes 33 instead of 50 us.
        row = _one_row.parallel if n * k >= PARALLEL_FROM else _one_row.serial
        row(c, a, b, extra, n, k, sizes[4], sizes[5], *epilogue)
        return
    parallel = m * n * k >= PARALLEL_FROM
    workers = numba.get_num_threads() if parallel else 1
    plan, workspace = planned(sizes, workers, c.itemsize, bfloat16)
    if bfloat16 and host.DOTS:
        from nntrain.kernels import dots

        if parallel:
            dots.product.parallel(c, a, b, extra, workspace, plan, *epilogue)
        else:
            dots.alone.serial(0, c, a, b, extra, workspace, plan, *epilogue)
    elif parallel:
        _product.parallel(c, a, b, extra, workspace, plan, *epilogue)
    else:
        _alone.serial(0, c, a, b, extra, workspace, plan, *epilogue)


@functools.lru_cache(maxsize=4096)
def planned(sizes: tuple, workers: int, itemsize: int, bfloat16: bool) -> tuple[np.ndarray, np.ndarray]:
    """The fields of a Plan, and the workspace. Its type is that of the operands: packing into it rounds to bfloat16.

    The blocks are chosen for the least work of the busiest worker: tiles, and packing each block's rows of `a` and columns
    of `b`.
    """
    m, n, k, a_row, a_column, b_row, b_column = sizes
    lanes = host.VECTOR_BYTES // itemsize
    width = VECTORS * lanes
    depth = max(1, _share(k, _share(k, DEPTH), lanes))
    units, panels = _share(m, SHORT_ROWS), _share(n, width)
    a_can_stay = not bfloat16 and a_column == 1 and a_row * itemsize % ALIASING != 0
    rounds = bfloat16 and not host.DOTS  # and multiplies as float32
    a_in_rows = rounds and a_column == 1
    b_can_stay = (
        not bfloat16
        and b_column == 1
        and b_row * itemsize % ALIASING != 0
        and depth * b_row * itemsize < IN_PLACE_BYTES
    )

    def block(blocks):
        """Rows of a block, its panels, whether it reads `a` and `b` in place, and whether it copies `a` in rows."""
        rows, columns = _share(units, blocks[0]) * SHORT_ROWS, _share(panels, blocks[1])
        few = columns <= IN_PLACE_PANELS
        return rows, columns, a_can_stay and few, b_can_stay and rows <= IN_PLACE_ROWS, a_in_rows and few

    def cost(blocks):
        rows, columns, a_in_place, b_in_place, in_rows = block(blocks)
        tiles = rows / ROWS
        a_cost = COPY_ROWS if in_rows or (rounds and a_row == 1) else PACK_ROWS
        b_cost = COPY_COLUMNS if rounds and b_column == 1 else PACK_COLUMNS
        copies = (0 if a_in_place else a_cost * tiles) + (0 if b_in_place else b_cost * columns)
        if workers > 1:
            copies += ELSEWHERE_ROWS * tiles * (1 - 1 / blocks[1]) + ELSEWHERE_COLUMNS * columns / 2
        return _share(blocks[0] * blocks[1], workers) * (tiles * columns + copies)

    least = _share(m * depth * itemsize, BLOCK_BYTES)
    grids = itertools.product(range(least, least + 2 * workers), range(1, 2 * workers + 1))
    chosen = min(((r, c) for r, c in grids if r <= units and c <= panels), key=cost, default=(0, 0))
    rows, _, *in_place = block(chosen)
    own = (rows + 2 * ROWS + TOGETHER * width) * (depth + SLACK) + SLACK
    plan = Plan(*sizes, depth, *chosen, workers, *in_place, own)
    workspace = scratch.buffer(no_bias[itemsize].dtype, workers * own)
    return np.array(plan, np.int64), operands(workspace, bfloat16)


def _share(whole: int, parts: int, unit: int = 1) -> int:
    """whole / parts, rounded up to a multiple of `unit`; nothing for no parts."""
    return -(-whole // (parts * unit)) * unit if parts else 0


@kernel
def _one_row(c, a, b, extra, n, k, a_step, b_row, code, slope):
    """c (1, n) = f(a (1, k) @ b (k, n)), n in whole tiles. b is read along its rows, once."""
    columns = ROW_VECTORS * tile.lanes(c)
    factor = c.dtype.type(slope)
    for part in prange(n // columns):
        j = np.int64(part) * columns
        operands = Operands(tile.address(a, 0), 1, a_step, tile.address(b, j), b_row)
        at_extra = tile.address(extra, 0) if extra.size > 0 else 0
        row_tile(factor, Place(tile.address(c, 0), 0, j, 1, n), operands, Span(0, k, k), at_extra, code)


@kernel  # only its parallel form is used: without threads, Python calls `compute` itself, as `_alone`
def _product(c, a, b, extra, workspace, plan, code, slope):
    for worker in prange(named(plan).workers):
        compute(np.int64(worker), c, a, b, extra, workspace, plan, code, slope)


@inline
def compute(worker, c, a, b, extra, workspace, plan, code, slope):
    """The blocks of c that one worker computes, with its part of the workspace for packing."""
    p = named(plan)
    m, n, k, depth = p.m, p.n, p.k, p.depth
    tall, short, width = tile.height(c), tile.short_height(c), tile.width(c)
    units, panels, blocks = (m - 1) // short + 1, (n - 1) // width + 1, p.row_blocks * p.column_blocks
    # The tiles take addresses: each array argument would add a reference count, which both threads share.
    factor, at_c = c.dtype.type(slope), tile.address(c, 0)
    at_extra = tile.address(extra, 0) if extra.size > 0 else 0
    panel = worker * p.own
    together = TOGETHER * width if p.b_column == 1 and not p.b_in_place else width
    group = min(together, -(-n // tile.lanes(c)) * tile.lanes(c))
    packed = panel + (depth + SLACK) * group
    for block in range(worker * blocks // p.workers, (worker + 1) * blocks // p.workers):
        row, column = block // p.column_blocks, block % p.column_blocks
        top, bottom = row * units // p.row_blocks * short, min(m, (row + 1) * units // p.row_blocks * short)
        left = column * panels // p.column_blocks * width
        right = (column + 1) * panels // p.column_blocks * width
        shorts = short_tiles(bottom - top, tall, short)
        for k0 in range(0, max(k, 1), depth):
            deep = min(depth, k - k0)
            for j in range(left, right, width):
                start = k0 * p.b_row + j * p.b_column
                if p.b_in_place and j + width <= n:
                    first_b, step_b = tile.address(b, start), p.b_row
                else:
                    if (j - left) % group == 0:
                        copy(workspace, panel, group, b, start, p.b_column, p.b_row, min(n, right) - j, deep)
                    first_b, step_b = tile.address(workspace, panel + (j - left) % group), group
                # Weights that the optimizer updated may lie in the other core's cache: without prefetching, 8% of a
                # forward product.
                ahead = deep if p.b_in_place and j + 2 * width <= n else 0
                half = n - j <= width // 2
                i = top
                while i < bottom:
                    height = tall if bottom - i > shorts * short else short
                    for s in range(
                        ahead * (i - top) // (bottom - top), ahead * (i + height - top) // (bottom - top)
                    ):
                        tile.prefetch(tile.zeros(b, 1, VECTORS), b, start + width + s * p.b_row, 0)
                    here, there = packed + (i - top) * deep, i * p.a_row + k0 * p.a_column
                    if p.a_in_place and i + height <= m:
                        operands = Operands(tile.address(a, there), p.a_row, p.a_column, first_b, step_b)
                    elif p.a_in_rows:
                        if j == left:
                            copy_rows(workspace, here, deep, a, there, p.a_row, min(height, m - i), deep)
                        operands = Operands(tile.address(workspace, here), deep, 1, first_b, step_b)
                    else:
                        if j == left:
                            copy(workspace, here, height, a, there, p.a_row, p.a_column, m - i, deep)
                        operands = Operands(tile.address(workspace, here), 1, height, first_b, step_b)
                    place, span = Place(at_c, i, j, m, n), Span(k0, deep, k)
                    if height == tall and half:
                        tall_half(factor, place, operands, span, at_extra, code)
                    elif height == tall and operands.a_row == 1:
                        tall_packed(factor, place, operands, span, at_extra, code)
                    elif height == tall:
                        tall_tile(factor, place, operands, span, at_extra, code)
                    elif half:
                        short_half(factor, place, operands, span, at_extra, code)
                    else:
                        short_tile(factor, place, operands, span, at_extra, code)
                    i += height


_alone = Called(compute)
