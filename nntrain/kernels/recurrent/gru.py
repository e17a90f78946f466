"""gru: h = n + z (h - n), for r z = sigmoid of x + h @ recurrent, n = tanh of x + r q, q = h @ recurrent + its bias.

recurrent: (units, 3*units), in the order r z n. Backward, `memory` is the part of dh that z passes on, and drecurrent holds
the gradient of q where dgates holds that of n.
"""

from typing import NamedTuple

import numpy as np

from nntrain.kernels.jit import implements, inline
from nntrain.kernels.recurrent import frame
from nntrain.kernels.recurrent.elementwise import (
    add,
    copy,
    multiply,
    product,
    sigmoid_backward,
    sigmoid_of_sum,
)
from nntrain.kernels.vector_math import tanh


class Cell(NamedTuple):
    proposed: np.ndarray  # (rows, steps, units): q
    recurrent_bias: np.ndarray  # (units,) or empty


@implements(frame.step, Cell)
def _step(cell, run, row, t, x, sums, h, memory):
    gate, q, units = run.gates[row, t], cell.proposed[row, t], h.size
    sigmoid_of_sum(gate[: 2 * units], x[: 2 * units], sums[: 2 * units])
    copy(q, sums[2 * units : 3 * units])
    if cell.recurrent_bias.size:
        add(q, cell.recurrent_bias)
    _candidate(gate[2 * units :], x[2 * units :], gate[:units], q)
    _interpolate(h, gate[units : 2 * units], gate[2 * units :])


@inline
def _candidate(n, x, r, q):
    for j in range(n.size):
        n[j] = tanh(x[j] + r[j] * q[j])


@inline
def _interpolate(h, z, n):
    for j in range(h.size):
        h[j] = n[j] + z[j] * (h[j] - n[j])


@implements(frame.step_backward, Cell)
def _step_backward(cell, run, row, t, d, dy, sums, memory):
    gate, dgate, dh, units = run.gates[row, t], run.dgates[row, t], memory, sums.size
    r, z, n = gate[:units], gate[units : 2 * units], gate[2 * units :]
    dr, dz, dq, dn = d[:units], d[units : 2 * units], d[2 * units :], dgate[2 * units :]
    add(dh, sums)
    add(dh, dy)
    _update_backward(dz, dh, run.before[row, t], n, z)
    _candidate_backward(dn, dh, z, n)
    sigmoid_backward(dr, dn, cell.proposed[row, t], r)
    product(dq, dn, r)
    multiply(dh, z)
    copy(dgate[: 2 * units], d[: 2 * units])
    copy(run.drecurrent[row, t], d)


@inline
def _update_backward(dz, dh, h, n, z):
    one = z.dtype.type(1)
    for j in range(dz.size):
        dz[j] = dh[j] * (h[j] - n[j]) * (z[j] * (one - z[j]))


@inline
def _candidate_backward(dn, dh, z, n):
    one = z.dtype.type(1)
    for j in range(dn.size):
        dn[j] = dh[j] * (one - z[j]) * (one - n[j] * n[j])
