"""Times jitted training steps of a yardstick network in JAX; prints microseconds, peak MB and parameters as JSON.

usage: jax_steps.py NAME [--seconds S]
"""

import argparse
import functools
import json
import resource
import statistics
import time

import jax
import jax.numpy as jnp
import optax
from jax_networks import NETWORKS, Parameters, draw


def timed(name, seconds):
    network, make_batch, optimizer = NETWORKS[name]
    x, target = make_batch()
    parameters = draw(network, x)
    state = optimizer.init(parameters)

    def loss_of(parameters, x, target):
        y = network(Parameters(parameters), x)
        if jnp.issubdtype(target.dtype, jnp.floating):
            return ((y - target) ** 2).mean()
        return optax.softmax_cross_entropy_with_integer_labels(y, target).mean()

    @functools.partial(jax.jit, donate_argnums=(0, 1))
    def step(parameters, state, x, target):
        loss, gradient = jax.value_and_grad(loss_of)(parameters, x, target)
        updates, state = optimizer.update(gradient, state, parameters)
        return optax.apply_updates(parameters, updates), state, loss

    parameters, state, _ = step(parameters, state, x, target)
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        begun = time.perf_counter()
        parameters, state, loss = step(parameters, state, x, target)
        loss.block_until_ready()
        times.append(time.perf_counter() - begun)
    return {
        "us": 1e6 * statistics.median(times),
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
        "parameters": sum(array.size for array in parameters),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=NETWORKS)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    print(json.dumps(timed(options.name, options.seconds)))
