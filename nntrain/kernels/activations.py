"""Activations on flat arrays: y = f(x), and dx = dy f'(x), computed from y where that is enough.

Where a comparison decides, NaN takes the branch that computes with it, so that it propagates.
"""

import math

import numpy as np

from nntrain.kernels import normal, random, vector_math
from nntrain.kernels.jit import inline, kernel, prange

CHUNK = 16384  # elements that one thread sums, in order


def slope_of(epilogue):
    """The slope for `rectified` that is an epilogue of kernels.matmul: 1 for NONE, 0 for RELU."""
    code, slope = epilogue
    return (1.0, 0.0, slope)[code]


@inline
def rectified(v, slope):
    """v, or v * slope below zero; with slope 0 an infinity gives 0."""
    if v <= 0:
        return v * slope if slope != 0 else slope
    return v


@kernel
def relu(y, x):
    zero = x.dtype.type(0)
    for i in prange(x.size):
        y[i] = zero if x[i] <= zero else x[i]


@kernel
def relu_backward(dx, dy, y):
    zero = y.dtype.type(0)
    for i in prange(y.size):
        dx[i] = zero if y[i] <= zero else dy[i]


@kernel
def leaky_relu(y, x, slope):
    zero, a = x.dtype.type(0), x.dtype.type(slope)
    for i in prange(x.size):
        y[i] = x[i] * a if x[i] <= zero else x[i]


@kernel
def leaky_relu_backward(dx, dy, y, slope):
    """A slope of at least 0 leaves y the sign of x."""
    zero, a = y.dtype.type(0), y.dtype.type(slope)
    for i in prange(y.size):
        dx[i] = dy[i] * a if y[i] <= zero else dy[i]


@kernel
def prelu(y, x, slope):
    """x, y: (rows, channels); slope: (channels,), or (1,) for all."""
    zero = x.dtype.type(0)
    for r in prange(x.shape[0]):
        for c in range(x.shape[1]):
            a = slope[c] if slope.size > 1 else slope[0]
            y[r, c] = x[r, c] * a if x[r, c] <= zero else x[r, c]


@kernel
def prelu_backward(dx, dy, x, slope):
    zero = x.dtype.type(0)
    for r in prange(x.shape[0]):
        for c in range(x.shape[1]):
            a = slope[c] if slope.size > 1 else slope[0]
            dx[r, c] = dy[r, c] * a if x[r, c] <= zero else dy[r, c]


