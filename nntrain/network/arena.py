"""Arena: all parameters in one flat array, all gradients in another, so that clipping, decay and update are one loop each."""

import itertools
import math
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

import numpy as np

from nntrain import randomness
from nntrain.initializers import Initializer
from nntrain.layers.context import Param
from nntrain.network.graph import Graph
from nntrain.network.memory import zeros
from nntrain.network.node import Node
from nntrain.optimizers import Tensor

Memory = Callable[[int, np.dtype], np.ndarray]  # makes zeros (size,)


class Segment(NamedTuple):
    """The trainable parameters of one group, or of none: theta[start:stop]; theta[start:decayed] are weights."""

    group: int | None
    start: int
    decayed: int
    stop: int


class Entry(NamedTuple):
    """A parameter before it has a place."""

    node: Node
    name: str
    param: Param
    frozen: bool

    @property
    def size(self) -> int:
        return math.prod(self.param.shape)

    @property
    def group(self) -> int | None:
        return self.node.groups.get(self.name)

    @property
    def order(self) -> tuple[bool, int, bool]:
        """Frozen ones last, first those without a group, weights first; else in network order."""
        return self.frozen, -1 if self.group is None else self.group, self.param.role != "weight"


class Arena:
    """Parameters by name ("dense_1.weight"), as views of one array in the order decayed | not decayed | frozen.

    theta: (learning,), the trainable parameters; grad: the same length. Where there are parameter groups, each has a segment of
    its own, decayed | not decayed. Frozen parameters follow theta in the same memory and are not in grad.
    """

    def __init__(
        self, graph: Graph, dtype: np.dtype, with_gradient: bool = True, memory: Memory | None = None
    ):
        """memory: where parameters and gradients lie; by default in memory of this process."""
        make = memory or zeros
        entries = sorted(
            (
                Entry(node, name, param, name not in node.trained)
                for node in graph.layers
                for name, param in node.parameters.items()
            ),
            key=lambda entry: entry.order,
        )
        learning = sum(entry.size for entry in entries if not entry.frozen)
        self.segments = segments([entry for entry in entries if not entry.frozen])
        self.values = make(sum(entry.size for entry in entries), dtype)
        self.theta = self.values[:learning]
        self.grad = make(learning if with_gradient else 0, dtype)
        tensors, matrices = [], hidden_matrices(graph)
        self.parameters: dict[str, np.ndarray] = {}
        self.gradients: dict[str, np.ndarray] = {}  # of theta
        self.unused: dict[
            str, np.ndarray
        ] = {}  # gradients of frozen parameters, which their layers compute with the others
        # By the layers that use an embedding's weight: the gradient of that use.
        self.tied = {
            node.name: np.zeros(node.tied.parameters["weight"].shape, dtype)
            for node in graph.layers
            if with_gradient and node.tied is not None and node.trains_tied
        }
        self._initial: list[tuple[str, Param, Initializer]] = []
        start = 0
        for entry in entries:
            node, param, full = entry.node, entry.param, f"{entry.node.name}.{entry.name}"
            place = slice(start, start + entry.size)
            self.parameters[full] = self.values[place].reshape(param.shape)
            if with_gradient and not entry.frozen:
                self.gradients[full] = self.grad[place].reshape(param.shape)
            elif with_gradient and node.learns:
                self.unused[full] = np.zeros(param.shape, dtype)
            if not entry.frozen:
                tensors.append(Tensor(full, place.start, place.stop, param.shape, full in matrices))
            self._initial.append((full, param, graph.initializer_of(node, param)))
            start = place.stop
        self.tensors = tuple(tensors)  # of theta, in order

    def weights(self) -> list[slice]:
        """The places of the weights in theta, of each segment."""
        return [slice(segment.start, segment.decayed) for segment in self.segments]

    def weight(self, node: Node) -> np.ndarray:
        """(inputs, units): the weight that a dense layer multiplies by, its own or an embedding's."""
        if node.tied is not None:
            return self.parameters[f"{node.tied.name}.weight"].T
        return self.parameters[f"{node.name}.weight"]

    def initialize(self, seed: int, loaded: Collection[str] = ()) -> None:
        """Initializes every parameter but those named `loaded`, as a function of the seed and its name alone."""
        for name, param, initializer in self._initial:
            if name not in loaded:
                # A value beyond the range of the type becomes infinite; the first step reports it.
                with np.errstate(over="ignore"):
                    initializer.fill(self.parameters[name], randomness.key(seed, "initial", name), param.fans)


def hidden_matrices(graph: Graph) -> set[str]:
    """The names of the weight matrices of hidden layers: all but embeddings and the output layer."""
    last = next((node for node in reversed(graph.layers) if node.parameters or node.tied), None)
    return {
        f"{node.name}.{name}"
        for node in graph.layers
        for name, param in node.parameters.items()
        if param.role == "weight" and len(param.shape) > 1 and not param.table and node is not last
    }


def segments(entries: Sequence[Entry]) -> tuple[Segment, ...]:
    """Of the trainable parameters in their order; one where there are no groups."""
    found, start = [], 0
    for group, members in itertools.groupby(entries, lambda entry: entry.group):
        decayed = stop = start
        for entry in members:
            stop += entry.size
            decayed += entry.size if entry.param.role == "weight" else 0
        found.append(Segment(group, start, decayed, stop))
        start = stop
    return tuple(found)
