"""The yardstick networks in JAX, as `nntrain bench` has them from the YAML files of the same names.

Batch norm keeps no running statistics here: a step does a little less than elsewhere.
"""

import functools

import jax
import jax.numpy as jnp
import optax
from jax import lax, random
from jax.nn import relu, sigmoid
from jax.nn.initializers import he_normal, lecun_normal, ones, zeros

KEY = random.PRNGKey(0)


class Parameters:
    """A network's arrays in the order in which it asks for them: drawn where it runs without any, else those given."""

    def __init__(self, given=None):
        self.arrays = [] if given is None else list(given)
        self.given = None if given is None else iter(given)

    def __call__(self, initializer, *shape):
        if self.given is not None:
            return next(self.given)
        self.arrays.append(initializer(random.fold_in(KEY, len(self.arrays)), shape))
        return self.arrays[-1]


def dense(p, x, units):
    return x @ p(he_normal(), x.shape[-1], units) + p(zeros, units)


def perceptron(*units):
    def network(p, x):
        for hidden in units[:-1]:
            x = relu(dense(p, x, hidden))
        return dense(p, x, units[-1])

    return network


def convolution(p, x, filters, kernel=3, stride=1):
    w, padding = p(he_normal(), kernel, kernel, x.shape[-1], filters), [(kernel // 2, kernel // 2)] * 2
    return lax.conv_general_dilated(
        x, w, (stride, stride), padding, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def batch_norm(p, x):
    mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
    return (x - mean) * lax.rsqrt(variance + 1e-5) * p(ones, x.shape[-1]) + p(zeros, x.shape[-1])


def max_pool(x):
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def flatten(x):
    return x.reshape(len(x), -1)


def lenet(p, x):
    for filters in (32, 64):
        x = max_pool(relu(convolution(p, x, filters) + p(zeros, filters)))
    return perceptron(128, 10)(p, flatten(x))


def vgg(p, x):
    for filters in (64, 128, 256):
        x = relu(batch_norm(p, convolution(p, x, filters)))
        x = max_pool(relu(batch_norm(p, convolution(p, x, filters))))
    return perceptron(256, 10)(p, flatten(x))


def residual(p, x, filters, stride):
    """relu(body(x) + shortcut(x)): two 3x3 convolutions, and a projection where the shape changes."""
    y = relu(batch_norm(p, convolution(p, x, filters, 3, stride)))
    y = batch_norm(p, convolution(p, y, filters))
    if stride > 1 or x.shape[-1] != filters:
        x = batch_norm(p, convolution(p, x, filters, 1, stride))
    return relu(y + x)


def resnet20(p, x):
    x = relu(batch_norm(p, convolution(p, x, 16)))
    for filters, first in ((16, 1), (32, 2), (64, 2)):
        for stride in (first, 1, 1):
            x = residual(p, x, filters, stride)
    return dense(p, x.mean((1, 2)), 10)


def lstm(p, x, units=256):
    """x (rows, steps, features) -> h of each step."""
    gates = x @ p(lecun_normal(), x.shape[-1], 4 * units) + p(zeros, 4 * units)  # of all steps at once
    w = p(lecun_normal(), units, 4 * units)

    def step(state, gates):
        h, c = state
        i, f, g, o = jnp.split(gates + h @ w, 4, -1)
        c = sigmoid(f) * c + sigmoid(i) * jnp.tanh(g)
        h = sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    start = jnp.zeros((len(x), units))
    return lax.scan(step, (start, start), gates.swapaxes(0, 1))[1].swapaxes(0, 1)


def gru(p, x, units=256):
    """x (rows, steps, features) -> h of each step."""
    gates = x @ p(lecun_normal(), x.shape[-1], 3 * units) + p(zeros, 3 * units)  # of all steps at once
    w, b = p(lecun_normal(), units, 3 * units), p(zeros, units)

    def step(h, gates):
        (r, z, n), (hr, hz, hn) = jnp.split(gates, 3, -1), jnp.split(h @ w, 3, -1)
        z = sigmoid(z + hz)
        h = (1 - z) * jnp.tanh(n + sigmoid(r + hr) * (hn + b)) + z * h
        return h, h

    return lax.scan(step, jnp.zeros((len(x), units)), gates.swapaxes(0, 1))[1].swapaxes(0, 1)


def characters(recurrent):
    """What a recurrent layer says of the next of 64 characters at each step."""
    return lambda p, x: dense(p, recurrent(p, p(lecun_normal(), 64, 64)[x]), 64)


def samples(*shape):
    """Random ones of 10 classes."""
    return lambda: (random.normal(KEY, shape), random.randint(KEY, shape[:1], 0, 10))


def texts():
    """A batch of 32 times 64 characters, and the next of each."""
    return random.randint(KEY, (32, 64), 0, 64), random.randint(random.fold_in(KEY, 1), (32, 64), 0, 64)


MOMENTUM, ADAM = optax.sgd(0.01, momentum=0.9), optax.adam(1e-3)
# name: (network, makes its batch, optimizer)
NETWORKS = {
    "mlp-digits": (perceptron(64, 10), samples(32, 64), MOMENTUM),
    "mlp-mnist": (perceptron(256, 128, 10), samples(128, 784), ADAM),
    "mlp-wide": (perceptron(2048, 2048, 10), samples(256, 1024), ADAM),
    "lenet-mnist": (lenet, samples(64, 28, 28, 1), MOMENTUM),
    "vgg-cifar": (vgg, samples(64, 32, 32, 3), MOMENTUM),
    "resnet20-cifar": (resnet20, samples(128, 32, 32, 3), MOMENTUM),
    "lstm-char": (characters(lstm), texts, ADAM),
    "gru-char": (characters(gru), texts, ADAM),
}


@functools.partial(jax.jit, static_argnums=0)
def draw(network, x):
    """The arrays of a network for samples like x; jit leaves out what else the network would compute."""
    p = Parameters()
    network(p, x)
    return p.arrays
