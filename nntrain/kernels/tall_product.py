"""The gradient of a small weight over many rows: dw = x transposed @ dy, where dw has too few values to share between threads.

The rows are split into parts by their number alone; each part has its own sums, which are added in order. So any number of
threads gives the same bits.
"""

import numpy as np

from nntrain.kernels import host, scratch, tile
from nntrain.kernels.jit import kernel, prange
from nntrain.kernels.tile import SHORT_ROWS, VECTORS

LEAST_ROWS, MOST_VALUES = 2048, 1024  # of x, and of dw, for which it is used
PART, MOST_PARTS = 512, 16  # rows of a part at least, and parts


def weight_gradient(dw: np.ndarray, x: np.ndarray, dy: np.ndarray) -> None:
    """dw (K, N) = x (M, K) transposed @ dy (M, N)"""
    if not dw.size:
        return
    lanes = host.VECTOR_BYTES // dw.itemsize
    rows, (k, n) = len(x), dw.shape
    turned = _tiles(n, k, lanes) < _tiles(k, n, lanes)
    a, b = (dy, x) if turned else (x, dy)
    parts = max(1, min(MOST_PARTS, rows // PART))
    # Rows from which a tile would read beyond the end of an array.
    last = max(-(-SHORT_ROWS // a.shape[1]), -(-VECTORS * lanes // b.shape[1]))
    room = scratch.buffer(dw.dtype, parts * dw.size + (last + 1) * (k + n) + SHORT_ROWS + VECTORS * lanes)
    sizes = parts, rows, a.shape[1], b.shape[1], last
    _sums.run(rows * dw.size, room, a.reshape(-1), b.reshape(-1), sizes)
    _fold.serial(dw, room, parts, turned)


def _tiles(rows: int, columns: int, lanes: int) -> int:
    """How many tiles cover a table."""
    return -(-rows // SHORT_ROWS) * -(-columns // (VECTORS * lanes))


@kernel
def _sums(room, a, b, sizes):
    """room: for each part of the rows, a transposed @ b; then copies of the last rows of a and of b."""
    parts, rows, m, n, last = sizes
    at_a, first = parts * m * n, rows - last
    at_b = at_a + last * m + SHORT_ROWS
    for k in range(last * m):
        room[at_a + k] = a[first * m + k]
    for k in range(last * n):
        room[at_b + k] = b[first * n + k]
    height, width = tile.short_height(room), tile.width(room)
    for part in prange(parts):
        begin, end = np.int64(part) * rows // parts, (np.int64(part) + 1) * rows // parts
        for i in range(0, m, height):
            for j in range(0, n, width):
                t = tile.zeros(room, SHORT_ROWS, VECTORS)
                for row in range(begin, min(end, first)):
                    t = tile.outer(t, a, row * m + i, 1, b, row * n + j)
                for row in range(max(begin, first), end):
                    t = tile.outer(
                        t, room, at_a + (row - first) * m + i, 1, room, at_b + (row - first) * n + j
                    )
                tile.store_part(t, room, (np.int64(part) * m + i) * n + j, n, m - i, n - j)


@kernel
def _fold(dw, room, parts, turned):
    """dw = the sum of the parts in `room`, in their order; transposed if `turned`."""
    for part in range(1, parts):
        for i in range(dw.size):
            room[i] += room[part * dw.size + i]
    for i in range(dw.shape[0]):
        for j in range(dw.shape[1]):
            dw[i, j] = room[j * dw.shape[0] + i] if turned else room[i * dw.shape[1] + j]
