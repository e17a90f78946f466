"""Optimizers: one pass over the flat parameters, which are changed in place together with what the optimizer remembers.

All arrays are (parameters,); slots that are not in use are empty. `decay` times theta is added to the gradient of the
first `decayed` parameters; `shrink` is the decoupled kind, which pulls those same parameters towards 0 by themselves.

Threads share blocks of one size, so that each value is computed at the same place of the same vector loop whichever
thread does it: that keeps the bits. No block lies across `decayed`, and so the inner loops have nothing to ask.
"""

from math import sqrt

import numpy as np

from nntrain.kernels.jit import inline, kernel, prange

BLOCK = 1024  # of all a loop's arrays together, it stays in the innermost cache

# What fades where there is no gradient ends among numbers too small for full precision, which processors work on by
# microcode: with every eighth mean there, a step of adam took 3.7 times as long. Less than this counts as nothing.
LEAST = float(np.finfo(np.float32).tiny)


@inline
def blocks(theta, decayed):
    return (decayed + BLOCK - 1) // BLOCK + (theta.size - decayed + BLOCK - 1) // BLOCK


@inline
def bounds(block, theta, decayed):
    """First and last + 1 of a block's parameters."""
    of_decayed = (decayed + BLOCK - 1) // BLOCK
    if block < of_decayed:
        return block * BLOCK, min(decayed, (block + 1) * BLOCK)
    start = decayed + (block - of_decayed) * BLOCK
    return start, min(theta.size, start + BLOCK)


@inline
def unless_faded(value, least, nothing):
    return nothing if abs(value) < least else value  # NaN stays


@inline
def sgd_block(theta, grad, lr, decay):
    lr, decay = theta.dtype.type(lr), theta.dtype.type(decay)
    for i in range(theta.size):
        theta[i] -= lr * (grad[i] + decay * theta[i])


@kernel
def sgd(theta, grad, lr, decay, decayed):
    for block in prange(blocks(theta, decayed)):
        a, z = bounds(block, theta, decayed)
        sgd_block(theta[a:z], grad[a:z], lr, decay if a < decayed else 0.0)


@inline
def momentum_block(theta, grad, velocity, lr, kept, added, nesterov, decay):
    lr, kept, added, decay = (
        theta.dtype.type(lr),
        theta.dtype.type(kept),
        theta.dtype.type(added),
        theta.dtype.type(decay),
    )
    least, nothing = theta.dtype.type(LEAST), theta.dtype.type(0)
    for i in range(theta.size):
        g = grad[i] + decay * theta[i]
        velocity[i] = unless_faded(kept * velocity[i] + added * g, least, nothing)
        theta[i] -= lr * (g + kept * velocity[i] if nesterov else velocity[i])


@kernel
def momentum(theta, grad, velocity, lr, kept, added, nesterov, decay, decayed):
    for block in prange(blocks(theta, decayed)):
        a, z = bounds(block, theta, decayed)
        momentum_block(
            theta[a:z], grad[a:z], velocity[a:z], lr, kept, added, nesterov, decay if a < decayed else 0.0
        )


@inline
def adagrad_block(theta, grad, square, lr, initial, eps, decay):
    lr, initial, eps, decay = (
        theta.dtype.type(lr),
        theta.dtype.type(initial),
        theta.dtype.type(eps),
        theta.dtype.type(decay),
    )
    for i in range(theta.size):
        g = grad[i] + decay * theta[i]
        square[i] += g * g
        theta[i] -= lr * g / (sqrt(initial + square[i]) + eps)


@kernel(cost=4)
def adagrad(theta, grad, square, lr, initial, eps, decay, decayed):
    for block in prange(blocks(theta, decayed)):
        a, z = bounds(block, theta, decayed)
        adagrad_block(theta[a:z], grad[a:z], square[a:z], lr, initial, eps, decay if a < decayed else 0.0)


@inline
def adadelta_block(theta, grad, square, change, lr, rho, new, eps, decay):
    lr, rho, new = theta.dtype.type(lr), theta.dtype.type(rho), theta.dtype.type(new)
    eps, decay = theta.dtype.type(eps), theta.dtype.type(decay)
    least, nothing = theta.dtype.type(LEAST), theta.dtype.type(0)
    for i in range(theta.size):
        g = grad[i] + decay * theta[i]
        square[i] = unless_faded(rho * square[i] + new * g * g, least, nothing)
        delta = sqrt(change[i] + eps) / sqrt(square[i] + eps) * g
        change[i] = unless_faded(rho * change[i] + new * delta * delta, least, nothing)
        theta[i] -= lr * delta


