"""lstm: c = f c + i g, h = o tanh(c), for the gates i f g o = sigmoid, sigmoid, tanh, sigmoid of x + h @ recurrent.

recurrent: (units, 4*units), in the order i f g o. The frame's `memory` is c; saved are the gates, c before the step and tanh(c)
after it.
"""

from typing import NamedTuple

from nntrain.kernels import tile
from nntrain.kernels.jit import implements
from nntrain.kernels.recurrent import frame
from nntrain.kernels.scalar import constant
from nntrain.kernels.tile import VECTORS
from nntrain.kernels.vector_math import sigmoid, tanh


class Cell(NamedTuple):
    pass


@implements(frame.sizes, Cell)
def _sizes(cell, zero):
    return tile.zeros(zero, 4, VECTORS), tile.zeros(zero, 6, VECTORS)


@implements(frame.step, Cell)
def _step(cell, units, x, sums, h, memory):
    i, f = sigmoid(x[0] + sums[0]), sigmoid(x[1] + sums[1])
    g, o = tanh(x[2] + sums[2]), sigmoid(x[3] + sums[3])
    c = f * memory + i * g
    s = tanh(c)
    return o * s, c, (i, f, g, o, memory, s)


@implements(frame.step_backward, Cell)
def _step_backward(cell, saved, h, dh, memory):
    i, f, g, o, c, s = saved
    one = constant(dh, "1")
    dc = memory + dh * o * (one - s * s)
    di, df = dc * g * (i * (one - i)), dc * c * (f * (one - f))
    dg, do = dc * i * (one - g * g), dh * s * (o * (one - o))
    d = (di, df, dg, do)
    return dc * f, d, d
