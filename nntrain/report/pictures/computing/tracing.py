"""Tracing: every value and every gradient of a network on a few samples, in float64 and without fusion."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nntrain.data.dataset import Dataset
    from nntrain.inference.feed import Feed
    from nntrain.losses import Loss
    from nntrain.network.graph import Graph
    from nntrain.network.network import Network
    from nntrain.training.setup import Setup


def plain_graph(setup: "Setup") -> "Graph":
    """The setup's graph where each layer computes its own output and gradient."""
    from nntrain.network.graph import build_graph

    train = setup.splits.train
    model = setup.config.model
    return build_graph(
        model.layers,
        train.input_shape,
        model.initializer,
        vocabulary=train.vocabulary,
        embedded=train.embedded,
        fused=False,
        groups=setup.config.parameter_groups,
    )


class Trace:
    """The values of all nodes of a plain graph on the samples `indices` of `data`, and their gradients.

    values: each node's output (rows, *shape), by its name. Everything is in evaluation mode, so that
    nothing is random. With a `loss`: its mean over the rows, and gradients of it with respect to the values; those of parameters
    are in the network. With `last_step`, of targets per step only the last one of each row counts.
    """

    def __init__(
        self,
        network: "Network",
        data: "Dataset",
        indices: np.ndarray,
        loss: "Loss | None" = None,
        *,
        last_step: bool = False,
    ):
        from nntrain import kernels
        from nntrain.inference.feed import Feeds

        self.network = network
        self.feed = Feeds(network, data).at(len(indices))
        with kernels.exclusive.lock:
            data.gather(indices, self.feed.batch)
            self.values = self._forward()
            self.gradients: dict[str, np.ndarray] = {}
            if loss is not None:
                weight = last_steps(self.feed) if last_step and data.per_step else self.feed.weight
                gradient = self.feed.gradient
                assert gradient is not None, "a network without gradients cannot be traced backward"
                total, counted = loss(self.feed.prediction, self.feed.target, weight, gradient)
                self.loss = total / counted
                self.gradients = self._backward()

    def _forward(self) -> dict[str, np.ndarray]:
        graph, executor = self.network.graph, self.feed.executor
        self.feed.pass_lengths()
        values = {graph.input.name: executor.x.copy()}
        for node, y in executor.outputs(training=False):
            values[node.name] = y.copy()
        for node in graph.layers:  # the views of others
            if node.name not in values:
                values[node.name] = values[node.inputs[0].name].reshape(-1, *node.shape)
        return values

    def _backward(self) -> dict[str, np.ndarray]:
        graph, executor = self.network.graph, self.feed.executor
        passed: dict[str, list[np.ndarray | None]] = {}  # by each node to its inputs
        for node, method, ctx in executor.gradients():
            if method == "backward_input":
                passed[node.name] = [None if dx is None else dx.copy() for dx in ctx.dxs]
        found = {graph.output.name: executor.dy.copy()}
        for node in reversed(graph.layers):
            if (dy := found.get(node.name)) is None:
                continue
            dxs = passed.get(node.name)
            if dxs is None:
                dxs = [dy.reshape(-1, *shape) for shape in node.input_shapes] if node.passes_gradient else []
            for source, dx in zip(node.inputs, dxs, strict=False):
                if dx is not None:
                    found[source.name] = found[source.name] + dx if source.name in found else dx
        return found


def last_steps(feed: "Feed") -> np.ndarray:
    """(rows * steps,): 1 for the last real step of each row, else 0."""
    rows, steps = feed.batch.target.shape[:2]
    weight = np.zeros((rows, steps), feed.prediction.dtype)
    last = np.full(rows, steps) if feed.batch.lengths is None else feed.batch.lengths
    weight[np.arange(rows), last - 1] = 1
    return weight.reshape(-1)
