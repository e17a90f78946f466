"""Matrix products of a dense layer: y = f(x @ w + b), and the gradients of x and w. Parallel over blocks of the output.

All three are one product c = a @ b, whose operands are read with any pair of strides. A tile of `c` stays in registers
while products are added to it. As in BLIS (Van Zee & van de Geijn 2015, ACM TOMS 41-3), a block of `a` and a panel of `b`
are copied together where they are read so often that it pays. Each output block is the work of one thread with copies of
its own. Every value is one chain of multiply-adds in the order of k, so that no choice of blocks or threads changes a bit.
"""

import functools
import itertools

import numba
import numpy as np

from nntrain.kernels import host, scratch, tile
from nntrain.kernels.jit import inline, kernel, prange, template
from nntrain.kernels.tile import ROWS, SHORT_ROWS, VECTORS

NONE, RELU, LEAKY_RELU, GATE = range(
    4
)  # the activations that `forward` can apply, and what `input_gradient` can do of theirs

WIDE = host.FLOAT32_LANES == 16  # AVX-512, which comes with second-level caches of 1 MiB or more
# Values of k that a panel of `b` holds at most. 256 of 64 bytes (AVX2) are half of a first-level cache of 32 KiB; AVX-512
# reads its panels of 128 bytes from the second level as fast (measured: 512 is 3% faster than 256).
DEPTH = 512 if WIDE else 256
# Bytes of a block of `a`: a quarter of a second-level cache of 2 MiB, half of one of 512 KiB.
BLOCK_BYTES = 1 << (19 if WIDE else 18)
# Multiply-adds that one thread does in 5 to 8 us, a few times what it costs to start the others.
PARALLEL_FROM = 1 << 19
# A block of no more rows reads `b` where it is: it would not use a copy often enough. The same for columns and `a`.
IN_PLACE_ROWS, IN_PLACE_PANELS = 8 * ROWS, 32
# Nor is `b` read where it is when its panels reach over so many bytes: each of their rows lies in a page of its own then, and
# the addresses of so many pages are not at hand (measured: 299 instead of 363 GFLOP/s for 256x768 of 2048 rows).
IN_PLACE_BYTES = 1 << 20
# Rows that lie a multiple of so many bytes apart share one set of the first-level cache, which cannot hold them all.
ALIASING = 4096
# What copying a tile's rows of `a`, or a panel's columns of `b`, costs beside the products of one tile (measured: 0.2 ns
# a value, where the products of one k take 1.9 ns on AVX2 and 4.5 ns on AVX-512).
COPY_ROWS, COPY_COLUMNS = 0.6, 1.7
# Panels that are copied at once: rows of 512 bytes come from afar faster than four times 128 (AVX-512), a page apart each.
TOGETHER = 4
# Rows beyond a copied panel that its last vectors may fill: as many as float32 has lanes.
SLACK = host.FLOAT32_LANES


def forward(
    y: np.ndarray, x: np.ndarray, w: np.ndarray, b: np.ndarray, epilogue: tuple[int, float] = (NONE, 0.0)
) -> None:
    """y (M, N) = f(x (M, K) @ w (K, N) + b (N,)); an empty `b` is none. `epilogue`: the code of f, and its slope."""
    (m, k), n = x.shape, w.shape[1]
    _multiply(y, x, w, b, (m, n, k, k, 1, n, 1), epilogue)


def forward_transposed(
    y: np.ndarray, x: np.ndarray, w: np.ndarray, b: np.ndarray, epilogue: tuple[int, float] = (NONE, 0.0)
) -> None:
    """y (M, N) = f(x (M, K) @ w (N, K) transposed + b (N,)), as `forward`."""
    (m, k), n = x.shape, w.shape[0]
    _multiply(y, x, w, b, (m, n, k, k, 1, 1, k), epilogue)


