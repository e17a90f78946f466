"""Merging several arrays of one shape into one: sums and products."""

from nntrain.kernels.activations import rectified, slope_of
from nntrain.kernels.jit import kernel, prange


@kernel
def _add(y, a, b, slope):
    s = y.dtype.type(slope)
    for i in prange(y.size):
        y[i] = rectified(a[i] + b[i], s)


@kernel
def _accumulate(y, a, slope):
    s = y.dtype.type(slope)
    for i in prange(y.size):
        y[i] = rectified(y[i] + a[i], s)


def add(y, parts, epilogue=(0, 0.0)):
    """y = f(parts[0] + parts[1] + ...), two or more; all C-contiguous and of one shape, y must not overlap the parts."""
    parts = [part.reshape(-1) for part in parts]
    y, slope, last = y.reshape(-1), slope_of(epilogue), len(parts) - 1
    _add(y, parts[0], parts[1], slope if last == 1 else 1.0)
    for k in range(2, len(parts)):
        _accumulate(y, parts[k], slope if k == last else 1.0)


@kernel
def _add_gradients(dy, a, b, y, slope):
    s = y.dtype.type(slope)
    for i in prange(y.size):
        g = a[i] + b[i]
        below = g * s if s != 0 else s
        dy[i] = below if y[i] <= 0 else g


def add_gradients(dy, parts, y, slope):
    """dy = parts[0] + parts[1] + ..., times `slope` where y <= 0: as `add`, fused with a rectifier's backward."""
    *parts, last = [part.reshape(-1) for part in parts]
    dy, total = dy.reshape(-1), parts[0]
    if len(parts) > 1:
        add(dy, parts)
        total = dy
    _add_gradients(dy, total, last, y.reshape(-1), slope)


@kernel
def multiply(y, a, b):
    """y = a * b; all flat."""
    for i in prange(y.size):
        y[i] = a[i] * b[i]


@kernel
def multiply_by(y, a):
    """y *= a; both flat."""
    for i in prange(y.size):
        y[i] *= a[i]
