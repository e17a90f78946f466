"""Buffers: the arrays between a network's layers and their places in memory. Dead buffers are reused (liveness analysis)."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nntrain.layers.context import Saved, Shape
from nntrain.network.graph import Graph
from nntrain.network.memory import Buffer, lay_out, zeros
from nntrain.network.node import Node

DTYPES = {"real": None, "uint8": np.uint8, "int32": np.int32}
Key = tuple[str, str]  # a node's name and the array's


class Buffers:
    """The arrays of a graph, by node and name, as the plan lays them out."""

    def __init__(self, plan: "Plan"):
        self._arrays: dict[Key, np.ndarray] = {}
        memory = [self._make(block) for block in plan.blocks]
        self.gradients = memory[-1].view(plan.dtype) if len(memory) > 1 else np.zeros(0, plan.dtype)
        # The gradients that reach a node from its consumers.
        self.parts = {name: [self._arrays[key] for key in keys] for name, keys in plan.parts.items()}

    def __getitem__(self, key: Key) -> np.ndarray:
        return self._arrays[key]

    def __contains__(self, key: Key) -> bool:
        return key in self._arrays

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter(self._arrays.values())

    def _make(self, block: "Block") -> np.ndarray:
        memory = zeros(block.bytes, np.dtype(np.uint8))
        for key, (buffer, shape, dtype) in block.places.items():
            self._arrays[key] = memory[buffer.start : buffer.start + buffer.bytes].view(dtype).reshape(shape)
        return memory


@dataclass(frozen=True)
class Block:
    """One piece of memory, and the place of each array in it."""

    places: dict[Key, tuple[Buffer, Shape, np.dtype]]
    bytes: int


class Plan:
    """Where the arrays of a graph for `rows` rows lie: outputs "y", saved and scratch arrays, and, in a second block, gradients "dy"
    and "dx0", "dx1", ... Nothing is allocated.

    Time counts the nodes, forward and then, with `backward`, in reverse. Arrays share memory where one is read for the last time
    before the other is written: most gradients of a deep network do, and without `backward` most outputs. `learning` are the
    names of the nodes that get a gradient.
    """

    def __init__(
        self,
        graph: Graph,
        rows: int,
        dtype: np.dtype,
        input_dtype: np.dtype,
        learning: set[str],
        backward: bool,
    ):
        self.graph = graph
        self.rows = rows
        self.dtype = dtype
        self.learning = learning if backward else set()
        self.parts: dict[str, list[Key]] = {}
        self.blocks: list[Block] = []
        self._plan: dict[Key, tuple[Buffer, Shape, np.dtype]] = {}
        self._plan_outputs(input_dtype)
        self._lay_out()
        if backward:
            self.parts = self._plan_gradients()
            self._lay_out()

    @property
    def bytes(self) -> int:
        return sum(block.bytes for block in self.blocks)

    def _back_at(self, node: Node) -> int:
        return 2 * len(self.graph.nodes) - node.index

    def _plan_outputs(self, input_dtype: np.dtype) -> None:
        graph = self.graph
        for data in graph.inputs:  # filled before forward, at any time
            self._add((data.name, "y"), (self.rows, *data.shape), input_dtype, -math.inf, math.inf)
        for node in graph.layers:
            now, owner = node.index, node.owner_of_output
            if owner is node:
                self._add((node.name, "y"), (self.rows, *node.shape), self.dtype, now)
            else:
                self._share((node.name, "y"), (owner.name, "y"), node.shape)
            last = self._back_at(node) if node.name in self.learning else now
            for name, saved in node.saved.items():
                first, end = (-math.inf, math.inf) if saved.lasting else (now, last)
                self._add_declared(node, name, saved, first, end)
            for source in node.inputs:
                self._keep((source.name, "y"), now)
        self._keep((graph.output.name, "y"), math.inf)
        for node in graph.layers:
            if node.name not in self.learning:
                continue
            for read in node.reads_in_backward:
                self._keep((read.name, "y"), self._back_at(node))
            if by := node.gradient_fused_into:  # which reads the output of one of the two
                self._keep((node.name, "y"), self._back_at(by))
                self._keep((by.name, "y"), self._back_at(by))

    def _plan_gradients(self) -> dict[str, list[Key]]:
        """Walks the graph in reverse, as backward does; returns the keys of the gradients that reach each node."""
        graph = self.graph
        arriving: dict[str, list[Key]] = {node.name: [] for node in graph.nodes}
        shape = (self.rows, *graph.output.shape)
        arriving[graph.output.name] = [
            self._add((graph.output.name, "loss"), shape, self.dtype, -math.inf, math.inf)
        ]
        for node in reversed(graph.nodes):
            if node.name not in self.learning or node.deferred:
                continue
            now, dy, parts = self._back_at(node), (node.name, "dy"), arriving[node.name]
            for name, scratch in node.scratch.items() if node.inputs else ():
                self._add_declared(node, name, scratch, now, now)
            for part in parts:
                self._keep(part, now)
            if len(parts) == 1:
                self._share(dy, parts[0], node.shape)
            else:
                self._add(dy, (self.rows, *node.shape), self.dtype, now)
            for place, source in enumerate(node.inputs):
                if source.name not in self.learning or source.deferred:
                    continue
                dx = (node.name, f"dx{place}")
                if node.passes_gradient:
                    self._share(dx, dy, source.shape)
                else:
                    self._add(dx, (self.rows, *source.shape), self.dtype, now)
                arriving[source.name].append(dx)
        for data in graph.inputs:
            if (data.name, "dy") in self._plan:
                self._keep((data.name, "dy"), math.inf)
        return arriving

    def _add(self, key: Key, shape: Shape, dtype: np.dtype, first: float, last: float | None = None) -> Key:
        buffer = Buffer(math.prod(shape) * dtype.itemsize, first, first if last is None else last)
        self._plan[key] = buffer, shape, dtype
        return key

    def _add_declared(self, node: Node, name: str, saved: Saved, first: float, last: float) -> None:
        dtype = np.dtype(DTYPES[saved.dtype] or self.dtype)
        self._add((node.name, name), full_shape(saved, self.rows, node), dtype, first, last)

    def _share(self, key: Key, other: Key, shape: Shape) -> None:
        buffer, _, dtype = self._plan[other]
        self._plan[key] = buffer, (self.rows, *shape), dtype

    def _keep(self, key: Key, moment: float) -> None:
        self._plan[key][0].kept_until(moment)

    def _lay_out(self) -> None:
        """Gives the arrays planned so far their places."""
        size = lay_out(dict.fromkeys(buffer for buffer, _, _ in self._plan.values()))
        self.blocks.append(Block(self._plan, size))
        self._plan = {}


def full_shape(saved: Saved, rows: int, node: Node) -> Shape:
    """The shape of a saved or scratch array, with its rows or tokens."""
    if saved.per == "token":
        embedding = node.embedding
        return (embedding.parameters["weight"].shape[0] if embedding else 0, *saved.shape)
    return (rows, *saved.shape) if saved.per == "row" else saved.shape
