"""Slots: the places in a network that need weights, and how frameworks with channels first number the features there."""

from dataclasses import dataclass

import numpy as np

from nntrain.importing.module import Shape
from nntrain.importing.orders import orders_of
from nntrain.layers.layer import Layer
from nntrain.layers.time_distributed import TimeDistributed
from nntrain.network.graph import Graph
from nntrain.network.node import Node

ATTENTION = "multi_head_attention"
OUTPUT = "output_"  # the parameters of attention's second product


@dataclass(frozen=True, eq=False)
class Slot:
    """Parameters and states that one module of a file fills: those of a layer; attention has two."""

    node: Node
    kind: str  # the layer's name in YAML
    shapes: dict[str, Shape]
    rows: np.ndarray | None = None  # for each input feature, its number with channels first
    columns: np.ndarray | None = None  # the same of the output features

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def layer(self) -> Layer:
        return inner(self.node.layer)

    @property
    def part(self) -> str:
        """What tells the two slots of attention apart."""
        return ", output" if self.kind == f"{ATTENTION}.output" else ""

    def full(self, parameter: str) -> str:
        """As the network names it."""
        return f"{self.node.name}.{parameter}"

    def __str__(self) -> str:
        return f"{self.name}{self.part}"


def inner(layer: Layer) -> Layer:
    return layer.layer if isinstance(layer, TimeDistributed) else layer


def slots_of(graph: Graph, *, split: bool = True) -> list[Slot]:
    """In the order of the network. split: attention as two products."""
    rows, columns = orders_of(graph.nodes)
    found = []
    for node in graph.layers:
        shapes = {name: param.shape for name, param in node.parameters.items()}
        # The states of a stateful layer are the data's, not the network's.
        shapes |= {name: state.shape for name, state in node.state.items() if not state.per_row}
        if not shapes:
            continue
        kind, orders = inner(node.layer).yaml_name, (rows.get(node), columns.get(node))
        if kind == ATTENTION and split:
            first = {name: shape for name, shape in shapes.items() if not name.startswith(OUTPUT)}
            found.append(Slot(node, kind, first))
            found.append(Slot(node, f"{kind}.output", {n: s for n, s in shapes.items() if n not in first}))
        else:
            found.append(Slot(node, kind, shapes, *orders))
    return found
