"""The yardstick networks in JAX, as `nntrain bench` has them from the YAML files of the same names.

Batch norm keeps no running statistics here: a step does a little less than elsewhere.
"""

import functools

import jax
import jax.numpy as jnp
import optax
from jax import lax, random
from jax.nn import dot_product_attention, gelu, relu, sigmoid
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


def perceptron(*units, activation=relu):
    def network(p, x):
        for hidden in units[:-1]:
            x = activation(dense(p, x, hidden))
        return dense(p, x, units[-1])

    return network


def convolution(p, x, filters, kernel=3, stride=1, padding=None):
    w = p(he_normal(), kernel, kernel, x.shape[-1], filters)
    padding = [(kernel // 2, kernel // 2)] * 2 if padding is None else padding
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


def lenet5(p, x):
    for filters in (6, 16):
        x = max_pool(relu(convolution(p, x, filters, 5, padding="VALID") + p(zeros, filters)))
    return perceptron(120, 84, 10)(p, flatten(x))


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


def layer_norm(p, x):
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) * lax.rsqrt(variance + 1e-5) * p(ones, x.shape[-1]) + p(zeros, x.shape[-1])


def product(p, x, units):
    return x @ p(lecun_normal(), x.shape[-1], units)


def transformer(p, x, vocabulary=65, features=128, heads=4, layers=4):
    """nanoGPT's CPU config, whose output is not tied to the embedding."""
    x = p(lecun_normal(), vocabulary, features)[x] + p(lecun_normal(), x.shape[1], features)
    for _ in range(layers):
        parts = jnp.split(product(p, layer_norm(p, x), 3 * features), 3, -1)
        q, k, v = (part.reshape(*x.shape[:2], heads, -1) for part in parts)
        mixed = dot_product_attention(q, k, v, is_causal=True)
        x = x + product(p, mixed.reshape(x.shape), features)
        x = x + product(p, gelu(product(p, layer_norm(p, x), 4 * features), approximate=False), features)
    return product(p, layer_norm(p, x), vocabulary)


def table(p, x, categories=16, size=8):
    """Numbers, beside a vector of 8 numbers for each category of several columns."""
    numbers, columns = x
    vectors = [p(lecun_normal(), categories, size)[column] for column in columns.T]
    return perceptron(256, 128, 2)(p, jnp.concatenate([numbers, *vectors], 1))


def samples(*shape):
    """Random ones of 10 classes."""
    return lambda: (random.normal(KEY, shape), random.randint(KEY, shape[:1], 0, 10))


def texts(rows=32, vocabulary=64):
    """A batch of so many times 64 characters, and the next of each."""
    return tuple(random.randint(random.fold_in(KEY, part), (rows, 64), 0, vocabulary) for part in (0, 1))


def functions():
    """10,000 samples of 4 numbers, and 4 numbers to predict for each."""
    return random.normal(KEY, (10_000, 4)), random.normal(random.fold_in(KEY, 1), (10_000, 4))


def columns(rows=256):
    """30 numbers and 6 columns of 16 categories; two classes."""
    categories = random.randint(KEY, (rows, 6), 0, 16)
    return (random.normal(KEY, (rows, 30)), categories), random.randint(KEY, (rows,), 0, 2)


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
    "mlp-tiny": (perceptron(32, 16, 4, activation=jnp.tanh), functions, ADAM),
    "lenet5-mnist": (lenet5, samples(128, 28, 28, 1), ADAM),
    "gpt-char": (transformer, lambda: texts(12, 65), optax.adamw(1e-3, weight_decay=0.1)),
    "table": (table, columns, ADAM),
    "gru-char": (characters(gru), texts, ADAM),
}


@functools.partial(jax.jit, static_argnums=0)
def draw(network, x):
    """The arrays of a network for samples like x; jit leaves out what else the network would compute."""
    p = Parameters()
    network(p, x)
    return p.arrays
