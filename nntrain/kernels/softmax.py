"""Softmax and its logarithm over the last axis, each row shifted by its maximum to avoid overflow."""

from nntrain.kernels import vector_math
from nntrain.kernels.jit import inline, kernel, prange


@inline
def _largest(row):
    """May miss a NaN, but exp(NaN) makes the row's sum NaN anyway."""
    largest = row[0]
    for c in range(1, row.size):
        largest = max(largest, row[c])
    return largest


@kernel(cost=20)
def softmax(y, x):
    """y = exp(x - m) / sum of exp(x - m); y, x: (rows, classes)."""
    classes = x.shape[1]
    for r in prange(x.shape[0]):
        largest = _largest(x[r])
        total = x.dtype.type(0)
        for c in range(classes):
            y[r, c] = vector_math.exp(x[r, c] - largest)
            total += y[r, c]
        share = x.dtype.type(1) / total
        for c in range(classes):
            y[r, c] *= share


@kernel(cost=2)
def softmax_backward(dx, dy, y):
    """dx = y * (dy - sum of dy y)."""
    classes = y.shape[1]
    for r in prange(y.shape[0]):
        total = y.dtype.type(0)
        for c in range(classes):
            total += dy[r, c] * y[r, c]
        for c in range(classes):
            dx[r, c] = y[r, c] * (dy[r, c] - total)


@kernel(cost=20)
def log_softmax(y, x):
    """y = x - m - log of the sum of exp(x - m)."""
    classes = x.shape[1]
    for r in prange(x.shape[0]):
        largest = _largest(x[r])
        total = x.dtype.type(0)
        for c in range(classes):
            total += vector_math.exp(x[r, c] - largest)
        spread = vector_math.log(total)
        for c in range(classes):
            y[r, c] = (x[r, c] - largest) - spread


@kernel(cost=20)
def log_softmax_backward(dx, dy, y):
    """dx = dy - exp(y) * sum of dy."""
    classes = y.shape[1]
    for r in prange(y.shape[0]):
        total = y.dtype.type(0)
        for c in range(classes):
            total += dy[r, c]
        for c in range(classes):
            dx[r, c] = dy[r, c] - vector_math.exp(y[r, c]) * total
