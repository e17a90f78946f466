"""Pieces: a network reads a sequence piece by piece; layers keep what later steps need of earlier ones."""

import numpy as np

from nntrain.layers.context import LayerContext, Shape
from nntrain.network.buffers import DTYPES, full_shape
from nntrain.network.graph import Graph
from nntrain.network.network import Executor, Network
from nntrain.network.node import Node

Memory = dict[tuple[str, str], np.ndarray]  # by a node's name and the array's


def reads_pieces(graph: Graph) -> bool:
    """Whether every layer can go on where it ended."""
    return all(node.layer.memory(*node.input_shapes) is not None for node in graph.layers)


class Pieces:
    """A network for evaluation, of one row for each sequence. A piece has at most as many steps as the data."""

    def __init__(self, network: Network):
        self.network = network
        self.longest = network.graph.input.shape[0]  # piece
        # How many steps it can read before it has to start again; None: any number.
        limited = any(node.layer.limits_steps for node in network.graph.layers)
        self.limit = self.longest if limited else None
        self.done = 0  # steps
        self._memory: Memory = {
            (node.name, name): np.zeros(
                full_shape(saved, network.rows, node), DTYPES[saved.dtype] or network.dtype
            )
            for node in network.graph.layers
            for name, saved in (node.layer.memory(*node.input_shapes) or {}).items()
        }
        self._executors: dict[int, _PieceExecutor] = {}

    def start(self) -> None:
        """The next piece is the beginning of a sequence."""
        self.done = 0

    def read(self, x: np.ndarray) -> np.ndarray:
        """(rows, new steps, *output): the outputs for the next steps x (rows, new steps, ...), as if all had been read at once."""
        new = x.shape[1]
        executor = self._executors.get(new)
        if executor is None:
            executor = self._executors[new] = _PieceExecutor(self.network, new, self._memory)
        executor.x[...] = x
        info = self.network.info
        info.lengths, info.done = None, self.done
        self.done += new
        return executor.forward(training=False)


class _PieceExecutor(Executor):
    """A network bound to pieces of so many steps."""

    def __init__(self, network: Network, steps: int, memory: Memory):
        self._memory = memory
        super().__init__(network, network.rows, piece_shapes(network.graph, steps))
        self._forward = [(node.layer.forward_next, ctx, node) for _, ctx, node in self._forward]

    def _bind_declared(self, node: Node, ctx: LayerContext) -> None:
        super()._bind_declared(node, ctx)
        for name in node.layer.memory(*node.input_shapes) or {}:
            setattr(ctx, name, self._memory[node.name, name])


def piece_shapes(graph: Graph, steps: int) -> dict[str, Shape]:
    """Each node's shape for a piece of so many steps."""
    shapes = {graph.input.name: (steps, *graph.input.shape[1:])}
    for node in graph.layers:
        shapes[node.name] = tuple(node.layer.output_shape(*(shapes[source.name] for source in node.inputs)))
    return shapes
