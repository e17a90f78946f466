"""Optimizers: one pass over the flat parameters, which are updated in place together with the optimizer's slots.

All arrays are (parameters,); unused slots are empty. `decay` times theta is added to the gradient of the first `decayed`
parameters; `shrink` is decoupled weight decay of the same parameters. `p` holds the numbers of an update rule, a plain tuple
(see jit.py) in the order of the rule's NamedTuple.

Threads share blocks of one size, so each value is computed at the same position of the same vector loop whichever thread
computes it: that keeps the bits. No block crosses `decayed`, so the inner loops need no branch.
"""

from math import sqrt
from typing import NamedTuple

import numpy as np

from nntrain.kernels import rules, strip, tile
from nntrain.kernels.jit import inline, kernel, prange, template
from nntrain.kernels.rules import LEAST, Adam, Momentum
from nntrain.kernels.scalar import multiply_add
from nntrain.kernels.tile import VECTORS

BLOCK = 1024  # values of each array: those of all arrays stay in the L1 cache


@inline
def block_count(theta, decayed):
    return (decayed + BLOCK - 1) // BLOCK + (theta.size - decayed + BLOCK - 1) // BLOCK


@inline
def bounds(block, theta, decayed):
    """First and last + 1 of a block's parameters."""
    of_decayed = (decayed + BLOCK - 1) // BLOCK
    if block < of_decayed:
        return block * BLOCK, min(decayed, (block + 1) * BLOCK)
    start = decayed + (block - of_decayed) * BLOCK
    return start, min(theta.size, start + BLOCK)


@template
def over_blocks(update, theta, grad, slots, p, decay, decayed):
    """update(theta, grad, slots, p, decay) for each block; decay is 0 beyond the decayed ones. slots: three arrays."""
    first, second, third = slots
    for block in prange(block_count(theta, decayed)):
        a, z = bounds(block, theta, decayed)
        parts = first[a:z], second[a:z], third[a:z]
        update(theta[a:z], grad[a:z], parts, p, decay if a < decayed else 0.0)


@inline
def flushed(value, least, zero):
    """value, or 0 if it is smaller than `least`; NaN stays."""
    return zero if abs(value) < least else value


@inline
def _sgd(theta, grad, slots, p, decays):
    for at in range(0, theta.size, tile.width(theta)):
        columns = theta.size - at
        g = strip.read(tile.zeros(theta, 1, VECTORS), grad, at, columns)
        rules.sgd(theta, at, columns, g, p, decays)


@kernel
def sgd(theta, grad, p, decayed):
    none = theta[:0]
    over_blocks(_sgd, theta, grad, (none, none, none), Momentum(*p), 1.0, decayed)


@inline
def _momentum(theta, grad, slots, p, decays):
    velocity, _, _ = slots
    for at in range(0, theta.size, tile.width(theta)):
        columns = theta.size - at
        g = strip.read(tile.zeros(theta, 1, VECTORS), grad, at, columns)
        rules.momentum(theta, velocity, at, columns, g, p, decays)


@kernel
def momentum(theta, grad, velocity, p, decayed):
    none = theta[:0]
    over_blocks(_momentum, theta, grad, (velocity, none, none), Momentum(*p), 1.0, decayed)


class Adagrad(NamedTuple):
    lr: float
    initial: float  # accumulator value
    eps: float


@inline
def _adagrad(theta, grad, slots, p, decay):
    square, _, _ = slots
    lr, initial = theta.dtype.type(p.lr), theta.dtype.type(p.initial)
    eps, decay = theta.dtype.type(p.eps), theta.dtype.type(decay)
    for i in range(theta.size):
        g = grad[i] + decay * theta[i]
        square[i] += g * g
        theta[i] -= lr * g / (sqrt(initial + square[i]) + eps)


@kernel(cost=4)
def adagrad(theta, grad, square, p, decay, decayed):
    none = theta[:0]
    over_blocks(_adagrad, theta, grad, (square, none, none), Adagrad(*p), decay, decayed)


class Adadelta(NamedTuple):
    lr: float
    rho: float
    new: float  # 1 - rho
    eps: float


@inline
def _adadelta(theta, grad, slots, p, decay):
    square, change, _ = slots
    lr, rho, new = theta.dtype.type(p.lr), theta.dtype.type(p.rho), theta.dtype.type(p.new)
    eps, decay = theta.dtype.type(p.eps), theta.dtype.type(decay)
    least, zero = theta.dtype.type(LEAST), theta.dtype.type(0)
    for i in range(theta.size):
        g = grad[i] + decay * theta[i]
        square[i] = flushed(rho * square[i] + new * g * g, least, zero)
        delta = sqrt(change[i] + eps) / sqrt(square[i] + eps) * g
        change[i] = flushed(rho * change[i] + new * delta * delta, least, zero)
        theta[i] -= lr * delta


