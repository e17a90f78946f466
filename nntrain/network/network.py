"""Network: the graph with its arrays. Forward runs the nodes in order, backward in reverse."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from nntrain import kernels
from nntrain.errors import ConfigError
from nntrain.layers.layer import Activation, Layer, LayerContext, PassInfo, Shape
from nntrain.network.arena import Arena
from nntrain.network.buffers import Buffers
from nntrain.network.graph import Graph, Node


class Network:
    """Holds every array of a model for batches of at most `rows` rows; shorter batches use their leading rows.

    Without `backward` there are no gradients, and at most the outputs are kept. `input_gradient` asks for the loss's
    gradient with respect to the data too, as the gradient check does.
    """

    def __init__(
        self,
        graph: Graph,
        rows: int,
        dtype: str = "float32",
        seed: int = 0,
        *,
        backward: bool = True,
        input_gradient: bool = False,
        integer_input: bool = False,
    ):
        self.graph = graph
        self.rows = rows
        self.dtype = np.dtype(dtype)
        self.info = PassInfo(seed)
        self.arena = Arena(graph, self.dtype, with_gradient=backward)
        self.arena.initialize(seed)
        states = {f"{node.name}.{name}": state for node in graph.layers for name, state in node.state.items()}
        self.state = {
            name: np.full(state.shape, state.value, self.dtype)
            for name, state in states.items()
            if not state.per_row
        }
        # What one window of the data leaves to the next, for each row of a batch in training.
        self.carried = {
            name: np.full((rows, *state.shape), state.value, self.dtype)
            for name, state in states.items()
            if state.per_row
        }
        self.backward_possible = backward
        self.input_gradient = input_gradient and not integer_input
        self.learning = _learning_below(graph, self.input_gradient)
        input_dtype = np.dtype(np.int32) if integer_input else self.dtype
        self.buffers = Buffers(graph, rows, self.dtype, input_dtype, self.learning, backward)
        self._executors: dict[tuple[int, int | None], Executor] = {}

    @property
    def theta(self) -> np.ndarray:
        return self.arena.theta

    @property
    def grad(self) -> np.ndarray:
        return self.arena.grad

    def executor(self, rows: int, steps: int | None = None) -> "Executor":
        """The network bound to the first `rows` rows of its buffers; made once for each number of rows and steps.

        With `steps`, for shorter sequences: it has fewer steps than the graph says, unless a layer's parameters or shapes need
        them all. Such views begin where the buffers do, and are as contiguous.
        """
        executor = self._executors.get((rows, steps))
        if executor is None:
            shapes = shapes_with(self.graph, steps) if steps is not None else None
            executor = self._executors[rows, steps] = (
                Executor(self, rows, shapes) if shapes or steps is None else self.executor(rows)
            )
        return executor

    def forget_gradients(self) -> None:
        """Fills every gradient with NaN, so that one that backward does not write shows."""
        self.grad.fill(np.nan)
        self.buffers.gradients.fill(np.nan)


class Executor:
    """A network's layers bound to one number of rows. `x` is the input to fill, `dy` the output gradient to fill."""

    def __init__(self, network: Network, rows: int, shapes: dict[str, Shape] | None = None):
        self.network = network
        self.rows = rows
        graph = network.graph
        self.shapes = shapes or {node.name: node.shape for node in graph.nodes}  # of one sample's outputs
        self.contexts = {node.name: self._bind(node) for node in graph.layers}
        self.x = self._view(graph.input, "y", self.shapes[graph.input.name])
        self.y = self._view(graph.output, "y", self.shapes[graph.output.name])
        self._forward: list[tuple[Callable[[LayerContext], None], LayerContext, Node]] = []
        self._backward: list[tuple[Callable[[LayerContext], None], LayerContext, Node]] = []
        for node in graph.layers:
            if not (node.fused_into or node.deferred or node.layer.aliases_input):
                self._forward.append((node.layer.forward, self.contexts[node.name], node))
        if network.backward_possible:
            self.dy = (
                self._view(graph.output, "dy", self.shapes[graph.output.name])
                if graph.output.name in network.learning
                else None
            )
            self._plan_backward()
            if network.input_gradient:
                self.dx = self._view(graph.input, "dy", self.shapes[graph.input.name])

    def forward(self, training: bool) -> np.ndarray:
        """The network's output for what is in `x`: (rows, *output shape)."""
        self.network.info.training = training
        for forward, ctx, _ in self._forward:
            forward(ctx)
        return self.y

    def outputs(self, training: bool) -> Iterator[tuple[Node, np.ndarray]]:
        """Runs forward and gives each layer's output, which later ones may write over, with what was fused into it."""
        self.network.info.training = training
        for forward, ctx, node in self._forward:
            forward(ctx)
            yield node, ctx.y

    def backward(self) -> None:
        """Fills the network's grad from what is in `dy`, after a forward in training."""
        for backward, ctx, _ in self._backward:
            backward(ctx)

    @contextmanager
    def timed(self) -> Iterator[dict[tuple[str, str], list[float]]]:
        """Within it, the seconds of each call are kept, by the node's name and the method's."""
        times: dict[tuple[str, str], list[float]] = {}
        plain = self._forward, self._backward
        self._forward, self._backward = (
            [
                (_timed(call, times.setdefault((node.name, call.__name__), [])), ctx, node)
                for call, ctx, node in calls
            ]
            for calls in plain
        )
        try:
            yield times
        finally:
            self._forward, self._backward = plain

    def _view(self, node: Node, name: str, shape: Shape) -> np.ndarray:
        return leading(self.network.buffers[node.name, name], (self.rows, *shape))

    def _bind(self, node: Node) -> LayerContext:
        network, rows = self.network, self.rows
        buffers = network.buffers
        input_shapes = tuple(self.shapes[source.name] for source in node.inputs)
        ctx = LayerContext()
        ctx.name, ctx.rows, ctx.info = node.name, rows, network.info
        ctx.empty = np.zeros(0, network.dtype)
        ctx.xs = [
            self._view(source, "y", shape) for source, shape in zip(node.inputs, input_shapes, strict=True)
        ]
        ctx.x = ctx.xs[0]
        ctx.y = self._view(node, "y", self.shapes[node.name])
        ctx.addend = ctx.empty
        end = node
        while len(end.consumers) == 1 and end.consumers[0].fused_into is end:
            end = end.consumers[0]
            if isinstance(end.layer, Activation):
                ctx.epilogue = end.layer.epilogue()
            else:
                other = next(source for source in end.inputs if source is not node)
                ctx.addend = self._view(other, "y", self.shapes[other.name])
        for neighbour in (*node.inputs, *node.consumers):
            if neighbour.backward_in is node:
                ctx.dy_slope = neighbour.layer.epilogue()[1]
        for name in node.parameters:
            full = f"{node.name}.{name}"
            setattr(ctx, name, network.arena.parameters[full])
            if full in network.arena.gradients:
                setattr(ctx, f"d{name}", network.arena.gradients[full])
        for name, state in node.state.items():
            full = f"{node.name}.{name}"
            setattr(ctx, name, network.carried[full][:rows] if state.per_row else network.state[full])
        for name, saved in node.layer.saved(*input_shapes).items():
            setattr(
                ctx,
                name,
                leading(buffers[node.name, name], (rows, *saved.shape) if saved.per_row else saved.shape),
            )
        if (node.name, "dy") in buffers:
            ctx.dy = self._view(node, "dy", self.shapes[node.name])
            ctx.dxs = [
                self._view(node, f"dx{place}", shape) if (node.name, f"dx{place}") in buffers else None
                for place, shape in enumerate(input_shapes)
            ]
            ctx.dx = ctx.dxs[0]
        if node.inputs[0].deferred:
            self._bind_embedding(ctx, node.inputs[0])
        return ctx

    def _bind_embedding(self, ctx: LayerContext, embedding: Node) -> None:
        """Gives a layer the embedding before it, in place of what that would hand on."""
        full = f"{embedding.name}.weight"
        ctx.tokens = self._view(embedding.inputs[0], "y", self.shapes[embedding.inputs[0].name])
        ctx.x = self.network.arena.parameters[full]
        ctx.dx = self.network.arena.gradients.get(full)
        ctx.xs, ctx.dxs = [ctx.x], [ctx.dx]

    def _plan_backward(self) -> None:
        network = self.network
        for node in reversed(network.graph.nodes):
            if node.name not in network.learning or node.deferred:
                continue
            parts = network.buffers.parts[node.name]
            if len(parts) > 1:
                self._backward.append((self._sum(node, parts), None, node))
            if node is network.graph.input:
                continue
            ctx, layer = self.contexts[node.name], node.layer
            if type(layer).prepare_backward is not Layer.prepare_backward:
                self._backward.append((layer.prepare_backward, ctx, node))
            if node.parameters and not node.frozen:
                self._backward.append((layer.backward_parameters, ctx, node))
            wanted = any(dx is not None for dx in ctx.dxs)
            if wanted and not (layer.aliases_input or layer.passes_gradient or node.backward_in):
                self._backward.append((layer.backward_input, ctx, node))

    def _sum(self, node: Node, parts: list[np.ndarray]) -> Callable[[LayerContext], None]:
        """What adds up the gradients that reach a node from several consumers."""
        dy = self._view(node, "dy", self.shapes[node.name])
        parts = [leading(part, dy.shape) for part in parts]
        if node.backward_in is node:
            y, slope = self.contexts[node.name].y, node.layer.epilogue()[1]
            return lambda ctx: kernels.merge.add_gradients(dy, parts, y, slope)
        return lambda ctx: kernels.merge.add(dy, parts)


