"""Columns: rows of tables of vectors picked by the numbers of categories in columns of x, and gradients summed by category."""

import numpy as np

from nntrain.kernels.embedding import sort_by_token
from nntrain.kernels.jit import inline, kernel, prange


@kernel
def copy(y, x, positions):
    """y[:, j] = x[:, positions[j]]."""
    for i in prange(x.shape[0]):
        for j in range(positions.size):
            y[i, j] = x[i, positions[j]]


@kernel
def copy_gradient(dx, dy, positions):
    """dx[:, positions[j]] = dy[:, j], and 0 elsewhere: a number of a category has no gradient."""
    for i in prange(dx.shape[0]):
        for j in range(dx.shape[1]):
            dx[i, j] = 0
        for j in range(positions.size):
            dx[i, positions[j]] = dy[i, j]


@kernel
def gather(y, x, weight, position, start):
    """y[i, start:start + units] = weight[the category in x[i, position]]; weight: (categories, units)."""
    for i in prange(x.shape[0]):
        value = x[i, position]
        row = weight[_category(value, weight.shape[0])]
        for j in range(row.size):
            y[i, start + j] = row[j] if value == value else value  # NaN passes through


def sum_by_category(sums: np.ndarray, dy: np.ndarray, x: np.ndarray, position: int, start: int) -> None:
    """sums[k] (units,) = the sum of dy[i, start:start + units] over all rows i of category k, in order of i."""
    first = np.zeros(len(sums) + 1, np.int64)
    order = np.empty(len(x), np.int64)
    numbers = np.empty(len(x), np.int32)
    _categories.serial(numbers, x, position, len(sums))
    sort_by_token.serial(order, first, numbers)
    _sum.run(len(x) * sums.shape[1], sums, dy, order, first, start)


@kernel  # only its serial form is used
def _categories(numbers, x, position, count):
    for i in range(x.shape[0]):
        numbers[i] = _category(x[i, position], count)


@inline
def _category(value, count):
    """The whole number nearest to value among 0 to count - 1; 0 for NaN. No value reads outside of the table."""
    if not value > 0:
        return 0
    return int(value + 0.5) if value < count - 1 else count - 1


@kernel
def _sum(sums, dy, order, first, start):
    """Parallel over categories: each sum belongs to one thread, which adds in order of the rows."""
    for k in prange(sums.shape[0]):
        for j in range(sums.shape[1]):
            sums[k, j] = 0
        for place in range(first[k], first[k + 1]):
            for j in range(sums.shape[1]):
                sums[k, j] += dy[order[place], start + j]
