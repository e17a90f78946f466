"""Spread: how far activations and gradients spread in each layer of a network that has not been trained."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from nntrain.initializers import Initializer
    from nntrain.network.network import Network
    from nntrain.network.node import Node
    from nntrain.training.setup import Setup

ROWS = 64  # of the first batch, at most
LARGEST = 1 << 22  # values of a weight for which a random rotation is found


def weighted(nodes: "list[Node]") -> "list[Node]":
    """The layers with weights, from the input to the output."""
    return [node for node in nodes if any(param.role == "weight" for param in node.parameters.values())]


def weights_of(network: "Network") -> list[tuple[str, Any, np.ndarray, "Node"]]:
    """The name, the declaration and the values of each weight, with its layer."""
    return [
        (f"{node.name}.{name}", param, network.arena.parameters[f"{node.name}.{name}"], node)
        for node in weighted(network.graph.layers)
        for name, param in node.parameters.items()
        if param.role == "weight"
    ]


def initialized(network: "Network", initializer: "Initializer") -> bool:
    """Draws every weight from one initializer; False where that would take long."""
    from nntrain import randomness
    from nntrain.layers.recurrent import PerGate

    weights = weights_of(network)
    if initializer.yaml_name == "orthogonal" and any(values.size > LARGEST for _, _, values, _ in weights):
        return False
    for name, param, values, node in weights:
        own = network.graph.initializer_of(node, param)
        drawing = replace(own, one=initializer) if isinstance(own, PerGate) else initializer
        drawing.fill(values, randomness.key(network.info.seed, "initial", name), param.fans)
    return True


def spreads(setup: "Setup", network: "Network") -> Mapping[str, np.ndarray]:
    """The standard deviation of the output of each weighted layer, after its activation, and of the gradient that reaches it
    (layers,), on the first batch; NaN where there is none.
    """
    from nntrain import kernels
    from nntrain.inference.feed import Feeds
    from nntrain.report.pictures.computing.layers import after_activation

    data = setup.splits.train
    feed = Feeds(network, data).filled(data, setup.batches().indices(0, 0)[: network.rows])
    network.info.fresh = True
    nodes = weighted(network.graph.layers)
    outputs = {after_activation(node).name: node.name for node in nodes}
    forward, backward = (dict.fromkeys([node.name for node in nodes], np.nan) for _ in range(2))
    with kernels.exclusive.lock, np.errstate(all="ignore"):
        for node, y in feed.executor.outputs(training=True):
            if node.name in outputs:
                forward[outputs[node.name]] = spread(y)
        assert feed.gradient is not None
        setup.config.loss(feed.prediction, feed.target, feed.weight, feed.gradient)
        seen = set()
        for node, _, ctx in feed.executor.gradients():
            if node.name in backward and node.name not in seen:
                seen.add(node.name)
                backward[node.name] = spread(ctx.dy)
    return {"forward": np.array([*forward.values()]), "backward": np.array([*backward.values()])}


def spread(array: np.ndarray) -> float:
    return float(array.std(dtype=np.float64))
