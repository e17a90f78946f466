"""Optimizers that average their own path: schedule-free SGD and AdamW, and lookahead. In blocks, as in optimizers.py."""

from math import sqrt
from typing import NamedTuple

from nntrain.kernels.jit import inline, kernel, prange
from nntrain.kernels.optimizers import LEAST, flushed, over_blocks


class ScheduleFree(NamedTuple):
    lr: float
    share: float  # of the newest z in the average
    momentum: float  # the share of the average in y
    old_square: float = 0.0  # the rest is adam's: beta2, 1 - beta2, the bias correction of the root, eps
    new_square: float = 0.0
    unroot: float = 0.0
    eps: float = 0.0


@inline
def _schedule_free_sgd(y, grad, slots, p, decay):
    z, x, _ = slots
    lr, share, momentum = y.dtype.type(p.lr), y.dtype.type(p.share), y.dtype.type(p.momentum)
    decay, least, zero = y.dtype.type(decay), y.dtype.type(LEAST), y.dtype.type(0)
    for i in range(y.size):
        z[i] = flushed(z[i] - lr * (grad[i] + decay * y[i]), least, zero)
        x[i] = flushed(x[i] + share * (z[i] - x[i]), least, zero)
        y[i] = z[i] + momentum * (x[i] - z[i])


@kernel(cost=3)
def schedule_free_sgd(y, grad, z, x, p, decay, decayed):
    over_blocks(_schedule_free_sgd, y, grad, (z, x, y[:0]), ScheduleFree(*p), decay, decayed)


@inline
def _schedule_free_adamw(y, grad, slots, p, decay):
    z, x, square = slots
    lr, share, momentum = y.dtype.type(p.lr), y.dtype.type(p.share), y.dtype.type(p.momentum)
    old_square, new_square = y.dtype.type(p.old_square), y.dtype.type(p.new_square)
    unroot, eps, decay = y.dtype.type(p.unroot), y.dtype.type(p.eps), y.dtype.type(decay)
    least, zero = y.dtype.type(LEAST), y.dtype.type(0)
    for i in range(y.size):
        square[i] = flushed(old_square * square[i] + new_square * grad[i] * grad[i], least, zero)
        z[i] = flushed(z[i] - lr * (grad[i] / (sqrt(square[i]) * unroot + eps) + decay * y[i]), least, zero)
        x[i] = flushed(x[i] + share * (z[i] - x[i]), least, zero)
        y[i] = z[i] + momentum * (x[i] - z[i])


@kernel(cost=6)
def schedule_free_adamw(y, grad, z, x, square, p, decay, decayed):
    over_blocks(_schedule_free_adamw, y, grad, (z, x, square), ScheduleFree(*p), decay, decayed)


@kernel
def look_ahead(theta, slow, alpha):
    """slow += alpha (theta - slow), and theta = slow."""
    a, least, zero = theta.dtype.type(alpha), theta.dtype.type(LEAST), theta.dtype.type(0)
    for i in prange(theta.size):
        slow[i] = flushed(slow[i] + a * (theta[i] - slow[i]), least, zero)
        theta[i] = slow[i]
