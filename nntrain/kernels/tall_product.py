"""The gradients of a small weight and its bias over many rows: dw = x transposed @ dy, too few values to share between threads.

The rows are split into parts by their number alone; each part has its own sums, which are added in order. So any number of
threads gives the same bits.
"""

import numpy as np

from nntrain.kernels import host, scratch, strip, tile
from nntrain.kernels.jit import inline, kernel, prange
from nntrain.kernels.tile import SHORT_ROWS, VECTORS

LEAST_ROWS, MOST_VALUES = 2048, 1024  # of x, and of dw, for which it is used
PART, MOST_PARTS = 512, 16  # rows of a part at least, and parts
BIAS_VECTORS = 8  # of the sums for the bias: enough to hide the latency of an addition


def suits(rows: int, values: int) -> bool:
    """Whether it is used for so many rows of x and values of dw."""
    return rows >= LEAST_ROWS and 0 < values <= MOST_VALUES


def gradients(dw: np.ndarray, db: np.ndarray, x: np.ndarray, dy: np.ndarray) -> None:
    """dw (K, N) = x (M, K) transposed @ dy (M, N), db (N,) = the sums of the columns of dy; an empty `db` is none."""
    lanes = host.VECTOR_BYTES // dw.itemsize
    rows, (k, n) = len(x), dw.shape
    turned = _tiles(n, k, lanes) < _tiles(k, n, lanes)
    a, b = (dy, x) if turned else (x, dy)
    parts = max(1, min(MOST_PARTS, rows // PART))
    # Rows from which a tile would read beyond the end of an array.
    last = max(-(-SHORT_ROWS // a.shape[1]), -(-VECTORS * lanes // b.shape[1]))
    own = dw.size + db.size + BIAS_VECTORS * lanes
    room = scratch.buffer(dw.dtype, parts * own + (last + 1) * (k + n) + SHORT_ROWS + VECTORS * lanes)
    sizes = parts, own, rows, a.shape[1], b.shape[1], last
    _sums.run(rows * dw.size, room, a.reshape(-1), b.reshape(-1), dy.reshape(-1), db.size, sizes)
    _fold.serial(dw, db, room, parts, own, turned)


def _tiles(rows: int, columns: int, lanes: int) -> int:
    """How many tiles cover a table."""
    return -(-rows // SHORT_ROWS) * -(-columns // (VECTORS * lanes))


@kernel
def _sums(room, a, b, dy, outputs, sizes):
    """room: for each part of the rows, a transposed @ b and the sums of dy; then copies of the last rows of a and of b."""
    parts, own, rows, m, n, last = sizes
    at_a, first = parts * own, rows - last
    at_b = at_a + last * m + SHORT_ROWS
    for k in range(last * m):
        room[at_a + k] = a[first * m + k]
    for k in range(last * n):
        room[at_b + k] = b[first * n + k]
    for part in prange(parts):
        begin, end = np.int64(part) * rows // parts, (np.int64(part) + 1) * rows // parts
        here = np.int64(part) * own
        whole = min(end, first)
        if n <= tile.lanes(room):
            zeros = tile.zeros(room, SHORT_ROWS, 1)
            _product(zeros, room, here, a, b, begin, whole, end, (first, at_a, at_b, m, n))
        else:
            wide = tile.zeros(room, SHORT_ROWS, VECTORS)
            _product(wide, room, here, a, b, begin, whole, end, (first, at_a, at_b, m, n))
        if outputs > 0:
            _column_sums(room, here + m * n, dy, begin, end, outputs)


@inline
def _product(zeros, room, here, a, b, begin, whole, end, sizes):
    """room[here ...] = a transposed @ b over the rows begin ... end - 1, which from `whole` on are read from the copies."""
    first, at_a, at_b, m, n = sizes
    for i in range(0, m, tile.rows(zeros)):
        for j in range(0, n, tile.columns(zeros)):
            t = zeros
            for row in range(begin, whole):
                t = tile.outer(t, a, row * m + i, 1, b, row * n + j)
            for row in range(max(begin, first), end):
                t = tile.outer(t, room, at_a + (row - first) * m + i, 1, room, at_b + (row - first) * n + j)
            tile.store_part(t, room, here + i * n + j, n, m - i, n - j)


@inline
def _column_sums(room, here, dy, begin, end, n):
    """room[here + j] = the sum of column j of dy over the rows begin ... end - 1; rows of few values fill a strip together."""
    blank = tile.zeros(room, 1, BIAS_VECTORS)
    width = tile.columns(blank)
    together = max(1, width // n)
    for j in range(0, n, width):
        columns = min(width, together * n - j)
        sums = blank
        for row in range(begin, end, together):
            sums = tile.add(sums, strip.read(blank, dy, row * n + j, min(columns, (end - row) * n - j)))
        strip.write(sums, room, here + j, columns)
    for k in range(n, together * n):
        room[here + k % n] += room[here + k]


@kernel
def _fold(dw, db, room, parts, own, turned):
    """dw, db = the sums of the parts in `room`, in their order; dw transposed if `turned`."""
    for part in range(1, parts):
        for i in range(dw.size + db.size):
            room[i] += room[part * own + i]
    for i in range(dw.shape[0]):
        for j in range(dw.shape[1]):
            dw[i, j] = room[j * dw.shape[0] + i] if turned else room[i * dw.shape[1] + j]
    for j in range(db.size):
        db[j] = room[dw.size + j]