def leading(buffer: np.ndarray, shape: Shape) -> np.ndarray:
    """The beginning of a contiguous buffer's memory, in another shape."""
    return buffer.reshape(-1)[: math.prod(shape)].reshape(shape)


def shapes_with(graph: Graph, steps: int) -> dict[str, Shape] | None:
    """Each node's shape where the data have fewer steps, by its name; None where a layer cannot do with fewer."""
    shapes = {graph.input.name: (steps, *graph.input.shape[1:])}
    for node in graph.layers:
        inputs = tuple(shapes[source.name] for source in node.inputs)
        try:
            shapes[node.name] = tuple(node.layer.output_shape(*inputs))
            if node.layer.parameters(*inputs) != node.parameters or node.layer.state(*inputs) != node.state:
                return None
        except ConfigError:
            return None
    return shapes


def _timed(call: Callable[[LayerContext], None], seconds: list[float]) -> Callable[[LayerContext], None]:
    def timed_call(ctx: LayerContext) -> None:
        begun = time.perf_counter()
        call(ctx)
        seconds.append(time.perf_counter() - begun)

    return timed_call


def _learning_below(graph: Graph, input_gradient: bool) -> set[str]:
    """Names of the nodes whose output depends on something that learns: only those get a gradient."""
    learning = {graph.input.name} if input_gradient else set()
    for node in graph.layers:
        if (node.parameters and not node.frozen) or any(source.name in learning for source in node.inputs):
            learning.add(node.name)
    return learning
