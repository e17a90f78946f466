"""Spread: how activations and gradients are distributed in each layer, at the initial weights, on one batch."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nntrain import kernels
from nntrain.inference.feed import Feed
from nntrain.losses import Loss

VALUES = 1 << 20  # of an array, about so many are looked at


@dataclass(frozen=True)
class Spread:
    """The distribution of an array with one row per sample."""

    mean: float
    std: float
    between: float  # the standard deviation of a unit over the samples: what is left of their differences
    zeros: float  # the share of values that are exactly 0

    @classmethod
    def of(cls, array: np.ndarray) -> "Spread":
        rows = max(2, VALUES // max(1, array[0].size))
        values = array[:: -(-len(array) // rows)].astype(np.float64).reshape(-1, array[0].size)
        with np.errstate(all="ignore"):
            return cls(
                float(values.mean()),
                float(values.std()),
                float(np.sqrt(values.var(axis=0).mean())),
                float((values == 0).mean()),
            )


@dataclass(frozen=True)
class LayerFacts:
    """A layer with its size and its spreads. Neighbours that it computes too, such as an activation, are part of it."""

    name: str
    kind: str  # "dense + relu"
    shape: tuple[int, ...]
    parameters: int
    flops: int  # of one sample, forward
    output: Spread | None  # None: a view of its input, or computed by another layer
    gradient: (
        Spread | None
    )  # of the loss, with respect to its output before an activation that it computes too; None: not needed

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def layer_facts(feed: Feed, loss: Loss) -> tuple[list[LayerFacts], float]:
    """Of each layer, for the batch in the feed, in training mode; and the batch's mean loss."""
    outputs: dict[str, Spread] = {}
    gradients: dict[str, Spread] = {}
    executor = feed.executor
    with kernels.exclusive.lock:
        feed.pass_lengths()
        for node, y in executor.outputs(training=True):
            outputs[node.name] = Spread.of(y)
        assert feed.gradient is not None
        loss_sum, weight = loss(feed.prediction, feed.target, feed.weight, feed.gradient)
        for node, _, ctx in executor.gradients():
            if node.inputs and node.name not in gradients:
                gradients[node.name] = Spread.of(ctx.dy)
    graph = executor.network.graph
    facts = [
        LayerFacts(
            node.name,
            " + ".join(part.layer.yaml_name for part in (node, *node.fused)),
            node.shape,
            sum(
                int(np.prod(param.shape))
                for part in (node, *node.fused)
                for param in part.parameters.values()
            ),
            sum(part.flops for part in (node, *node.fused)),
            outputs.get(node.name),
            gradients.get(node.name),
        )
        for node in graph.layers
        if not node.fused_into
    ]
    return facts, loss_sum / weight if weight else math.nan