@kernel(cost=6)
def adadelta(theta, grad, square, change, p, decay, decayed):
    over_blocks(_adadelta, theta, grad, (square, change, theta[:0]), Adadelta(*p), decay, decayed)


class RMSprop(NamedTuple):
    lr: float
    alpha: float
    new: float  # 1 - alpha
    kept: float  # momentum
    eps: float


# No fastmath: with it, LLVM rounded the last values of a block, which it computes one by one, in another way than vectors of them.
@inline(fastmath=())
def _rmsprop(theta, grad, slots, p, decay):
    square, mean, velocity = slots
    lr, kept, eps = theta.dtype.type(p.lr), theta.dtype.type(p.kept), theta.dtype.type(p.eps)
    alpha, new, decay = theta.dtype.type(p.alpha), theta.dtype.type(p.new), theta.dtype.type(decay)
    least, zero = theta.dtype.type(LEAST), theta.dtype.type(0)
    for i in range(theta.size):
        g = multiply_add(decay, theta[i], grad[i])
        square[i] = flushed(multiply_add(new * g, g, alpha * square[i]), least, zero)
    if mean.size:
        for i in range(theta.size):
            g = multiply_add(decay, theta[i], grad[i])
            mean[i] = flushed(multiply_add(new, g - mean[i], mean[i]), least, zero)
    for i in range(theta.size):
        variance = square[i]
        if mean.size:
            variance = multiply_add(-mean[i], mean[i], variance)
            variance = zero if variance < zero else variance  # rounding can make it negative
        step = multiply_add(decay, theta[i], grad[i]) / (sqrt(variance) + eps)
        if velocity.size:
            velocity[i] = flushed(multiply_add(kept, velocity[i], step), least, zero)
            step = velocity[i]
        theta[i] = multiply_add(-lr, step, theta[i])


@kernel(cost=5)
def rmsprop(theta, grad, square, mean, velocity, p, decay, decayed):
    """`mean` is empty unless centered, `velocity` without momentum."""
    over_blocks(_rmsprop, theta, grad, (square, mean, velocity), RMSprop(*p), decay, decayed)


@inline
def running_means(theta, grad, mean, square, p, decay):
    """The first two moments of nadam and radam."""
    new_mean, decay = theta.dtype.type(p.new_mean), theta.dtype.type(decay)
    old_square, new_square = theta.dtype.type(p.old_square), theta.dtype.type(p.new_square)
    least, zero = theta.dtype.type(LEAST), theta.dtype.type(0)
    for i in range(theta.size):
        g = grad[i] + decay * theta[i]
        mean[i] = flushed(mean[i] + new_mean * (g - mean[i]), least, zero)
        square[i] = flushed(old_square * square[i] + new_square * g * g, least, zero)


@inline
def _adam(theta, grad, slots, p, decays):
    mean, square, largest = slots
    for at in range(0, theta.size, tile.width(theta)):
        columns = theta.size - at
        g = strip.read(tile.zeros(theta, 1, VECTORS), grad, at, columns)
        if largest.size:
            rules.amsgrad(theta, mean, square, largest, at, columns, g, p, decays)
        else:
            rules.adam(theta, mean, square, at, columns, g, p, decays)


@kernel(cost=5)
def adam(theta, grad, mean, square, largest, p, decayed):
    """`largest` is empty unless AMSGrad keeps the largest `square` there."""
    over_blocks(_adam, theta, grad, (mean, square, largest), Adam(*p), 1.0, decayed)


class Adamax(NamedTuple):
    lr: float  # with the bias correction
    new_mean: float  # 1 - beta1
    old_largest: float  # beta2
    eps: float


@inline
def _adamax(theta, grad, slots, p, decay):
    mean, largest, _ = slots
    lr, eps, decay = theta.dtype.type(p.lr), theta.dtype.type(p.eps), theta.dtype.type(decay)
    new_mean, old_largest = theta.dtype.type(p.new_mean), theta.dtype.type(p.old_largest)
    least, zero = theta.dtype.type(LEAST), theta.dtype.type(0)
    for i in range(theta.size):
        g = grad[i] + decay * theta[i]
        mean[i] = flushed(mean[i] + new_mean * (g - mean[i]), least, zero)
        decaying, size = old_largest * largest[i], abs(g) + eps
        largest[i] = decaying if decaying > size else size
        theta[i] -= lr * mean[i] / largest[i]


