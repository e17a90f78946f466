"""Buffers: the arrays between a network's layers, and where in memory each lies. One that is done with lends its place."""

import math

import numpy as np

from nntrain.layers.layer import Shape
from nntrain.network.graph import Graph, Node
from nntrain.network.memory import Buffer, lay_out, zeros

DTYPES = {"real": None, "uint8": np.uint8, "int32": np.int32}
Key = tuple[str, str]  # a node's name and what it is of it


class Buffers:
    """The arrays of a graph for `rows` rows: outputs "y", what layers save, and gradients "dy" and "dx0", "dx1", ...

    Moments are counted through the nodes, forward and then, with `backward`, in reverse. Arrays share memory where one is
    read for the last time before the other is written: most gradients of a deep network do, and without `backward` most
    outputs. `learning` are the names of the nodes that get a gradient.
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
        self.parts: dict[str, list[np.ndarray]] = {}  # the gradients that reach a node from its consumers
        self._arrays: dict[Key, np.ndarray] = {}
        self._at = {node.name: place for place, node in enumerate(graph.nodes)}
        self._plan: dict[Key, tuple[Buffer, Shape, np.dtype]] = {}
        self._plan_outputs(input_dtype)
        self._make()
        if backward:
            parts = self._plan_gradients()
            self.gradients = self._make().view(dtype)
            self.parts = {name: [self._arrays[key] for key in keys] for name, keys in parts.items()}

    def __getitem__(self, key: Key) -> np.ndarray:
        return self._arrays[key]

    def __contains__(self, key: Key) -> bool:
        return key in self._arrays

    def _back_at(self, node: Node) -> int:
        return 2 * len(self.graph.nodes) - self._at[node.name]

    def _plan_outputs(self, input_dtype: np.dtype) -> None:
        graph, shape = self.graph, (self.rows, *self.graph.input.shape)
        self._add(
            (graph.input.name, "y"), shape, input_dtype, -math.inf, math.inf
        )  # it is filled at any time
        for node in graph.layers:
            place = self._at[node.name]
            if node.fused_into or node.layer.aliases_input:
                self._share((node.name, "y"), ((node.fused_into or node.inputs[0]).name, "y"), node.shape)
            else:
                self._add((node.name, "y"), (self.rows, *node.shape), self.dtype, place)
            for name, saved in node.saved.items():
                shape = (self.rows, *saved.shape) if saved.per_row else saved.shape
                last = self._back_at(node) if node.name in self.learning else place
                self._add((node.name, name), shape, np.dtype(DTYPES[saved.dtype] or self.dtype), place, last)
            for source in node.inputs:
                self._keep((source.name, "y"), place)
        self._keep((graph.output.name, "y"), math.inf)
        for node in graph.layers:
            if node.name not in self.learning:
                continue
            read = [source for source in node.inputs if "x" in node.layer.reads] + [node] * (
                "y" in node.layer.reads
            )
            for source in read:
                self._keep((source.name, "y"), self._back_at(node))
            if node.backward_in:  # looks at the output of one of the two
                self._keep((node.name, "y"), self._back_at(node.backward_in))
                self._keep((node.backward_in.name, "y"), self._back_at(node.backward_in))

    def _plan_gradients(self) -> dict[str, list[Key]]:
        """Walks the graph in reverse, as backward will run; gives the keys of the gradients that reach each node."""
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
                if node.layer.aliases_input or node.layer.passes_gradient or node.backward_in:
                    self._share(dx, dy, source.shape)
                else:
                    self._add(dx, (self.rows, *source.shape), self.dtype, now)
                arriving[source.name].append(dx)
        if (graph.input.name, "dy") in self._plan:
            self._keep((graph.input.name, "dy"), math.inf)
        return arriving

    def _add(self, key: Key, shape: Shape, dtype: np.dtype, first: float, last: float | None = None) -> Key:
        buffer = Buffer(math.prod(shape) * dtype.itemsize, first, first if last is None else last)
        self._plan[key] = buffer, shape, dtype
        return key

    def _share(self, key: Key, other: Key, shape: Shape) -> None:
        buffer, _, dtype = self._plan[other]
        self._plan[key] = buffer, (self.rows, *shape), dtype

    def _keep(self, key: Key, moment: float) -> None:
        self._plan[key][0].kept_until(moment)

    def _make(self) -> np.ndarray:
        """Makes the arrays of the plan, which it empties; gives their memory."""
        memory = zeros(
            lay_out(dict.fromkeys(buffer for buffer, _, _ in self._plan.values())), np.dtype(np.uint8)
        )
        for key, (buffer, shape, dtype) in self._plan.items():
            self._arrays[key] = memory[buffer.start : buffer.start + buffer.bytes].view(dtype).reshape(shape)
        self._plan = {}
        return memory
