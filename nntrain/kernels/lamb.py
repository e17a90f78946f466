"""LAMB: the update of adam for one tensor, scaled by the ratio of the tensor's norm to that of its update."""

from math import sqrt
from typing import NamedTuple

import numpy as np

from nntrain.kernels.jit import inline, kernel, prange
from nntrain.kernels.optimizers import BLOCK, running_means


class Lamb(NamedTuple):
    lr: float
    new_mean: float  # as in Adam
    old_square: float
    new_square: float
    unbias: float  # the bias corrections of the mean and of the root of the square
    unroot: float
    eps: float
    decay: float


@inline
def _direction(theta, mean, square, i, p):
    """Adam's update and the weight decay: the step before it is scaled."""
    unbias, unroot = theta.dtype.type(p.unbias), theta.dtype.type(p.unroot)
    eps, decay = theta.dtype.type(p.eps), theta.dtype.type(p.decay)
    return mean[i] * unbias / (sqrt(square[i]) * unroot + eps) + decay * theta[i]


@inline
def _means_and_norms(sums, theta, grad, mean, square, p):
    """sums (2,) = the squares of theta and of the update, added in float64."""
    running_means(theta, grad, mean, square, p, 0.0)
    of_theta = of_update = 0.0
    for i in range(theta.size):
        value, update = np.float64(theta[i]), np.float64(_direction(theta, mean, square, i, p))
        of_theta += value * value
        of_update += update * update
    sums[0], sums[1] = of_theta, of_update


@inline
def _step(theta, mean, square, p, ratio):
    lr = theta.dtype.type(p.lr * ratio)
    for i in range(theta.size):
        theta[i] -= lr * _direction(theta, mean, square, i, p)


@kernel(cost=8)
def lamb(theta, grad, mean, square, p):
    """A block's sums are one task's, and added in the order of the blocks, whatever the number of threads."""
    p = Lamb(*p)
    blocks = (theta.size + BLOCK - 1) // BLOCK
    sums = np.empty((blocks, 2))
    for block in prange(blocks):
        a, z = np.int64(block) * BLOCK, min(theta.size, (np.int64(block) + 1) * BLOCK)
        _means_and_norms(sums[block], theta[a:z], grad[a:z], mean[a:z], square[a:z], p)
    of_theta = of_update = 0.0
    for block in range(blocks):
        of_theta += sums[block, 0]
        of_update += sums[block, 1]
    ratio = 1.0 if of_theta == 0 or of_update == 0 else sqrt(of_theta / of_update)
    for block in prange(blocks):
        a, z = np.int64(block) * BLOCK, min(theta.size, (np.int64(block) + 1) * BLOCK)
        _step(theta[a:z], mean[a:z], square[a:z], p, ratio)
