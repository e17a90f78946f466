"""Rules: how sgd, momentum and adam update a strip of parameters, in place, together with their slots.

One source for both forms: over flat arrays (optimizers.py), and on the tiles of a weight gradient while they are in registers
(update_product.py). Each operation is explicit, so both give the same bits.

Arrays may be addresses. `grad` is a strip; `columns` of it exist. `decays`: whether weight decay applies.
"""

from typing import NamedTuple

import numpy as np

from nntrain.kernels import strip, tile
from nntrain.kernels.jit import inline

# Without a gradient, running means decay to denormals, which processors handle in microcode: with every eighth mean denormal,
# a step of adam took 3.7 times as long. Smaller values are flushed to zero.
LEAST = float(np.finfo(np.float32).tiny)


class Momentum(NamedTuple):
    """`p -= lr velocity`; plain sgd without a velocity."""

    lr: float
    kept: float  # momentum
    added: float  # 1 - dampening
    nesterov: bool
    decay: float  # times theta is added to the gradient


@inline
def sgd(theta, at, columns, grad, p, decays):
    t = strip.read(tile.cleared(grad), theta, at, columns)
    g = tile.add_multiple(grad, p.decay * decays, t)
    strip.write(tile.add_multiple(t, -p.lr, g), theta, at, columns)


@inline
def momentum(theta, velocity, at, columns, grad, p, decays):
    zeros = tile.cleared(grad)
    t, v = strip.read(zeros, theta, at, columns), strip.read(zeros, velocity, at, columns)
    g = tile.add_multiple(grad, p.decay * decays, t)
    v = tile.flushed(tile.add_multiple(tile.multiple(p.added, g), p.kept, v), LEAST)
    strip.write(v, velocity, at, columns)
    step = tile.add_multiple(g, p.kept, v) if p.nesterov else v
    strip.write(tile.add_multiple(t, -p.lr, step), theta, at, columns)


class Adam(NamedTuple):
    """`p = (1 - shrink) p - lr mean / (unroot sqrt(square) + eps)`."""

    lr: float  # with the bias correction of the mean
    new_mean: float  # 1 - beta1
    old_square: float  # beta2
    new_square: float  # 1 - beta2
    unroot: float  # the bias correction of the root of the square
    eps: float
    decay: float  # times theta is added to the gradient
    shrink: float  # decoupled weight decay


@inline
def adam(theta, mean, square, at, columns, grad, p, decays):
    t, m, s = adam_means(theta, mean, square, at, columns, grad, p, decays)
    adam_step(theta, at, columns, t, m, s, p, decays)


@inline
def amsgrad(theta, mean, square, largest, at, columns, grad, p, decays):
    """`largest`: the largest `square` so far, in its place."""
    t, m, s = adam_means(theta, mean, square, at, columns, grad, p, decays)
    most = tile.larger(s, strip.read(tile.cleared(grad), largest, at, columns))
    strip.write(most, largest, at, columns)
    adam_step(theta, at, columns, t, m, most, p, decays)


@inline
def adam_means(theta, mean, square, at, columns, grad, p, decays):
    """theta and the updated first two moments."""
    zeros = tile.cleared(grad)
    t, m = strip.read(zeros, theta, at, columns), strip.read(zeros, mean, at, columns)
    s = strip.read(zeros, square, at, columns)
    g = tile.add_multiple(grad, p.decay * decays, t)
    m = tile.flushed(tile.add_multiple(m, p.new_mean, tile.subtract(g, m)), LEAST)
    s = tile.flushed(
        tile.add_multiple(tile.multiple(p.old_square, s), p.new_square, tile.multiply(g, g)), LEAST
    )
    strip.write(m, mean, at, columns)
    strip.write(s, square, at, columns)
    return t, m, s


@inline
def adam_step(theta, at, columns, t, mean, square, p, decays):
    zeros = tile.cleared(t)
    divisor = tile.add_multiple(tile.fill(zeros, p.eps), p.unroot, tile.root(square))
    kept = tile.multiple(1 - p.shrink * decays, t)
    strip.write(tile.add_multiple(kept, -p.lr, tile.divide(mean, divisor)), theta, at, columns)
