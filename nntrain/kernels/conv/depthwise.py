"""Depthwise convolution: every channel has its own kernel. x, dx: (rows, height, width, channels).

y, dy: (rows, outputs down, outputs across, channels); w, dw: (window's height, its width, channels). `sizes` is a
geometry.Window as a plain tuple (see jit.py).
"""

import numpy as np

from nntrain.kernels import tile
from nntrain.kernels.activations import slope_of
from nntrain.kernels.geometry import Window
from nntrain.kernels.jit import inline, kernel, prange
from nntrain.kernels.pool import clear
from nntrain.kernels.rounding import operands
from nntrain.kernels.strip import pixel_offset, read, write

POSITIONS = 2048  # outputs per partial sum of the weight gradient; the partial sums are added in float64


@inline
def _operand(nothing, x, at, columns):
    """Of a product: rounded if x is an array of bfloat16."""
    return tile.rounded(read(nothing, x, at, columns), x)


@inline
def _reach(first, stride, inputs, outputs):
    """The range of outputs that use an input through the tap whose first input is `first`."""
    return max(0, (stride - 1 - first) // stride), min(outputs, (inputs - 1 - first) // stride + 1)


@kernel(cost=9)
def _forward(y, x, w, bias, sizes, slope):
    p = Window(*sizes)
    height, width, channels = x.shape[1], x.shape[2], x.shape[3]
    tall, broad = y.shape[1], y.shape[2]
    nothing = tile.zeros(x, 1, 1)
    for task in prange(y.shape[0] * tall):
        row, a = np.int64(task) // tall, np.int64(task) % tall
        for b in range(broad):
            for c in range(0, channels, tile.lanes(x)):
                columns = channels - c
                total = nothing
                if bias.size > 0:
                    total = read(nothing, bias, c, columns)
                for u in range(p.height):
                    i = a * p.down - p.above + u * p.dilation_down
                    if 0 <= i < height:
                        for v in range(p.width):
                            j = b * p.across - p.left + v * p.dilation_across
                            if 0 <= j < width:
                                pixels = _operand(nothing, x, pixel_offset(x.shape, row, i, j, c), columns)
                                total = tile.multiply_add(
                                    total,
                                    pixels,
                                    _operand(nothing, w, (u * p.width + v) * channels + c, columns),
                                )
                out = pixel_offset(y.shape, row, a, b, c)
                write(tile.rectify(total, total, y.dtype.type(slope)), y, out, columns)


def forward(y, x, w, bias, sizes, epilogue, bfloat16=False):
    """y[a, b, c] = f(the sum over u, v of x[a*down - above + u*dilation, ..., c] * w[u, v, c], + bias[c]).

    With `bfloat16`, the operands of the products are rounded to it, here and below.
    """
    _forward(y, operands(x, bfloat16), operands(w, bfloat16), bias, sizes, slope_of(epilogue))


def input_gradient(dx, dy, w, sizes, bfloat16=False):
    """dx[i, j, c] = the sum of dy * w over all outputs that x[i, j, c] is part of."""
    _input_gradient(dx, operands(dy, bfloat16), operands(w, bfloat16), sizes)


@kernel(cost=9)
def _input_gradient(dx, dy, w, sizes):
    p = Window(*sizes)
    height, width, channels = dx.shape[1], dx.shape[2], dx.shape[3]
    tall, broad = dy.shape[1], dy.shape[2]
    nothing = tile.zeros(dx, 1, 1)
    for task in prange(dx.shape[0] * height):
        row, i = np.int64(task) // height, np.int64(task) % height
        here = np.int64(task) * width * channels
        clear(dx, here, width * channels)
        for u in range(p.height):
            a, between = divmod(i + p.above - u * p.dilation_down, p.down)
            if between == 0 and 0 <= a < tall:
                for v in range(p.width):
                    first = v * p.dilation_across - p.left
                    b0, b1 = _reach(first, p.across, width, broad)
                    for c in range(0, channels, tile.lanes(dx)):
                        columns = channels - c
                        weights = _operand(nothing, w, (u * p.width + v) * channels + c, columns)
                        for b in range(b0, b1):
                            at = here + (first + b * p.across) * channels + c
                            g = _operand(nothing, dy, pixel_offset(dy.shape, row, a, b, c), columns)
                            write(
                                tile.multiply_add(read(nothing, dx, at, columns), g, weights), dx, at, columns
                            )


@kernel
def _weight_gradients(parts, dy, x, step, sizes):
    """parts[p] = dw of the rows from p * step on, `step` of them."""
    p = Window(*sizes)
    rows, height, width, channels = x.shape
    tall, broad = dy.shape[1], dy.shape[2]
    nothing = tile.zeros(x, 1, 1)
    for part in prange(parts.shape[0]):
        here = np.int64(part) * p.height * p.width * channels
        clear(parts, here, p.height * p.width * channels)
        for row in range(np.int64(part) * step, min(rows, (np.int64(part) + 1) * step)):
            for u in range(p.height):
                first_i = u * p.dilation_down - p.above
                a0, a1 = _reach(first_i, p.down, height, tall)
                for a in range(a0, a1):
                    i = first_i + a * p.down
                    for v in range(p.width):
                        first = v * p.dilation_across - p.left
                        b0, b1 = _reach(first, p.across, width, broad)
                        for c in range(0, channels, tile.lanes(x)):
                            columns = channels - c
                            at = here + (u * p.width + v) * channels + c
                            total = read(nothing, parts, at, columns)
                            for b in range(b0, b1):
                                g = _operand(nothing, dy, pixel_offset(dy.shape, row, a, b, c), columns)
                                j = first + b * p.across
                                pixels = _operand(nothing, x, pixel_offset(x.shape, row, i, j, c), columns)
                                total = tile.multiply_add(total, g, pixels)
                            write(total, parts, at, columns)


def weight_gradient(dw, dy, x, sizes, bfloat16=False):
    """dw[u, v, c] = the sum over all outputs of dy * the x that w[u, v, c] met."""
    step = max(1, POSITIONS // (dy.shape[1] * dy.shape[2]))
    parts = np.empty((-(-len(x) // step), *dw.shape), dw.dtype)
    dy, x = operands(dy, bfloat16), operands(x, bfloat16)
    _weight_gradients.run(dy.size * dw.shape[0] * dw.shape[1], parts, dy, x, step, sizes)
    dw[...] = parts.sum(axis=0, dtype=np.float64)
