"""Muon: the nearest orthogonal matrix to a momentum, by Newton-Schulz iterations on the kernels of matrix products."""

import math
from typing import NamedTuple

import numpy as np

from nntrain.kernels import gradient, matmul, reduce
from nntrain.kernels.jit import kernel, prange
from nntrain.kernels.optimizers import LEAST, flushed

# a x + b x³ + c x⁵ of a singular value x: steep at 0, so that five steps bring all values near 1 (Jordan 2024).
A, B, C = 3.4445, -4.7750, 2.0315
EPS = 1e-7  # the least norm that a matrix is divided by


def orthogonalize(x: np.ndarray, steps: int) -> np.ndarray:
    """(rows, columns): x, which is overwritten, with all its singular values moved near 1."""
    norm = math.sqrt(reduce.sum_of_squares(x))
    gradient.scale(x.reshape(-1), 1 / (norm if not norm < EPS else EPS))
    less = min(x.shape)
    gram, factor, product = (np.empty((less, less), x.dtype) for _ in range(3))
    y, none = np.empty_like(x), x[0, :0]
    for _ in range(steps):
        # (a + b g + c g²) times x, with the smaller of the two squares g of x.
        if x.shape[0] <= x.shape[1]:
            matmul.forward_transposed(gram, x, x, none)
        else:
            matmul.weight_gradient(gram, x, x)
        scale_and_shift(factor, gram, C, B)
        matmul.forward(product, factor, gram, none)
        product.reshape(-1)[:: less + 1] += x.dtype.type(A)
        if x.shape[0] <= x.shape[1]:
            matmul.forward(y, product, x, none)
        else:
            matmul.forward(y, x, product, none)
        x, y = y, x
    return x


@kernel
def scale_and_shift(out, x, factor, diagonal):
    """out = factor x + diagonal I, for a square matrix."""
    f, d = x.dtype.type(factor), x.dtype.type(diagonal)
    for i in prange(x.shape[0]):
        for j in range(x.shape[1]):
            out[i, j] = f * x[i, j]
        out[i, i] += d


class Momentum(NamedTuple):
    new: float  # 1 - momentum
    ahead: float  # how far from the gradient to its average the direction is: Nesterov's; 1: the average


@kernel(cost=2)
def direction(x, grad, mean, p):
    """mean += new (grad - mean); x = grad + ahead (mean - grad). All (values,)."""
    p = Momentum(*p)
    new, ahead = x.dtype.type(p.new), x.dtype.type(p.ahead)
    least, zero = x.dtype.type(LEAST), x.dtype.type(0)
    for i in prange(x.size):
        mean[i] = flushed(mean[i] + new * (grad[i] - mean[i]), least, zero)
        x[i] = grad[i] + ahead * (mean[i] - grad[i])


@kernel
def descend(theta, x, lr, shrink):
    """theta = (1 - shrink) theta - lr x."""
    a, kept = theta.dtype.type(lr), theta.dtype.type(1 - shrink)
    for i in prange(theta.size):
        theta[i] = kept * theta[i] - a * x[i]
