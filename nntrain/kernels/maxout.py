"""Maxout: the largest of several linear functions, stored side by side: piece p of unit u is column p * units + u."""

from nntrain.kernels.jit import kernel, prange


@kernel(cost=2)
def maxout(y, winner, linear):
    """y[r, u] = max over p of linear[r, p * units + u]; winner (uint8) is the first such p, or that of a NaN."""
    rows, units = y.shape
    for r in prange(rows):
        for u in range(units):
            y[r, u] = linear[r, u]
            winner[r, u] = 0
        for p in range(1, linear.shape[1] // units):
            for u in range(units):
                v = linear[r, p * units + u]
                if v > y[r, u] or v != v:
                    y[r, u] = v
                    winner[r, u] = p


@kernel(cost=2)
def maxout_backward(dlinear, dy, winner):
    """dy for the winner, 0 for the others."""
    rows, units = dy.shape
    zero = dy.dtype.type(0)
    for r in prange(rows):
        for p in range(dlinear.shape[1] // units):
            for u in range(units):
                dlinear[r, p * units + u] = dy[r, u] if winner[r, u] == p else zero
