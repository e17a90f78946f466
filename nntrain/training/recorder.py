"""Recorder: norms and distributions of each layer's weights, gradients and outputs, at the steps that `train.record` asks for."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from nntrain import kernels
from nntrain.config.train_section import RecordSection
from nntrain.inference.feed import Feed
from nntrain.network.network import Network
from nntrain.network.node import Node
from nntrain.network.statistics import statistics

RECORDS = 100  # of a run, by default
NEAR = 0.01  # of the range between its bounds: an output so near to one of them is saturated

Row = dict[str, Any]  # one row of layers.csv


class Recorder:
    """Reads the network after a step, and changes nothing that a later step or an evaluation reads."""

    def __init__(self, section: RecordSection, network: Network, steps_per_epoch: int):
        self.section, self.network, self.steps_per_epoch = section, network, steps_per_epoch
        arena = network.arena
        # From the input to the output.
        self.names = [f"{node.name}.{name}" for node in network.graph.layers for name in node.parameters]
        learning = arena.gradients if section.weights else {}
        self.before = {name: np.zeros_like(arena.parameters[name]) for name in learning}

    def is_due(self, step: int, horizon: int) -> bool:
        """Whether to record this step, which counts from 1; horizon: the epochs with which the run was started."""
        return step == 1 or step % self.interval(horizon) == 0

    def interval(self, horizon: int) -> int:
        """The steps between two records."""
        section = self.section
        if section.every_epochs is not None:
            return section.every_epochs * self.steps_per_epoch
        return section.every_steps or max(1, math.ceil(horizon * self.steps_per_epoch / RECORDS))

    def remember(self) -> None:
        """Keeps the parameters before a step that is recorded."""
        for name, before in self.before.items():
            before[...] = self.network.arena.parameters[name]

    def rows(self, feed: Feed, step: int) -> list[Row]:
        """Of the step that is done, on the batch in the feed."""
        with kernels.exclusive.lock:
            found = [*self._weights(), *self._gradients(), *self._activations(feed)]
        place = {"step": step, "epoch": step / self.steps_per_epoch}
        return [place | row for row in found]

    def _weights(self) -> Iterator[Row]:
        for name in self.names if self.section.weights else ():
            weights, before = self.network.arena.parameters[name], self.before.get(name)
            update = 0.0
            if before is not None:
                np.subtract(weights, before, out=before)
                update = math.sqrt(kernels.reduce.sum_of_squares(before))
            yield row("weights", name, weights, update=update)

    def _gradients(self) -> Iterator[Row]:
        gradients = self.network.arena.gradients if self.section.gradients else {}
        for name in self.names:
            if name in gradients:
                yield row("gradients", name, gradients[name])

    def _activations(self, feed: Feed) -> Iterator[Row]:
        if not self.section.activations:
            return
        self.network.info.fresh = True
        for node, y in feed.executor.outputs(training=False):
            node = [node, *node.fused][-1]
            # Before its activation no output counts as that of a layer, and dropout has no effect here.
            if node.layer.output_activation is None and not node.layer.only_in_training:
                yield row(
                    "activations", node.name, y, zeros=float(np.mean(y == 0)), saturated=saturated(node, y)
                )


def row(
    kind: str,
    name: str,
    array: np.ndarray,
    zeros: float | None = None,
    saturated: float | None = None,
    update: float | None = None,
) -> Row:
    """zeros, saturated: shares of a layer's outputs. update: the norm of a parameter's change in the step."""
    found = statistics(array)._asdict()
    return {"kind": kind, "name": name, **found, "zeros": zeros, "saturated": saturated, "update": update}


def saturated(node: Node, y: np.ndarray) -> float | None:
    """The share of outputs that are near a bound of the activation; None where it has none."""
    if node.layer.bounds is None:
        return None
    low, high = node.layer.bounds
    near = NEAR * (high - low)
    return float(np.mean((y < low + near) | (y > high - near)))
