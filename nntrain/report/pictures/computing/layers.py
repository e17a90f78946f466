"""Layers: the outputs of a network's layers for some samples, for pictures that look inside."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from nntrain.errors import UserError

if TYPE_CHECKING:
    from nntrain.data.dataset import Dataset
    from nntrain.inference.feed import Feed
    from nntrain.network.graph import Graph
    from nntrain.network.network import Network
    from nntrain.network.node import Node


def stages(graph: "Graph") -> list["Node"]:
    """The layers that compute something of their own, each as it leaves the norm and the activation after it."""
    return [
        node
        for node in graph.layers
        if node.runs_forward and not node.layer.only_in_training and after_activation(node) is node
    ]


def after_activation(node: "Node") -> "Node":
    """The layer that holds the output of the norm and the activation after `node`; where fused, the one that computes them."""
    while len(node.consumers) == 1 and node.consumers[0].layer.acts_per_position:
        node = node.consumers[0]
    while node.fused_into:
        node = node.fused_into
    return node


def named(graph: "Graph", name: str, place: str) -> "Node":
    """The layer of that name. Raises UserError that names those that there are."""
    from nntrain.options import close_to, with_suggestion

    nodes = {node.name: node for node in graph.layers}
    if name not in nodes:
        several = ", ".join(list(nodes)[:8]) + (f" and {len(nodes) - 8} more" if len(nodes) > 8 else "")
        wrong = with_suggestion(f"no such layer: {name!r}", close_to(name, nodes))
        raise UserError(wrong, f"The layers are {several}.", place=place)
    return nodes[name]


def sample_of(data: "Dataset", split: str, sample: int, place: str) -> np.ndarray:
    """(1,): the index of sample number `sample`, from 0. Raises UserError for a number out of range."""
    if not 0 <= sample < len(data):
        raise UserError(
            f"the {split} split has no sample {sample:,}",
            f"Its samples are numbered from 0 to {len(data) - 1:,}.",
            place=place,
        )
    return np.array([sample])


def computing(node: "Node") -> "Node":
    """The layer whose forward writes the output of `node`; that of a fused layer or a view belongs to one before it."""
    while node.inputs and not node.runs_forward and not node.deferred:
        node = node.owner_of_output
    return node


def forward(network: "Network", data: "Dataset", indices: np.ndarray) -> Iterator[tuple["Node", "Feed"]]:
    """Runs the network in evaluation on at most `network.rows` samples, and yields after each layer, before its arrays are reused."""
    from nntrain import kernels
    from nntrain.inference.feed import Feeds

    with kernels.exclusive.lock, kernels.denormals.flushed():
        feed = Feeds(network, data).at(len(indices))
        data.gather(indices, feed.batch)
        feed.pass_lengths()
        feed.info.fresh = True
        for node, _ in feed.executor.outputs(training=False):
            yield node, feed


def outputs(
    network: "Network", data: "Dataset", indices: np.ndarray, nodes: Iterable["Node"]
) -> dict[str, np.ndarray]:
    """The outputs (samples, *shape) of `nodes` in evaluation by their names, fused neighbours included.

    The nodes can be those of another graph of the same config, such as the one of the setup.
    """
    own = {node.name: node for node in network.graph.nodes}
    nodes = [own[node.name] for node in nodes]
    found = {node.name: np.empty((len(indices), *node.shape), network.dtype) for node in nodes}
    for start in range(0, len(indices), network.rows):
        some = slice(start, start + network.rows)
        for done, feed in forward(network, data, indices[some]):
            y = feed.executor.contexts[done.name].y
            for node in nodes:
                if computing(node) is done:
                    found[node.name][some] = y.reshape(len(y), *node.shape)
        for node in nodes:
            if node.deferred:  # the layer after it multiplies the rows of its weight
                tokens = np.asarray(data.x[indices[some]])
                found[node.name][some] = network.arena.parameters[f"{node.name}.weight"][tokens]
    return found
