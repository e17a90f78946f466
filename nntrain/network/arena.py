"""Arena: all parameters in one flat array, all gradients in another, so that clipping, decay and update are one loop each."""

import math
from collections.abc import Callable, Collection

import numpy as np

from nntrain import randomness
from nntrain.initializers import Initializer
from nntrain.layers.context import Param
from nntrain.network.graph import Graph
from nntrain.network.memory import zeros
from nntrain.network.node import Node
from nntrain.optimizers import Tensor

Memory = Callable[[int, np.dtype], np.ndarray]  # makes zeros (size,)


class Arena:
    """Parameters by name ("dense_1.weight"), as views of one array in the order decayed | not decayed | frozen.

    theta: (learning,), the trainable parameters; grad: the same length; theta[:decayed] are the weights. Frozen parameters follow
    theta in the same memory and have no gradient.
    """

    def __init__(
        self, graph: Graph, dtype: np.dtype, with_gradient: bool = True, memory: Memory | None = None
    ):
        """memory: where parameters and gradients lie; by default in memory of this process."""
        make = memory or zeros
        last = next((node for node in reversed(graph.layers) if node.parameters), None)
        entries = [
            (
                f"{node.name}.{name}",
                param,
                node.frozen,
                graph.initializer_of(node, param),
                is_matrix(node, param, last),
            )
            for node in graph.layers
            for name, param in node.parameters.items()
        ]
        entries.sort(key=lambda entry: (entry[2], entry[1].role != "weight"))  # stable: else in network order
        sizes = [math.prod(entry[1].shape) for entry in entries]
        learning = sum(size for size, entry in zip(sizes, entries, strict=True) if not entry[2])
        self.decayed = sum(
            size
            for size, entry in zip(sizes, entries, strict=True)
            if not entry[2] and entry[1].role == "weight"
        )
        self.values = make(sum(sizes), dtype)
        self.theta = self.values[:learning]
        self.grad = make(learning if with_gradient else 0, dtype)
        self.parameters: dict[str, np.ndarray] = {}
        self.gradients: dict[str, np.ndarray] = {}
        self._initial: list[tuple[str, Param, Initializer]] = []
        tensors = []
        start = 0
        for size, (name, param, frozen, initializer, matrix) in zip(sizes, entries, strict=True):
            self.parameters[name] = self.values[start : start + size].reshape(param.shape)
            if with_gradient and not frozen:
                self.gradients[name] = self.grad[start : start + size].reshape(param.shape)
            if not frozen:
                tensors.append(Tensor(name, start, start + size, param.shape, matrix))
            self._initial.append((name, param, initializer))
            start += size
        self.tensors = tuple(tensors)  # of theta, in order

    def initialize(self, seed: int, loaded: Collection[str] = ()) -> None:
        """Initializes every parameter but those named `loaded`, as a function of the seed and its name alone."""
        for name, param, initializer in self._initial:
            if name not in loaded:
                # A value beyond the range of the type becomes infinite; the first step reports it.
                with np.errstate(over="ignore"):
                    initializer.fill(self.parameters[name], randomness.key(seed, "initial", name), param.fans)


def is_matrix(node: Node, param: Param, last: Node | None) -> bool:
    """Whether a parameter is a matrix between hidden layers; `last`: the node of the output layer."""
    return param.role == "weight" and len(param.shape) > 1 and not param.table and node is not last
