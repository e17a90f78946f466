"""gru: h = n + z (h - n), for r z = sigmoid of x + h @ recurrent, n = tanh of x + r q, q = h @ recurrent + its bias.

recurrent: (units, 3*units), in the order r z n. Saved are r z n q. Backward, `memory` is the part of dh that z passes on.
"""

from typing import NamedTuple

from nntrain.kernels import tile
from nntrain.kernels.jit import implements, inline
from nntrain.kernels.recurrent import frame
from nntrain.kernels.scalar import constant
from nntrain.kernels.tile import VECTORS
from nntrain.kernels.vector_math import sigmoid, tanh


class Cell(NamedTuple):
    recurrent_bias: int  # the address of (units,), or 0


@implements(frame.sizes, Cell)
def _sizes(cell, zero):
    return tile.zeros(zero, 3, VECTORS), tile.zeros(zero, 4, VECTORS)


@implements(frame.step, Cell)
def _step(cell, units, x, sums, h, memory):
    r, z = sigmoid(x[0] + sums[0]), sigmoid(x[1] + sums[1])
    q = _biased(sums[2], cell.recurrent_bias, units)
    n = tanh(x[2] + r * q)
    return n + z * (h - n), memory, (r, z, n, q)


@inline
def _biased(q, bias, units):
    return q + tile.load_part(q, bias, units.first, 0, 1, units.count) if bias != 0 else q


@implements(frame.step_backward, Cell)
def _step_backward(cell, saved, h, dh, memory):
    r, z, n, q = saved
    one, dh = constant(dh, "1"), dh + memory
    dz = dh * (h - n) * (z * (one - z))
    dn = dh * (one - z) * (one - n * n)
    dr = dn * q * (r * (one - r))
    return dh * z, (dr, dz, dn), (dr, dz, dn * r)
