"""Cumulative link: the log-probabilities of ordered classes from one number, with a threshold between neighbours.

x: (rows,); y: (rows, classes); thresholds: (classes - 1,), rising.
"""

from nntrain.kernels.jit import kernel, prange
from nntrain.kernels.vector_math import expm1, log, sigmoid, softplus


@kernel(cost=40)
def forward(y, x, thresholds):
    """log(s(b) - s(a)) = log s(b) + log s(-a) + log(1 - exp(a - b)), with the sigmoid s, a and b: thresholds less x."""
    for row in prange(x.size):
        for k in range(y.shape[1]):
            value = y.dtype.type(0)
            if k > 0:
                value -= softplus(thresholds[k - 1] - x[row])
            if k < thresholds.size:
                value -= softplus(x[row] - thresholds[k])
            if 0 < k < thresholds.size:
                value += log(-expm1(thresholds[k - 1] - thresholds[k]))
            y[row, k] = value


@kernel(cost=40)
def input_gradient(dx, dy, x, thresholds):
    """dx = sum of dy (s(a) + s(b) - 1)."""
    for row in prange(x.size):
        total = dx.dtype.type(0)
        for k in range(dy.shape[1]):
            slope = dx.dtype.type(0)
            if k > 0:
                slope += sigmoid(thresholds[k - 1] - x[row])
            if k < thresholds.size:
                slope -= sigmoid(x[row] - thresholds[k])
            total += dy[row, k] * slope
        dx[row] = total


@kernel(cost=80)
def threshold_gradient(dthresholds, dy, x, thresholds):
    """Sums over the rows, in order: each thread owns some thresholds. Threshold k bounds class k from above, k + 1 from below."""
    one = x.dtype.type(1)
    for k in prange(thresholds.size):
        total = 0.0
        lower = one / expm1(thresholds[k] - thresholds[k - 1]) if k > 0 else x.dtype.type(0)
        upper = one / expm1(thresholds[k + 1] - thresholds[k]) if k + 1 < thresholds.size else x.dtype.type(0)
        for row in range(x.size):
            below = sigmoid(x[row] - thresholds[k])
            total += dy[row, k] * (below + lower) - dy[row, k + 1] * (one - below + upper)
        dthresholds[k] = total
