"""Times jitted training steps of the yardstick networks in JAX; prints {network: median microseconds} as JSON.

usage: jax_steps.py NAME...
"""

import itertools
import json
import statistics
import sys
import time

import jax
import jax.numpy as jnp
import optax
from jax import random

# name: (layer sizes, batch, optimizer)
NETWORKS = {
    "mlp-digits": ((64, 64, 10), 32, optax.sgd(0.01, momentum=0.9)),
    "mlp-mnist": ((784, 256, 128, 10), 128, optax.adam(1e-3)),
    "mlp-wide": ((1024, 2048, 2048, 10), 256, optax.adam(1e-3)),
}
SECONDS = 2.0


def median_step_us(name):
    sizes, batch, optimizer = NETWORKS[name]
    key = random.PRNGKey(0)
    parameters = [(random.normal(random.fold_in(key, i), shape) * (2 / shape[0]) ** 0.5, jnp.zeros(shape[1]))
                  for i, shape in enumerate(itertools.pairwise(sizes))]
    x, target = random.normal(key, (batch, sizes[0])), random.randint(key, (batch,), 0, sizes[-1])
    state = optimizer.init(parameters)

    def loss_of(parameters):
        y = x
        for w, b in parameters[:-1]:
            y = jax.nn.relu(y @ w + b)
        w, b = parameters[-1]
        return optax.softmax_cross_entropy_with_integer_labels(y @ w + b, target).mean()

    @jax.jit
    def step(parameters, state):
        loss, gradient = jax.value_and_grad(loss_of)(parameters)
        updates, state = optimizer.update(gradient, state, parameters)
        return optax.apply_updates(parameters, updates), state, loss

    parameters, state, loss = step(parameters, state)
    times, end = [], time.perf_counter() + SECONDS
    while time.perf_counter() < end or len(times) < 5:
        begun = time.perf_counter()
        parameters, state, loss = step(parameters, state)
        loss.block_until_ready()
        times.append(time.perf_counter() - begun)
    return 1e6 * statistics.median(times)


if __name__ == "__main__":
    print(json.dumps({name: median_step_us(name) for name in sys.argv[1:]}))
