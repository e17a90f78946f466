"""RowChain: the answer for one row of a network that is a chain of dense layers, by one kernel instead of one per layer."""

import numpy as np

from nntrain import kernels
from nntrain.layers.dense import Dense
from nntrain.network.network import Network
from nntrain.network.node import Node


def row_chain(network: Network, period: tuple[np.ndarray, np.ndarray]) -> "RowChain | None":
    """None where the network is something else, or a layer is worth several threads.

    period: shift and scale, as `kernels.gather.rows` takes them.
    """
    nodes = [node for node in network.graph.layers if node.runs_forward and not node.layer.only_in_training]
    in_line = all(len(node.consumers) <= 1 and len(node.inputs) <= 1 for node in network.graph.nodes)
    suitable = in_line and nodes and not network.bfloat16 and all(map(_is_small_dense, nodes))
    return RowChain(network, nodes, period) if suitable else None


def _is_small_dense(node: Node) -> bool:
    layer = node.layer
    if type(layer) is not Dense or layer.tied_to is not None or len(node.shape) > 1:
        return False
    return bool(np.prod(node.parameters["weight"].shape) < kernels.matmul.PARALLEL_FROM)


class RowChain:
    """784-256-128-10 answers for a row in half the time, with the bits of the network."""

    def __init__(self, network: Network, nodes: list[Node], period: tuple[np.ndarray, np.ndarray]):
        self.network = network  # its parameters stay where they are
        executor = network.executor(1)
        contexts = [executor.contexts[node.name] for node in nodes]
        biases = [
            ctx.bias.ctypes.data if "bias" in node.parameters else 0
            for node, ctx in zip(nodes, contexts, strict=True)
        ]
        layers = [
            (ctx.weight.ctypes.data, bias, *ctx.weight.shape, ctx.epilogue[0])
            for bias, ctx in zip(biases, contexts, strict=True)
        ]
        widest = max(max(ctx.weight.shape) for ctx in contexts)
        self.shape = (1, *network.graph.output.shape)
        self.arguments = (
            *period,
            np.array(layers, np.int64),
            np.array([ctx.epilogue[1] for ctx in contexts]),
            np.empty(2 * widest, network.dtype),
        )

    def __call__(self, x: np.ndarray) -> np.ndarray | None:
        """(1, outputs) for x (1, *input shape); None if a value is not finite."""
        y = np.empty(self.shape, self.network.dtype)
        finite = kernels.row_chain.answer.serial(y.reshape(-1), x.reshape(-1), *self.arguments)
        return y if finite else None
