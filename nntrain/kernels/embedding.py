"""Embedding: rows of a table picked by token, and gradients summed by token."""

import numpy as np

from nntrain.kernels import tile
from nntrain.kernels.jit import kernel, prange

# Vectors of columns per task of the sums, of one token.
VECTORS = 8


@kernel
def gather(y, tokens, weight):
    """y[i] (units,) = weight[tokens[i]]; weight: (vocabulary, units)."""
    for i in prange(tokens.size):
        row = weight[tokens[i]]
        for j in range(row.size):
            y[i, j] = row[j]


def sum_by_token(sums: np.ndarray, rows: np.ndarray, tokens: np.ndarray) -> None:
    """sums[k] (units,) = the sum of rows[i] over all i with tokens[i] = k, in order of i; sums: (vocabulary, units)."""
    first = np.zeros(len(sums) + 1, np.int64)
    order = np.empty(tokens.size, np.int64)
    sort_by_token.serial(order, first, tokens)
    _sum.run(rows.size, sums, rows, order, first)


@kernel  # only its serial form is used
def sort_by_token(order, first, tokens):
    """order: the positions of the tokens sorted by token, each token's in order; those of token k begin at first[k]."""
    for i in range(tokens.size):
        first[tokens[i] + 1] += 1
    for k in range(1, first.size):
        first[k] += first[k - 1]
    for i in range(tokens.size):
        order[first[tokens[i]]] = i
        first[tokens[i]] += 1
    for k in range(first.size - 1, 0, -1):
        first[k] = first[k - 1]
    first[0] = 0


@kernel
def _sum(sums, rows, order, first):
    """Parallel over tokens and strips of columns: each sum belongs to one thread, and is added in registers in order of position."""
    vocabulary, units = sums.shape
    width = VECTORS * tile.lanes(rows)
    strips = (units - 1) // width + 1
    for task in prange(vocabulary * strips):
        token, left = np.int64(task) % vocabulary, np.int64(task) // vocabulary * width
        total = tile.zeros(rows, 1, VECTORS)
        for place in range(first[token], first[token + 1]):
            at = order[place] * units + left
            whole = left + width <= units
            row = (
                tile.load(total, rows, at, 0)
                if whole
                else tile.load_part(total, rows, at, 0, 1, units - left)
            )
            total = tile.add_row(total, row)
        tile.store_part(total, sums, token * units + left, 0, 1, units - left)