@kernel(cost=5)
def adamax(theta, grad, mean, largest, p, decay, decayed):
    over_blocks(_adamax, theta, grad, (mean, largest, theta[:0]), Adamax(*p), decay, decayed)


class NAdam(NamedTuple):
    gradient_lr: float
    mean_lr: float
    new_mean: float  # as in Adam
    old_square: float
    new_square: float
    unroot: float
    eps: float


@inline
def _nadam(theta, grad, slots, p, decay):
    mean, square, _ = slots
    running_means(theta, grad, mean, square, p, decay)
    gradient_lr, mean_lr = theta.dtype.type(p.gradient_lr), theta.dtype.type(p.mean_lr)
    unroot, eps, decay = theta.dtype.type(p.unroot), theta.dtype.type(p.eps), theta.dtype.type(decay)
    for i in range(theta.size):
        g = grad[i] + decay * theta[i]
        theta[i] -= (gradient_lr * g + mean_lr * mean[i]) / (sqrt(square[i]) * unroot + eps)


@kernel(cost=5)
def nadam(theta, grad, mean, square, p, decay, decayed):
    over_blocks(_nadam, theta, grad, (mean, square, theta[:0]), NAdam(*p), decay, decayed)


class RAdam(NamedTuple):
    lr: float  # with every correction
    adaptive: bool  # whether the mean square is reliable yet
    new_mean: float  # as in Adam
    old_square: float
    new_square: float
    eps: float


@inline
def _radam(theta, grad, slots, p, decay):
    mean, square, _ = slots
    running_means(theta, grad, mean, square, p, decay)
    lr, eps = theta.dtype.type(p.lr), theta.dtype.type(p.eps)
    if p.adaptive:
        for i in range(theta.size):
            theta[i] -= lr * mean[i] / (sqrt(square[i]) + eps)
    else:
        for i in range(theta.size):
            theta[i] -= lr * mean[i]


@kernel(cost=5)
def radam(theta, grad, mean, square, p, decay, decayed):
    over_blocks(_radam, theta, grad, (mean, square, theta[:0]), RAdam(*p), decay, decayed)


class Lion(NamedTuple):
    lr: float
    new_sign: float  # 1 - beta1
    new_mean: float  # 1 - beta2


@inline
def _lion(theta, grad, slots, p, shrink):
    mean, _, _ = slots
    lr, kept = theta.dtype.type(p.lr), theta.dtype.type(1 - shrink)
    new_sign, new_mean = theta.dtype.type(p.new_sign), theta.dtype.type(p.new_mean)
    least, zero = theta.dtype.type(LEAST), theta.dtype.type(0)
    for i in range(theta.size):
        theta[i] = kept * theta[i] - lr * np.sign(mean[i] + new_sign * (grad[i] - mean[i]))
        mean[i] = flushed(mean[i] + new_mean * (grad[i] - mean[i]), least, zero)


@kernel(cost=2)
def lion(theta, grad, mean, p, shrink, decayed):
    over_blocks(_lion, theta, grad, (mean, theta[:0], theta[:0]), Lion(*p), shrink, decayed)


class Rprop(NamedTuple):
    shrink: float  # the factor on a step size after a change of sign
    grow: float
    smallest: float  # step size
    largest: float


@inline
def _rprop(theta, grad, slots, p, decay):
    previous, size, _ = slots
    shrink, grow, decay = theta.dtype.type(p.shrink), theta.dtype.type(p.grow), theta.dtype.type(decay)
    smallest, largest = theta.dtype.type(p.smallest), theta.dtype.type(p.largest)
    zero, one = theta.dtype.type(0), theta.dtype.type(1)
    for i in range(theta.size):
        g = grad[i] + decay * theta[i]
        agreement = np.sign(g) * np.sign(previous[i])  # the product of both could underflow
        scaled = size[i] * (grow if agreement > zero else shrink if agreement < zero else one)
        size[i] = smallest if scaled < smallest else largest if scaled > largest else scaled
        previous[i] = zero if agreement < zero else g
        theta[i] -= np.sign(previous[i]) * size[i]


@kernel(cost=3)
def rprop(theta, grad, previous, size, p, decay, decayed):
    over_blocks(_rprop, theta, grad, (previous, size, theta[:0]), Rprop(*p), decay, decayed)
