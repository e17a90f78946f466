"""simple_rnn: h = f(x + h @ recurrent), with f = tanh or relu; its gate is h itself."""

from typing import NamedTuple

from nntrain.kernels.jit import implements, inline
from nntrain.kernels.recurrent import frame
from nntrain.kernels.recurrent.elementwise import add, copy, relu_of_sum, tanh_of_sum

TANH, RELU = range(2)  # f


class Cell(NamedTuple):
    activation: int  # TANH or RELU


@implements(frame.step, Cell)
def _step(cell, run, row, t, x, sums, h, memory):
    gate = run.gates[row, t]
    if cell.activation == TANH:
        tanh_of_sum(gate, x, sums)
    else:
        relu_of_sum(gate, x, sums)
    copy(h, gate)


@implements(frame.step_backward, Cell)
def _step_backward(cell, run, row, t, d, dy, sums, memory):
    dh = sums
    add(dh, dy)
    if cell.activation == TANH:
        _tanh_backward(d, dh, run.gates[row, t])
    else:
        _relu_backward(d, dh, run.gates[row, t])
    copy(run.dgates[row, t], d)


@inline
def _tanh_backward(d, dh, h):
    one = h.dtype.type(1)
    for j in range(d.size):
        d[j] = dh[j] * (one - h[j] * h[j])


@inline
def _relu_backward(d, dh, h):
    zero = h.dtype.type(0)
    for j in range(d.size):
        d[j] = zero if h[j] <= zero else dh[j]