def weight_gradient(dw: np.ndarray, x: np.ndarray, dy: np.ndarray) -> None:
    """dw (K, N) = x (M, K) transposed @ dy (M, N)"""
    (m, k), n = x.shape, dy.shape[1]
    _multiply(dw, x, dy, _none[dw.itemsize], (k, n, m, 1, k, n, 1), (NONE, 0.0))


def input_gradient(
    dx: np.ndarray, dy: np.ndarray, w: np.ndarray, x: np.ndarray | None = None, slope: float = 0.0
) -> None:
    """dx (M, K) = dy (M, N) @ w (K, N) transposed; with x (M, K), the output of a rectifier, times `slope` where x <= 0."""
    if x is None:
        forward_transposed(dx, dy, w, _none[dx.itemsize])
    else:
        forward_transposed(dx, dy, w, x.reshape(-1), (GATE, slope))


_none = {4: np.empty(0, np.float32), 8: np.empty(0, np.float64)}


def _multiply(c, a, b, beside, sizes, epilogue):
    """c (m, n) = f(a (m, k) @ b (k, n)), for sizes (m, n, k, a's row and column stride, b's).

    f reads something `beside`: the bias (n,), which may be empty, or to GATE the output of a rectifier, flat.
    """
    m, n, k = sizes[:3]
    parallel = m * n * k >= PARALLEL_FROM
    plan, room = _plan(sizes, numba.get_num_threads() if parallel else 1, c.itemsize)
    if parallel:
        _product.parallel(c, a, b, beside, room, plan, *epilogue)
    else:
        _blocks(0, c, a, b, beside, room, plan, *epilogue)


@functools.lru_cache(maxsize=4096)
def _plan(sizes: tuple, workers: int, itemsize: int) -> tuple[np.ndarray, np.ndarray]:
    """Who does what: [*sizes, depth, row blocks, column blocks, workers, a and b in place, scratch values of each]; and the
    scratch.

    The blocks are chosen for the least work of the busiest worker: tiles, and the copies that each block makes of its rows
    of `a` and its columns of `b`.
    """
    m, n, k, a_row, a_column, b_row, b_column = sizes
    lanes = host.VECTOR_BYTES // itemsize
    width = VECTORS * lanes
    depth = max(1, _share(k, _share(k, DEPTH), lanes))
    units, panels = _share(m, SHORT_ROWS), _share(n, width)
    a_can_stay = a_column == 1 and a_row * itemsize % ALIASING != 0
    b_can_stay = (
        b_column == 1 and b_row * itemsize % ALIASING != 0 and depth * b_row * itemsize < IN_PLACE_BYTES
    )

    def block(blocks):
        """Rows of a block, its panels, and whether it reads `a` and `b` where they are."""
        rows, columns = _share(units, blocks[0]) * SHORT_ROWS, _share(panels, blocks[1])
        return rows, columns, a_can_stay and columns <= IN_PLACE_PANELS, b_can_stay and rows <= IN_PLACE_ROWS

    def cost(blocks):
        rows, columns, a_in_place, b_in_place = block(blocks)
        tiles = rows / ROWS
        copies = (0 if a_in_place else COPY_ROWS * tiles) + (0 if b_in_place else COPY_COLUMNS * columns)
        return _share(blocks[0] * blocks[1], workers) * (tiles * columns + copies)

    least = _share(m * depth * itemsize, BLOCK_BYTES)
    grids = itertools.product(range(least, least + 2 * workers), range(1, 2 * workers + 1))
    chosen = min(((r, c) for r, c in grids if r <= units and c <= panels), key=cost, default=(0, 0))
    rows, _, *in_place = block(chosen)
    own = (rows + 2 * ROWS + TOGETHER * width) * (depth + SLACK) + SLACK
    plan = np.array([*sizes, depth, *chosen, workers, *in_place, own])
    return plan, scratch.buffer(_none[itemsize].dtype, workers * own)


