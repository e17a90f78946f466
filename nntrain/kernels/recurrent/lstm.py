"""lstm: c = f c + i g, h = o tanh(c), for the gates i f g o = sigmoid, sigmoid, tanh, sigmoid of x + h @ recurrent.

recurrent: (units, 4*units), in the order i f g o. The frame's `memory` is c.
"""

from typing import NamedTuple

import numpy as np

from nntrain.kernels.jit import implements, inline
from nntrain.kernels.recurrent import frame
from nntrain.kernels.recurrent.elementwise import (
    add,
    copy,
    multiply,
    sigmoid_backward,
    sigmoid_of_sum,
    tanh_backward,
    tanh_of_sum,
)
from nntrain.kernels.vector_math import tanh


class Cell(NamedTuple):
    cells: np.ndarray  # (rows, steps, units): c before each step
    squashed: np.ndarray  # (rows, steps, units): tanh of c after it


@implements(frame.step, Cell)
def _step(cell, run, row, t, x, sums, h, memory):
    gate, c, units = run.gates[row, t], memory, h.size
    copy(cell.cells[row, t], c)
    sigmoid_of_sum(gate[: 2 * units], x[: 2 * units], sums[: 2 * units])
    tanh_of_sum(gate[2 * units : 3 * units], x[2 * units : 3 * units], sums[2 * units : 3 * units])
    sigmoid_of_sum(gate[3 * units :], x[3 * units :], sums[3 * units :])
    _remember(c, gate[:units], gate[units : 2 * units], gate[2 * units : 3 * units])
    _output(h, cell.squashed[row, t], c, gate[3 * units :])


@inline
def _remember(c, i, f, g):
    for j in range(c.size):
        c[j] = f[j] * c[j] + i[j] * g[j]


@inline
def _output(h, s, c, o):
    for j in range(h.size):
        s[j] = tanh(c[j])
        h[j] = o[j] * s[j]


@implements(frame.step_backward, Cell)
def _step_backward(cell, run, row, t, d, dy, sums, memory):
    gate, dh, dc, units = run.gates[row, t], sums, memory, sums.size
    i, f = gate[:units], gate[units : 2 * units]
    g, o = gate[2 * units : 3 * units], gate[3 * units :]
    add(dh, dy)
    sigmoid_backward(d[3 * units :], dh, cell.squashed[row, t], o)
    _output_backward(dc, dh, cell.squashed[row, t], o)
    sigmoid_backward(d[:units], dc, g, i)
    sigmoid_backward(d[units : 2 * units], dc, cell.cells[row, t], f)
    tanh_backward(d[2 * units : 3 * units], dc, i, g)
    multiply(dc, f)
    copy(run.dgates[row, t], d)


@inline
def _output_backward(dc, dh, s, o):
    one = o.dtype.type(1)
    for j in range(dc.size):
        dc[j] += dh[j] * o[j] * (one - s[j] * s[j])