@kernel
def prelu_slope(dslope, dy, x):
    """dslope[c] = sum of dy x over the rows where x < 0; over all channels too where there is one slope."""
    rows, channels = x.shape
    step = max(1, CHUNK // channels)
    chunks = (rows + step - 1) // step
    sums = np.empty((chunks, channels))
    for k in prange(chunks):
        for c in range(channels):
            sums[k, c] = 0
        for r in range(k * step, min(rows, (k + 1) * step)):
            for c in range(channels):
                sums[k, c] += 0.0 if x[r, c] > 0 else dy[r, c] * x[r, c]
    for k in range(1, chunks):
        for c in range(channels):
            sums[0, c] += sums[k, c]
    if dslope.size == 1:
        for c in range(1, channels):
            sums[0, 0] += sums[0, c]
    for c in range(dslope.size):
        dslope[c] = sums[0, c]


@kernel(cost=20)
def rrelu(y, slopes, x, key, lower, upper):
    """Negative values times a random slope for each between `lower` and `upper`; `slopes` is y / x."""
    zero, one = x.dtype.type(0), x.dtype.type(1)
    for i in prange(x.size):
        a = x.dtype.type(lower + (upper - lower) * random.uniform(key, i))
        slopes[i] = a if x[i] <= zero else one
        y[i] = slopes[i] * x[i]


@kernel(cost=10)
def elu(y, x, alpha, scale):
    zero, negative, positive = x.dtype.type(0), x.dtype.type(alpha * scale), x.dtype.type(scale)
    for i in prange(x.size):
        below = vector_math.expm1(zero if x[i] > zero else x[i])
        y[i] = positive * x[i] if x[i] > zero else negative * below


@kernel
def elu_backward(dx, dy, y, alpha, scale):
    """Below zero f' = alpha scale exp(x) = y + alpha scale."""
    zero, negative, positive = y.dtype.type(0), y.dtype.type(alpha * scale), y.dtype.type(scale)
    for i in prange(y.size):
        dx[i] = dy[i] * positive if y[i] > zero else dy[i] * (y[i] + negative)


@kernel(cost=10)
def sigmoid(y, x):
    for i in prange(x.size):
        y[i] = vector_math.sigmoid(x[i])


@kernel
def sigmoid_backward(dx, dy, y):
    one = y.dtype.type(1)
    for i in prange(y.size):
        dx[i] = dy[i] * (y[i] * (one - y[i]))


@kernel(cost=10)
def tanh(y, x):
    for i in prange(x.size):
        y[i] = vector_math.tanh(x[i])


@kernel
def tanh_backward(dx, dy, y):
    one = y.dtype.type(1)
    for i in prange(y.size):
        dx[i] = dy[i] * (one - y[i] * y[i])


@kernel(cost=20)
def softplus(y, x, beta):
    b, inverse = x.dtype.type(beta), x.dtype.type(1 / beta)
    for i in prange(x.size):
        y[i] = vector_math.softplus(b * x[i]) * inverse


@kernel(cost=10)
def softplus_backward(dx, dy, y, beta):
    """f' = sigmoid(beta x) = 1 - exp(-beta y)."""
    b = y.dtype.type(beta)
    for i in prange(y.size):
        dx[i] = dy[i] * -vector_math.expm1(-b * y[i])


@kernel(cost=2)
def softsign(y, x):
    one = x.dtype.type(1)
    for i in prange(x.size):
        y[i] = x[i] / (one + abs(x[i]))


@kernel
def softsign_backward(dx, dy, y):
    """1 - |y| = 1 / (1 + |x|)."""
    one = y.dtype.type(1)
    for i in prange(y.size):
        root = one - abs(y[i])
        dx[i] = dy[i] * root * root


@kernel
def clip(y, x, offset, low, high, gain):
    """y = gain * (x + offset clipped to [low, high]): relu6, hard_tanh and hard_sigmoid."""
    o, a, b, g = x.dtype.type(offset), x.dtype.type(low), x.dtype.type(high), x.dtype.type(gain)
    for i in prange(x.size):
        v = x[i] + o
        y[i] = g * (a if v <= a else b if v >= b else v)


@kernel
def clip_backward(dx, dy, y, low, high, gain):
    """0 where `clip` clipped."""
    zero, g = y.dtype.type(0), y.dtype.type(gain)
    a, b = g * y.dtype.type(low), g * y.dtype.type(high)
    for i in prange(y.size):
        dx[i] = zero if y[i] <= a or y[i] >= b else dy[i] * g


@kernel(cost=10)
def silu(y, x):
    for i in prange(x.size):
        y[i] = x[i] * vector_math.sigmoid(x[i])


@kernel(cost=10)
def silu_backward(dx, dy, x):
    one = x.dtype.type(1)
    for i in prange(x.size):
        s = vector_math.sigmoid(x[i])
        dx[i] = dy[i] * s * (one + x[i] * (one - s))


@kernel
def hard_swish(y, x):
    zero, three, six = x.dtype.type(0), x.dtype.type(3), x.dtype.type(6)
    for i in prange(x.size):
        v = x[i] + three
        y[i] = x[i] * (zero if v <= zero else six if v >= six else v) * x.dtype.type(1 / 6)


@kernel
def hard_swish_backward(dx, dy, x):
    zero, three, half = x.dtype.type(0), x.dtype.type(3), x.dtype.type(0.5)
    for i in prange(x.size):
        dx[i] = (
            zero
            if x[i] <= -three
            else dy[i]
            if x[i] >= three
            else dy[i] * (x[i] * x.dtype.type(1 / 3) + half)
        )


MISH_END = 20  # from here on mish(x) is x in both precisions; and exp(20)^2 is far from overflow


@inline(fastmath={"contract"})  # x * (n / m) reordered to (x * n) / m would overflow
def _tanh_of_softplus(e, two):
    """tanh(log(1 + e)) = n / (n + 2) with n = e (e + 2)."""
    n = e * (e + two)
    return n / (n + two)


@kernel(cost=15)
def mish(y, x):
    two, end = x.dtype.type(2), x.dtype.type(MISH_END)
    for i in prange(x.size):
        y[i] = x[i] * _tanh_of_softplus(vector_math.exp(end if x[i] > end else x[i]), two)


@kernel(cost=15)
def mish_backward(dx, dy, x):
    """f' = t + x (1 - t^2) sigmoid(x), t = tanh(log(1 + exp(x)))."""
    one, two, end = x.dtype.type(1), x.dtype.type(2), x.dtype.type(MISH_END)
    for i in prange(x.size):
        v = end if x[i] > end else x[i]
        e = vector_math.exp(v)
        t = _tanh_of_softplus(e, two)
        dx[i] = dy[i] * (t + v * (one - t * t) * (e / (one + e)))


@kernel(cost=12)
def gelu(y, x):
    for i in prange(x.size):
        y[i] = normal.gelu(x[i])


@kernel(cost=20)
def gelu_backward(dx, dy, x):
    for i in prange(x.size):
        dx[i] = dy[i] * normal.gelu_slope(x[i])


GELU_SCALE = math.sqrt(2 / math.pi)  # Hendrycks & Gimpel 2016, tanh form
GELU_CUBE = 0.044715


@kernel(cost=10)
def gelu_tanh(y, x):
    half, one = x.dtype.type(0.5), x.dtype.type(1)
    scale, cube = x.dtype.type(GELU_SCALE), x.dtype.type(GELU_SCALE * GELU_CUBE)
    for i in prange(x.size):
        t = vector_math.tanh(x[i] * (scale + cube * x[i] * x[i]))
        y[i] = half * x[i] * (one + t)


@kernel(cost=10)
def gelu_tanh_backward(dx, dy, x):
    """f' = (1 + t) / 2 + x (1 - t^2) u' / 2, t = tanh(u)."""
    half, one, limit = x.dtype.type(0.5), x.dtype.type(1), x.dtype.type(100)
    scale, cube = x.dtype.type(GELU_SCALE), x.dtype.type(GELU_SCALE * GELU_CUBE)
    three = x.dtype.type(3)
    for i in prange(x.size):
        v = (
            limit if x[i] > limit else -limit if x[i] < -limit else x[i]
        )  # beyond, f' is 0 or 1, and u' may be infinite
        t = vector_math.tanh(v * (scale + cube * v * v))
        dx[i] = dy[i] * half * (one + t + v * (one - t * t) * (scale + three * cube * v * v))
