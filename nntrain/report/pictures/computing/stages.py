"""Stages: the dense layers at the end of a network, unit by unit, with their values and gradients for one sample."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nntrain.network.graph import Graph
    from nntrain.network.node import Node
    from nntrain.report.pictures.computing.tracing import Trace


@dataclass
class Stage:
    """A dense layer with its activation: `z = x @ w + b`, `a = f(z)`, and the gradients of the loss, named d…"""

    name: str
    activation: str  # empty: linear
    x: np.ndarray  # (inputs,)
    w: np.ndarray  # (inputs, units)
    b: np.ndarray  # (units,)
    z: np.ndarray
    a: np.ndarray
    dx: np.ndarray
    dw: np.ndarray
    dz: np.ndarray
    da: np.ndarray

    @property
    def slope(self) -> np.ndarray:
        """(units,): f'(z), as backward multiplied by it; 0 where no gradient arrived."""
        return np.divide(self.dz, self.da, out=np.zeros_like(self.dz), where=self.da != 0)


Pair = tuple["Node", "Node"]  # a dense layer, and the last node of its activation


def dense_tail(graph: "Graph") -> list[Pair]:
    """The dense layers on vectors at the end, in order, each with its activation; a softmax there counts as part of the loss."""
    from nntrain.layers.dense import Dense

    found: list[Pair] = []
    node, last = graph.output, graph.output
    while node.inputs:
        layer = node.layer
        if isinstance(layer, Dense) and len(node.shape) == 1 and node.tied is None:
            found.insert(0, (node, last))
            last = node.inputs[0]
        elif layer.normalizes_logits and not elementwise(node) and not found:
            last = node.inputs[0]
        elif elementwise(node) and not node.parameters and last is node:
            pass  # of the dense layer before it
        elif (layer.only_in_training or layer.aliases_input) and last is node:
            last = node.inputs[0]  # nothing changes on the way from the stage before
        else:
            break
        node = node.inputs[0]
        if len(node.consumers) != 1:
            break
    return found


def elementwise(node: "Node") -> bool:
    """Whether it is an activation of each value on its own."""
    from nntrain.layers.activations.softmax import LogSoftmax, Softmax
    from nntrain.layers.layer import Activation

    layer = node.layer
    by_row = isinstance(layer, (Softmax, LogSoftmax))
    return isinstance(layer, Activation) and not by_row and node.shape == node.inputs[0].shape


def stages_of(trace: "Trace", pairs: list[Pair]) -> list[Stage]:
    """The stages of a trace of one sample."""
    arena = trace.network.arena
    found = []
    for dense, last in pairs:
        source = dense.inputs[0].name
        bias = arena.parameters.get(f"{dense.name}.bias")
        weight = arena.parameters[f"{dense.name}.weight"]
        found.append(
            Stage(
                dense.name,
                last.layer.yaml_name if last is not dense else "",
                trace.values[source][0].reshape(-1),
                weight.copy(),
                np.zeros(weight.shape[1]) if bias is None else bias.copy(),
                trace.values[dense.name][0],
                trace.values[last.name][0],
                trace.gradients.get(source, np.zeros((1, len(weight))))[0].reshape(-1),
                arena.gradients.get(f"{dense.name}.weight", np.zeros_like(weight)).copy(),
                trace.gradients[dense.name][0],
                trace.gradients[last.name][0],
            )
        )
    return found


def largest(score: np.ndarray, most: int) -> np.ndarray:
    """The indices of the `most` largest scores, in ascending order."""
    return np.sort(np.argsort(-score, kind="stable")[:most])
