"""Encodings of numbers: each feature becomes several, by the bins of its distribution or by sines and cosines.

x: (rows, features); y: (rows, features * parts), the parts of a feature next to each other. With piecewise_linear, features beyond
those of `edges` follow as they are.
"""

import numpy as np

from nntrain.kernels.jit import kernel, prange


@kernel(cost=4)
def piecewise_linear(y, x, edges):
    """(x - a) / (b - a), within 0 and 1 except outside the outer edges; edges: (features, bins + 1), 0 for an empty bin."""
    bins = edges.shape[1] - 1
    zero, one = x.dtype.type(0), x.dtype.type(1)
    for row in prange(x.shape[0]):
        for f in range(edges.shape[0]):
            for t in range(bins):
                a, b = edges[f, t], edges[f, t + 1]
                v = (x[row, f] - a) / (b - a) if b > a else zero
                if t > 0 and v < zero:
                    v = zero
                if b < edges[f, bins] and v > one:
                    v = one
                y[row, f * bins + t] = v
        for f in range(edges.shape[0], x.shape[1]):
            y[row, edges.shape[0] * (bins - 1) + f] = x[row, f]


@kernel(cost=4)
def piecewise_linear_backward(dx, dy, x, edges):
    """dx = sum of dy / (b - a) over the bins in which x lies, or beyond which it lies at the outer edges."""
    bins = edges.shape[1] - 1
    for row in prange(x.shape[0]):
        for f in range(edges.shape[0]):
            total = x.dtype.type(0)
            for t in range(bins):
                a, b = edges[f, t], edges[f, t + 1]
                inside = (t == 0 or x[row, f] >= a) and (b == edges[f, bins] or x[row, f] < b)
                if b > a and inside:
                    total += dy[row, f * bins + t] / (b - a)
            dx[row, f] = total
        for f in range(edges.shape[0], x.shape[1]):
            dx[row, f] = dy[row, edges.shape[0] * (bins - 1) + f]


@kernel(cost=40)
def periodic(y, x, angular):
    """sin(w x), then cos(w x), for each w of angular (features, count)."""
    count = angular.shape[1]
    for row in prange(x.shape[0]):
        for f in range(x.shape[1]):
            for k in range(count):
                angle = angular[f, k] * x[row, f]
                y[row, 2 * f * count + k] = np.sin(angle)
                y[row, (2 * f + 1) * count + k] = np.cos(angle)


@kernel(cost=4)
def periodic_backward(dx, dy, y, angular):
    """dx = sum of w (dsin cos - dcos sin)."""
    count = angular.shape[1]
    for row in prange(dx.shape[0]):
        for f in range(dx.shape[1]):
            total = y.dtype.type(0)
            for k in range(count):
                sine, cosine = 2 * f * count + k, (2 * f + 1) * count + k
                slope = dy[row, sine] * y[row, cosine] - dy[row, cosine] * y[row, sine]
                total += angular[f, k] * slope
            dx[row, f] = total


@kernel
def angular_gradient(dangular, dy, y, x):
    """dw = sum over the rows of x (dsin cos - dcos sin), in order: each thread owns some features."""
    count = dangular.shape[1]
    for f in prange(x.shape[1]):
        for k in range(count):
            sine, cosine = 2 * f * count + k, (2 * f + 1) * count + k
            total = 0.0
            for row in range(x.shape[0]):
                slope = dy[row, sine] * y[row, cosine] - dy[row, cosine] * y[row, sine]
                total += slope * x[row, f]
            dangular[f, k] = total