def _share(whole: int, parts: int, unit: int = 1) -> int:
    """whole / parts, rounded up to a multiple of `unit`; nothing for no parts."""
    return -(-whole // (parts * unit)) * unit if parts else 0


@kernel  # only its parallel form is used: without threads, Python calls `_blocks` itself
def _product(c, a, b, beside, room, plan, code, slope):
    for worker in prange(plan[10]):
        _blocks(np.int64(worker), c, a, b, beside, room, plan, code, slope)


@inline
def _blocks(worker, c, a, b, beside, room, plan, code, slope):
    """The blocks of c that one worker computes, with its part of `room` for copies."""
    m, n, k, a_row, a_column, b_row, b_column = plan[0], plan[1], plan[2], plan[3], plan[4], plan[5], plan[6]
    depth, row_blocks, column_blocks, workers = plan[7], plan[8], plan[9], plan[10]
    a_in_place, b_in_place, own = plan[11] != 0, plan[12] != 0, plan[13]
    tall, short, width = tile.height(c), tile.short_height(c), tile.width(c)
    units, panels, blocks = (m - 1) // short + 1, (n - 1) // width + 1, row_blocks * column_blocks
    # The tiles are told addresses: for each array they were given, they would count a reference, which both threads share.
    factor, at_c, at_beside = (
        c.dtype.type(slope),
        tile.address(c, 0),
        tile.address(beside, 0) if beside.size > 0 else 0,
    )
    panel = worker * own
    group = TOGETHER * width if b_column == 1 and not b_in_place else width
    copied = panel + (depth + SLACK) * group
    for block in range(worker * blocks // workers, (worker + 1) * blocks // workers):
        row, column = block // column_blocks, block % column_blocks
        top, bottom = row * units // row_blocks * short, min(m, (row + 1) * units // row_blocks * short)
        left, right = column * panels // column_blocks * width, (column + 1) * panels // column_blocks * width
        shorts = _short_tiles(bottom - top, tall, short)
        for k0 in range(0, max(k, 1), depth):
            deep = min(depth, k - k0)
            for j in range(left, right, width):
                start = k0 * b_row + j * b_column
                if b_in_place and j + width <= n:
                    first_b, step_b = tile.address(b, start), b_row
                else:
                    if (j - left) % group == 0:
                        copy(room, panel, group, b, start, b_column, b_row, min(n, right) - j, deep)
                    first_b, step_b = tile.address(room, panel + (j - left) % group), group
                # What the optimizer moved lies in the other core's cache: 8% of a forward product, if nothing asks ahead.
                ahead = deep if b_in_place and j + 2 * width <= n else 0
                strip = n - j <= width // 2
                i = top
                while i < bottom:
                    height = tall if bottom - i > shorts * short else short
                    for s in range(
                        ahead * (i - top) // (bottom - top), ahead * (i + height - top) // (bottom - top)
                    ):
                        tile.prefetch(tile.zeros(b, 1, VECTORS), b, start + width + s * b_row, 0)
                    here, there = copied + (i - top) * deep, i * a_row + k0 * a_column
                    if a_in_place and i + height <= m:
                        reads = tile.address(a, there), a_row, a_column, first_b, step_b
                    else:
                        if j == left:
                            copy(room, here, height, a, there, a_row, a_column, m - i, deep)
                        reads = tile.address(room, here), 1, height, first_b, step_b
                    place, span = (at_c, i, j, m, n), (k0, deep, k)
                    if height == tall and strip:
                        _tall_strip(factor, place, reads, span, at_beside, code)
                    elif height == tall and reads[1] == 1:
                        _tall_packed(factor, place, reads, span, at_beside, code)
                    elif height == tall:
                        _tall_tile(factor, place, reads, span, at_beside, code)
                    elif strip:
                        _short_strip(factor, place, reads, span, at_beside, code)
                    else:
                        _short_tile(factor, place, reads, span, at_beside, code)
                    i += height


@inline
def _short_tiles(rows, tall, short):
    """How many short tiles cover `rows` with the fewest rows too many, all others being tall."""
    best, least = 0, rows + tall
    for shorts in range(tall):
        covered = shorts * short + max(0, (rows - shorts * short + tall - 1) // tall) * tall
        if covered < least:
            best, least = shorts, covered
    return best


@inline
def _tall_packed(slope, place, reads, span, beside, code):
    """With a's stride as a constant: steps of another one are a chain of additions as long as the products of one k."""
    first_a, _, step_a, first_b, step_b = reads
    reads = first_a, 1, step_a, first_b, step_b
    _tile(
        tile.zeros(slope, ROWS, VECTORS),
        tile.zeros(slope, 1, VECTORS),
        slope,
        place,
        reads,
        span,
        beside,
        code,
    )


@inline
def _tall_tile(slope, place, reads, span, beside, code):
    _tile(
        tile.zeros(slope, ROWS, VECTORS),
        tile.zeros(slope, 1, VECTORS),
        slope,
        place,
        reads,
        span,
        beside,
        code,
    )


@inline
def _tall_strip(slope, place, reads, span, beside, code):
    _tile(tile.zeros(slope, ROWS, 1), tile.zeros(slope, 1, 1), slope, place, reads, span, beside, code)


@inline
def _short_tile(slope, place, reads, span, beside, code):
    _tile(
        tile.zeros(slope, SHORT_ROWS, VECTORS),
        tile.zeros(slope, 1, VECTORS),
        slope,
        place,
        reads,
        span,
        beside,
        code,
    )


@inline
def _short_strip(slope, place, reads, span, beside, code):
    _tile(tile.zeros(slope, SHORT_ROWS, 1), tile.zeros(slope, 1, 1), slope, place, reads, span, beside, code)


@template
def _tile(t, row, slope, place, reads, span, beside, code):
    """Adds `deep` products to the tile of c at (i, j); behind the last of all k comes the epilogue. `row` is one row."""
    c, i, j, m, n = place
    first_a, along_a, step_a, first_b, step_b = reads
    k0, deep, k = span
    here, rows, columns = i * n + j, min(m - i, tile.rows(t)), min(n - j, tile.columns(t))
    whole = rows == tile.rows(t) and columns == tile.columns(t)
    if k0 > 0:
        t = tile.load(t, c, here, n) if whole else tile.load_part(t, c, here, n, rows, columns)
    for s in range(deep):
        t = tile.outer(t, first_a, s * step_a, along_a, first_b, s * step_b)
    last = k0 + deep == k
    if whole:
        if last:
            if code == GATE:
                t = tile.rectify(t, tile.load(t, beside, here, n), slope)
            elif beside != 0:
                t = tile.add_row(t, tile.load(row, beside, j, 0))
            if code == RELU:
                t = tile.relu(t)
            elif code == LEAKY_RELU:
                t = tile.leaky_relu(t, slope)
        tile.store(t, c, here, n)
    else:
        tile.store_part(t, c, here, n, rows, columns)
        if last:
            _finish_edge(slope, c, here, n, rows, columns, beside, j, code)


@inline
def _finish_edge(slope, c, here, n, rows, columns, beside, j, code):
    """The epilogue of a tile at the edge of c, row by row where it was stored: once for all shapes of tiles."""
    for i in range(rows):
        row = tile.zeros(slope, 1, VECTORS)
        t = tile.load_part(row, c, here + i * n, 0, 1, columns)
        if code == GATE:
            t = tile.rectify(t, tile.load_part(row, beside, here + i * n, 0, 1, columns), slope)
        elif beside != 0:
            t = tile.add_row(t, tile.load_part(row, beside, j, 0, 1, columns))
        if code == RELU:
            t = tile.relu(t)
        elif code == LEAKY_RELU:
            t = tile.leaky_relu(t, slope)
        tile.store_part(t, c, here + i * n, 0, 1, columns)


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
        for k in range(deep):
            for g in range(0, width, group):
                if g + group <= count:
                    tile.store(tile.load(row, source, start + k * step + g, 0), room, at + k * width + g, 0)
                else:
                    tile.store(
                        tile.load_part(row, source, start + k * step + g, 0, 1, count - g),
                        room,
                        at + k * width + g,
                        0,
                    )
