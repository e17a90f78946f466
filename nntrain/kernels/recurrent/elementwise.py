"""Loops over one row of a recurrent layer's arrays, from which the cells are built.

Each loop touches few arrays: LLVM vectorizes a loop only if a few comparisons prove that its output overlaps none of its
inputs. All arrays here are rows in the L1 cache.
"""

from nntrain.kernels.jit import inline
from nntrain.kernels.vector_math import sigmoid, tanh


@inline
def copy(to, source):
    for j in range(to.size):
        to[j] = source[j]


@inline
def zero(to):
    zero = to.dtype.type(0)
    for j in range(to.size):
        to[j] = zero


@inline
def add(to, source):
    """An empty source adds nothing."""
    for j in range(source.size):
        to[j] += source[j]


@inline
def multiply(to, factor):
    for j in range(to.size):
        to[j] *= factor[j]


@inline
def product(to, a, b):
    for j in range(to.size):
        to[j] = a[j] * b[j]


@inline
def sigmoid_of_sum(y, x, a):
    for j in range(y.size):
        y[j] = sigmoid(x[j] + a[j])


@inline
def tanh_of_sum(y, x, a):
    for j in range(y.size):
        y[j] = tanh(x[j] + a[j])


@inline
def relu_of_sum(y, x, a):
    zero = y.dtype.type(0)
    for j in range(y.size):
        z = x[j] + a[j]
        y[j] = zero if z < zero else z


@inline
def sigmoid_backward(dx, dy, factor, y):
    """dx = dy * factor * y (1 - y), the gradient through y = sigmoid(x)."""
    one = y.dtype.type(1)
    for j in range(dx.size):
        dx[j] = dy[j] * factor[j] * (y[j] * (one - y[j]))


@inline
def tanh_backward(dx, dy, factor, y):
    """dx = dy * factor * (1 - y²), the gradient through y = tanh(x)."""
    one = y.dtype.type(1)
    for j in range(dx.size):
        dx[j] = dy[j] * factor[j] * (one - y[j] * y[j])
