"""Size: how much memory a network takes, known before anything is allocated."""

import math
from dataclasses import dataclass

from nntrain.kernels.precision import float_type
from nntrain.network.buffers import Plan
from nntrain.network.graph import Graph
from nntrain.network.network import learning_nodes


@dataclass(frozen=True)
class NetworkSize:
    """Numbers of parameters, and bytes."""

    parameters: int  # values
    learning: int  # values that have a gradient
    item: int  # bytes of a value
    buffers: int  # bytes of the arrays between layers
    states: int  # bytes

    @property
    def bytes(self) -> int:
        """Without gradients of the parameters."""
        return self.parameters * self.item + self.buffers + self.states


def network_size(graph: Graph, rows: int, precision: str, *, backward: bool) -> NetworkSize:
    """The size of a network for batches of at most `rows` rows."""
    counts = {
        node.name: sum(math.prod(param.shape) for param in node.parameters.values()) for node in graph.layers
    }
    dtype = float_type(precision)
    states = sum(
        math.prod(state.shape) * (rows if state.per_row else 1)
        for node in graph.layers
        for state in node.state.values()
    )
    # Tokens take 4 bytes, as float32 does; of float64 the difference is small.
    plan = Plan(graph, rows, dtype, dtype, learning_nodes(graph), backward)
    unused = sum(math.prod(param.shape) for node in graph.layers for param in node.untrained.values())
    unused += sum(
        math.prod(node.tied.parameters["weight"].shape)
        for node in graph.layers
        if node.tied is not None and node.trains_tied
    )
    return NetworkSize(
        parameters=sum(counts.values()),
        learning=sum(math.prod(param.shape) for node in graph.layers for param in node.trained.values()),
        item=dtype.itemsize,
        buffers=plan.bytes + (unused * dtype.itemsize if backward else 0),
        states=states * dtype.itemsize,
    )
