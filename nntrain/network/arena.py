"""Arena: every parameter in one flat array, every gradient in another, so that clip, decay and update are one loop."""

import math

import numpy as np

from nntrain import randomness
from nntrain.initializers import Initializer
from nntrain.layers.layer import Param
from nntrain.network.graph import Graph
from nntrain.network.memory import zeros


class Arena:
    """Parameters by name ("dense_1.weight"), as views of one array in the order decayed | not decayed | frozen.

    theta: (learning,), what the optimizer moves; grad: the same length; theta[:decayed] are the weights. The views of
    frozen parameters lie behind theta in the same memory and have no gradient.
    """

    def __init__(self, graph: Graph, dtype: np.dtype, with_gradient: bool = True):
        entries = [
            (f"{node.name}.{name}", param, node.frozen, graph.initializer_of(node, param))
            for node in graph.layers
            for name, param in node.parameters.items()
        ]
        entries.sort(
            key=lambda entry: (entry[2], entry[1].role != "weight")
        )  # a stable sort: else in network order
        sizes = [math.prod(param.shape) for _, param, _, _ in entries]
        learning = sum(size for size, entry in zip(sizes, entries, strict=True) if not entry[2])
        self.decayed = sum(
            size
            for size, entry in zip(sizes, entries, strict=True)
            if not entry[2] and entry[1].role == "weight"
        )
        self.values = zeros(sum(sizes), dtype)
        self.theta = self.values[:learning]
        self.grad = zeros(learning if with_gradient else 0, dtype)
        self.parameters: dict[str, np.ndarray] = {}
        self.gradients: dict[str, np.ndarray] = {}
        self._draws: list[tuple[str, Param, Initializer]] = []
        start = 0
        for size, (name, param, frozen, initializer) in zip(sizes, entries, strict=True):
            self.parameters[name] = self.values[start : start + size].reshape(param.shape)
            if with_gradient and not frozen:
                self.gradients[name] = self.grad[start : start + size].reshape(param.shape)
            self._draws.append((name, param, initializer))
            start += size

    def initialize(self, seed: int) -> None:
        """Draws every parameter from (seed, its name) alone."""
        for name, param, initializer in self._draws:
            drawn = initializer.sample(randomness.key(seed, "initial", name), param.shape, param.fans)
            with np.errstate(
                over="ignore"
            ):  # a value beyond the type's range becomes infinite, and is told of by the first step
                self.parameters[name][...] = drawn