@kernel(cost=6)
def adadelta(theta, grad, square, change, lr, rho, new, eps, decay, decayed):
    for block in prange(blocks(theta, decayed)):
        a, z = bounds(block, theta, decayed)
        adadelta_block(
            theta[a:z], grad[a:z], square[a:z], change[a:z], lr, rho, new, eps, decay if a < decayed else 0.0
        )


@inline
def rmsprop_block(theta, grad, square, mean, velocity, lr, alpha, new, kept, eps, decay):
    lr, kept, eps, decay = (
        theta.dtype.type(lr),
        theta.dtype.type(kept),
        theta.dtype.type(eps),
        theta.dtype.type(decay),
    )
    alpha, new = theta.dtype.type(alpha), theta.dtype.type(new)
    least, nothing = theta.dtype.type(LEAST), theta.dtype.type(0)
    for i in range(theta.size):
        g = grad[i] + decay * theta[i]
        square[i] = unless_faded(alpha * square[i] + new * g * g, least, nothing)
    if mean.size:
        for i in range(theta.size):
            mean[i] = unless_faded(mean[i] + new * (grad[i] + decay * theta[i] - mean[i]), least, nothing)
    for i in range(theta.size):
        variance = square[i]
        if mean.size:
            variance -= mean[i] * mean[i]
            variance = nothing if variance < nothing else variance  # rounding can make it so
        step = (grad[i] + decay * theta[i]) / (sqrt(variance) + eps)
        if velocity.size:
            velocity[i] = unless_faded(kept * velocity[i] + step, least, nothing)
            step = velocity[i]
        theta[i] -= lr * step


@kernel(cost=5)
def rmsprop(theta, grad, square, mean, velocity, lr, alpha, new, kept, eps, decay, decayed):
    """`mean` is empty unless centered, `velocity` without momentum."""
    for block in prange(blocks(theta, decayed)):
        a, z = bounds(block, theta, decayed)
        rmsprop_block(
            theta[a:z],
            grad[a:z],
            square[a:z],
            mean[a:z],
            velocity[a:z],
            lr,
            alpha,
            new,
            kept,
            eps,
            decay if a < decayed else 0.0,
        )


@inline
def running_means(theta, grad, mean, square, new_mean, old_square, new_square, decay):
    new_mean, decay = theta.dtype.type(new_mean), theta.dtype.type(decay)
    old_square, new_square = theta.dtype.type(old_square), theta.dtype.type(new_square)
    least, nothing = theta.dtype.type(LEAST), theta.dtype.type(0)
    for i in range(theta.size):
        g = grad[i] + decay * theta[i]
        mean[i] = unless_faded(mean[i] + new_mean * (g - mean[i]), least, nothing)
        square[i] = unless_faded(old_square * square[i] + new_square * g * g, least, nothing)


@inline
def adam_block(theta, mean, square, largest, lr, unroot, eps, shrink):
    lr, unroot, eps, kept = (
        theta.dtype.type(lr),
        theta.dtype.type(unroot),
        theta.dtype.type(eps),
        theta.dtype.type(1 - shrink),
    )
    if largest.size:
        for i in range(theta.size):
            largest[i] = largest[i] if largest[i] > square[i] else square[i]
            theta[i] = kept * theta[i] - lr * mean[i] / (sqrt(largest[i]) * unroot + eps)
    else:
        for i in range(theta.size):
            theta[i] = kept * theta[i] - lr * mean[i] / (sqrt(square[i]) * unroot + eps)


@kernel(cost=5)
def adam(
    theta,
    grad,
    mean,
    square,
    largest,
    lr,
    new_mean,
    old_square,
    new_square,
    unroot,
    eps,
    decay,
    shrink,
    decayed,
):
    """lr and unroot carry the bias corrections. `largest` is empty unless AMSGrad keeps the largest `square` there."""
    for block in prange(blocks(theta, decayed)):
        a, z = bounds(block, theta, decayed)
        running_means(
            theta[a:z],
            grad[a:z],
            mean[a:z],
            square[a:z],
            new_mean,
            old_square,
            new_square,
            decay if a < decayed else 0.0,
        )
        adam_block(
            theta[a:z], mean[a:z], square[a:z], largest[a:z], lr, unroot, eps, shrink if a < decayed else 0.0
        )


