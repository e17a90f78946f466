"""Sums over whole arrays, split into chunks by size alone, so that any number of threads adds in the same order."""

import numpy as np

from nntrain.kernels import host, tile
from nntrain.kernels.jit import kernel, prange

# One task of column_sums: rows and vectors of a strip, whose sums stay in registers.
ROWS, VECTORS = 256, 8
# Values per task of the other sums.
VALUES = 16384


def column_sums(out: np.ndarray, x: np.ndarray) -> None:
    """out (columns,) = the sums of the columns of x (rows, columns)."""
    if len(x) <= ROWS:
        _column_sums.run(x.size, out.reshape(1, -1), x)
    else:
        x = x.reshape(-1, _together(*x.shape, x.itemsize) * out.size)
        parts = np.empty((-(-len(x) // ROWS), x.shape[1]), x.dtype)
        _column_sums.run(x.size, parts, x)
        out[:] = parts.reshape(-1, out.size).sum(axis=0, dtype=np.float64)


def _together(rows: int, columns: int, itemsize: int) -> int:
    """How many rows are taken as one, so that few columns fill a strip: a power of two that divides `rows`."""
    most = max(1, VECTORS * host.VECTOR_BYTES // (itemsize * max(columns, 1)))
    return min(rows & -rows, 1 << most.bit_length() - 1)


def sum_of_squares(x: np.ndarray) -> float:
    """The sum of the squares of all values, added in float64."""
    return _total(_sums_of_squares, x)


def total(x: np.ndarray) -> float:
    """The sum of all values, added in float64."""
    return _total(_sums, x)


def all_finite(x: np.ndarray) -> bool:
    """Whether x has neither NaN nor infinities."""
    parts = np.empty(-(-x.size // VALUES), x.dtype)
    _not_finite.run(x.size, parts, x.reshape(-1))
    return parts.item() == 0 if parts.size == 1 else not parts.any()


def _total(pieces, x):
    parts = np.empty(-(-x.size // VALUES))
    pieces.run(x.size, parts, x.reshape(-1))
    return float(parts.sum())


@kernel
def _column_sums(parts, x):
    """parts[p] (columns,) = the sums over rows p * ROWS ... of x, each strip of columns added up in registers."""
    rows, columns = x.shape
    width = VECTORS * tile.lanes(x)
    strips = (columns - 1) // width + 1
    for task in prange(parts.shape[0] * strips):
        part, strip = np.int64(task) // strips, np.int64(task) % strips
        left, count = strip * width, columns - strip * width
        sums = tile.zeros(x, 1, VECTORS)
        for i in range(part * ROWS, min((part + 1) * ROWS, rows)):
            at = i * columns + left
            whole = count >= width
            row = tile.load(sums, x, at, 0) if whole else tile.load_part(sums, x, at, 0, 1, count)
            sums = tile.add_row(sums, row)
        tile.store_part(sums, parts, part * columns + left, 0, 1, count)


@kernel
def _sums_of_squares(parts, x):
    for part in prange(parts.size):
        found = 0.0
        for i in range(np.int64(part) * VALUES, min((np.int64(part) + 1) * VALUES, x.size)):
            value = np.float64(x[i])
            found += value * value
        parts[part] = found


@kernel
def _sums(parts, x):
    for part in prange(parts.size):
        found = 0.0
        for i in range(np.int64(part) * VALUES, min((np.int64(part) + 1) * VALUES, x.size)):
            found += np.float64(x[i])
        parts[part] = found


@kernel
def _not_finite(parts, x):
    """0 for a part whose values are finite, else NaN."""
    zero = x.dtype.type(0)
    for part in prange(parts.size):
        found = zero
        for i in range(np.int64(part) * VALUES, min((np.int64(part) + 1) * VALUES, x.size)):
            found += x[i] * zero
        parts[part] = found
