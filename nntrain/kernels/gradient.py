"""The whole gradient between backward and the optimizer: penalties, clipping, averages."""

from nntrain.kernels.jit import kernel, prange


@kernel
def add_penalty(grad, theta, l1, l2):
    """grad += d(l1 * sum |theta| + l2 * sum theta^2) / d(theta); the derivative of |.| at 0 is 0."""
    one, two = theta.dtype.type(l1), theta.dtype.type(2 * l2)
    zero = theta.dtype.type(0)
    for i in prange(grad.size):
        t = theta[i]
        sign = one if t > zero else -one if t < zero else zero
        grad[i] += sign + two * t


@kernel
def add(grad, other):
    """grad += other."""
    for i in prange(grad.size):
        grad[i] += other[i]


@kernel
def add_scaled(theta, grad, factor):
    """theta += factor grad."""
    f = theta.dtype.type(factor)
    for i in prange(theta.size):
        theta[i] += f * grad[i]


@kernel
def scale(grad, factor):
    """grad *= factor."""
    f = grad.dtype.type(factor)
    for i in prange(grad.size):
        grad[i] *= f


@kernel
def average(mean, theta, decay):
    """mean = decay * mean + (1 - decay) * theta, as a step towards theta."""
    part = theta.dtype.type(1 - decay)
    for i in prange(theta.size):
        mean[i] += part * (theta[i] - mean[i])


@kernel
def clip(grad, bound):
    """Clips each element to [-bound, bound]; NaN stays."""
    b = grad.dtype.type(bound)
    for i in prange(grad.size):
        if grad[i] > b:
            grad[i] = b
        elif grad[i] < -b:
            grad[i] = -b