@inline
def adamax_block(theta, grad, mean, largest, lr, new_mean, old_largest, eps, decay):
    lr, eps, decay = theta.dtype.type(lr), theta.dtype.type(eps), theta.dtype.type(decay)
    new_mean, old_largest = theta.dtype.type(new_mean), theta.dtype.type(old_largest)
    least, nothing = theta.dtype.type(LEAST), theta.dtype.type(0)
    for i in range(theta.size):
        g = grad[i] + decay * theta[i]
        mean[i] = unless_faded(mean[i] + new_mean * (g - mean[i]), least, nothing)
        faded, size = old_largest * largest[i], abs(g) + eps
        largest[i] = faded if faded > size else size
        theta[i] -= lr * mean[i] / largest[i]


@kernel(cost=5)
def adamax(theta, grad, mean, largest, lr, new_mean, old_largest, eps, decay, decayed):
    for block in prange(blocks(theta, decayed)):
        a, z = bounds(block, theta, decayed)
        adamax_block(
            theta[a:z],
            grad[a:z],
            mean[a:z],
            largest[a:z],
            lr,
            new_mean,
            old_largest,
            eps,
            decay if a < decayed else 0.0,
        )


@inline
def nadam_block(theta, grad, mean, square, gradient_lr, mean_lr, unroot, eps, decay):
    gradient_lr, mean_lr = theta.dtype.type(gradient_lr), theta.dtype.type(mean_lr)
    unroot, eps, decay = theta.dtype.type(unroot), theta.dtype.type(eps), theta.dtype.type(decay)
    for i in range(theta.size):
        g = grad[i] + decay * theta[i]
        theta[i] -= (gradient_lr * g + mean_lr * mean[i]) / (sqrt(square[i]) * unroot + eps)


@kernel(cost=5)
def nadam(
    theta,
    grad,
    mean,
    square,
    gradient_lr,
    mean_lr,
    new_mean,
    old_square,
    new_square,
    unroot,
    eps,
    decay,
    decayed,
):
    for block in prange(blocks(theta, decayed)):
        a, z = bounds(block, theta, decayed)
        pull = decay if a < decayed else 0.0
        running_means(theta[a:z], grad[a:z], mean[a:z], square[a:z], new_mean, old_square, new_square, pull)
        nadam_block(theta[a:z], grad[a:z], mean[a:z], square[a:z], gradient_lr, mean_lr, unroot, eps, pull)


@inline
def radam_block(theta, mean, square, lr, adaptive, eps):
    lr, eps = theta.dtype.type(lr), theta.dtype.type(eps)
    if adaptive:
        for i in range(theta.size):
            theta[i] -= lr * mean[i] / (sqrt(square[i]) + eps)
    else:
        for i in range(theta.size):
            theta[i] -= lr * mean[i]


@kernel(cost=5)
def radam(theta, grad, mean, square, lr, adaptive, new_mean, old_square, new_square, eps, decay, decayed):
    """lr carries every correction; `adaptive` says whether the mean square can be trusted yet."""
    for block in prange(blocks(theta, decayed)):
        a, z = bounds(block, theta, decayed)
        running_means(
            theta[a:z],
            grad[a:z],
            mean[a:z],
            square[a:z],
            new_mean,
            old_square,
            new_square,
            decay if a < decayed else 0.0,
        )
        radam_block(theta[a:z], mean[a:z], square[a:z], lr, adaptive, eps)


@inline
def lion_block(theta, grad, mean, lr, new_sign, new_mean, shrink):
    lr, kept = theta.dtype.type(lr), theta.dtype.type(1 - shrink)
    new_sign, new_mean = theta.dtype.type(new_sign), theta.dtype.type(new_mean)
    least, nothing = theta.dtype.type(LEAST), theta.dtype.type(0)
    for i in range(theta.size):
        theta[i] = kept * theta[i] - lr * np.sign(mean[i] + new_sign * (grad[i] - mean[i]))
        mean[i] = unless_faded(mean[i] + new_mean * (grad[i] - mean[i]), least, nothing)


@kernel(cost=2)
def lion(theta, grad, mean, lr, new_sign, new_mean, shrink, decayed):
    for block in prange(blocks(theta, decayed)):
        a, z = bounds(block, theta, decayed)
        lion_block(theta[a:z], grad[a:z], mean[a:z], lr, new_sign, new_mean, shrink if a < decayed else 0.0)
