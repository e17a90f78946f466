"""simple_rnn: h = f(x + h @ recurrent), with f = tanh or relu; h is what it saves."""

from typing import NamedTuple

from nntrain.kernels import tile
from nntrain.kernels.jit import implements, inline
from nntrain.kernels.recurrent import frame
from nntrain.kernels.scalar import constant, where_less
from nntrain.kernels.tile import VECTORS
from nntrain.kernels.vector_math import tanh

TANH, RELU = range(2)  # f


class Cell(NamedTuple):
    activation: int  # TANH or RELU


@implements(frame.sizes, Cell)
def _sizes(cell, zero):
    row = tile.zeros(zero, 1, VECTORS)
    return row, row


@implements(frame.step, Cell)
def _step(cell, units, x, sums, h, memory):
    y = _activation(cell.activation, x[0] + sums[0])
    return y, memory, (y,)


@implements(frame.step_backward, Cell)
def _step_backward(cell, saved, h, dh, memory):
    d = _gradient(cell.activation, saved[0], dh)
    return memory, (d,), (d,)


@inline
def _activation(f, z):
    return tanh(z) if f == TANH else tile.relu(z)


@inline
def _gradient(f, y, dy):
    one, zero = constant(y, "1"), constant(y, "0")
    return dy * (one - y * y) if f == TANH else where_less(zero, y, dy, zero)
