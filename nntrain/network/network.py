"""Network: the graph with its arrays. An executor runs the nodes in order, forward, and in reverse, backward."""

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar, cast

import numpy as np

from nntrain import kernels
from nntrain.errors import ConfigError
from nntrain.kernels.precision import float_type
from nntrain.layers.context import LayerContext, PassInfo, Shape
from nntrain.layers.layer import Layer
from nntrain.network.arena import Arena, Memory
from nntrain.network.buffers import Buffers, Plan, full_shape
from nntrain.network.graph import Graph
from nntrain.network.memory import leading
from nntrain.network.node import Node

P = ParamSpec("P")
R = TypeVar("R")
Call = tuple[Callable[[LayerContext], None], LayerContext, Node]


class Network:
    """Holds every array of a model for batches of at most `rows` rows; shorter batches use their leading rows.

    `precision`: float32 or float64, the type of all arrays; or bfloat16: float32, but matrix products and convolutions take
    their operands rounded to bfloat16.

    Without `initial` the parameters are zeros, for a caller that loads them. Without `backward` there are no gradients, and outputs
    are not kept. `input_gradient` asks for the gradient of the loss with
    respect to the data too, as the gradient check does.
    """

    def __init__(
        self,
        graph: Graph,
        rows: int,
        precision: str = "float32",
        seed: int = 0,
        *,
        backward: bool = True,
        input_gradient: bool = False,
        integer_input: bool = False,
        initial: bool = True,
        memory: Memory | None = None,
    ):
        self.graph = graph
        self.rows = rows
        self.dtype = float_type(precision)
        self.bfloat16 = precision == "bfloat16"
        self.info = PassInfo(seed)
        self.arena = Arena(graph, self.dtype, with_gradient=backward, memory=memory)
        states = {f"{node.name}.{name}": state for node in graph.layers for name, state in node.state.items()}
        self.state = {
            name: np.full(state.shape, state.value, self.dtype)
            for name, state in states.items()
            if not state.per_row
        }
        self.fixed = {name for name, state in states.items() if state.fixed}  # what training does not change
        # Carried over from one window of the data to the next, for each row of a training batch.
        self.carried = {
            name: np.full((rows, *state.shape), state.value, self.dtype)
            for name, state in states.items()
            if state.per_row
        }
        self.backward_possible = backward
        self.input_gradient = input_gradient and not integer_input
        self.learning = learning_nodes(graph, self.input_gradient)
        input_dtype = np.dtype(np.int32) if integer_input else self.dtype
        self.buffers = Buffers(Plan(graph, rows, self.dtype, input_dtype, self.learning, backward))
        self._executors: dict[tuple[int, int | None], Executor] = {}
        if initial:
            self.initialize()

    def initialize(self, loaded: Collection[str] = ()) -> None:
        """Gives every parameter its initial values, except those named `loaded`."""
        self.arena.initialize(self.info.seed, loaded)

    @property
    def theta(self) -> np.ndarray:
        return self.arena.theta

    @property
    def grad(self) -> np.ndarray:
        return self.arena.grad

    def executor(self, rows: int, steps: int | None = None) -> "Executor":
        """The network bound to the first `rows` rows of its buffers; made once for each number of rows and steps.

        `steps` is for shorter sequences: the arrays have so many steps, unless a layer's parameters or shapes need all steps.
        Such views begin where the buffers do, and are as contiguous.
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
    """A network's layers bound to one number of rows. The caller fills the input `x` and the output gradient `dy`."""

    def __init__(self, network: Network, rows: int, shapes: dict[str, Shape] | None = None):
        self.network = network
        self.rows = rows
        graph = network.graph
        self.shapes = shapes or {node.name: node.shape for node in graph.nodes}  # of outputs, per sample
        self.contexts = {node.name: self._bind(node) for node in graph.layers}
        self.x = self._view(graph.input, "y")
        self.y = self._view(graph.output, "y")
        self._forward: list[Call] = [
            (node.layer.forward, self.contexts[node.name], node) for node in graph.layers if node.runs_forward
        ]
        self._backward: list[Call] = []
        if network.backward_possible:
            if graph.output.name in network.learning:
                self.dy = self._view(graph.output, "dy")
            self._backward = [call for node in reversed(graph.nodes) for call in self._backward_calls(node)]
            if network.input_gradient:
                self.dx = self._view(graph.input, "dy")

    def node(self, name: str) -> Node:
        return next(node for node in self.network.graph.layers if node.name == name)

    def forward(self, training: bool) -> np.ndarray:
        """The network's output for `x`: (rows, *output shape)."""
        self.network.info.training = training
        for forward, ctx, _ in self._forward:
            forward(ctx)
        return self.y

    def outputs(self, training: bool) -> Iterator[tuple[Node, np.ndarray]]:
        """Runs forward and yields each layer's output, fused neighbours included, before later layers reuse its memory."""
        self.network.info.training = training
        for forward, ctx, node in self._forward:
            forward(ctx)
            yield node, ctx.y

    def backward(self) -> None:
        """Computes the network's grad from `dy`, after a forward in training."""
        for backward, ctx, _ in self._backward:
            backward(ctx)

    def gradients(self) -> Iterator[tuple[Node, str, LayerContext]]:
        """Runs backward and yields each layer, the name of its method and its arrays after it has run."""
        for backward, ctx, node in self._backward:
            backward(ctx)
            yield node, backward.__name__, ctx

    @contextmanager
    def timed(self) -> Iterator[dict[tuple[str, str], list[float]]]:
        """Records the seconds of each call while it is open, by the names of the node and the method."""
        times: dict[tuple[str, str], list[float]] = {}
        plain = self._forward, self._backward
        self._forward, self._backward = (
            [
                (timed_call(call, times.setdefault((node.name, call.__name__), [])), ctx, node)
                for call, ctx, node in calls
            ]
            for calls in plain
        )
        try:
            yield times
        finally:
            self._forward, self._backward = plain

    def _view(self, node: Node, name: str, shape: Shape | None = None) -> np.ndarray:
        shape = self.shapes[node.name] if shape is None else shape
        return leading(self.network.buffers[node.name, name], (self.rows, *shape))

    def _bind(self, node: Node) -> LayerContext:
        network = self.network
        ctx = LayerContext()
        ctx.name, ctx.rows, ctx.info = node.name, self.rows, network.info
        ctx.bfloat16 = network.bfloat16
        ctx.empty = np.zeros(0, network.dtype)
        ctx.xs = [self._view(source, "y") for source in node.inputs]
        ctx.x = ctx.xs[0]
        ctx.y = self._view(node, "y")
        self._bind_declared(node, ctx)
        self._bind_gradients(node, ctx)
        self._bind_fused(node, ctx)
        node.layer.bind(ctx)
        return ctx

    def _bind_declared(self, node: Node, ctx: LayerContext) -> None:
        """Parameters with their gradients, states, saved and scratch arrays, by the names that the layer gives them."""
        network = self.network
        for name in node.parameters:
            full = f"{node.name}.{name}"
            setattr(ctx, name, network.arena.parameters[full])
            gradient = network.arena.gradients.get(full, network.arena.unused.get(full))
            if gradient is not None:
                setattr(ctx, f"d{name}", gradient)
        if node.tied is not None:
            tied = (network.arena.parameters[f"{node.tied.name}.weight"], network.arena.tied.get(node.name))
            for name, array in zip(("weight", "dweight"), tied, strict=True):
                setattr(ctx, name, array)
        for name, state in node.state.items():
            full = f"{node.name}.{name}"
            setattr(ctx, name, network.carried[full][: self.rows] if state.per_row else network.state[full])
        shapes = [self.shapes[source.name] for source in node.inputs]
        for name, saved in {**node.layer.saved(*shapes), **node.layer.scratch(*shapes)}.items():
            if (node.name, name) in network.buffers:
                buffer = network.buffers[node.name, name]
                setattr(ctx, name, leading(buffer, full_shape(saved, self.rows, node)))

    def _bind_gradients(self, node: Node, ctx: LayerContext) -> None:
        buffers = self.network.buffers
        if (node.name, "dy") in buffers:
            ctx.dy = self._view(node, "dy")
            ctx.dxs = [
                self._view(node, f"dx{place}", self.shapes[source.name])
                if (node.name, f"dx{place}") in buffers
                else None
                for place, source in enumerate(node.inputs)
            ]
            ctx.dx = cast(np.ndarray, ctx.dxs[0])

    def _bind_fused(self, node: Node, ctx: LayerContext) -> None:
        """What the node computes for its neighbours."""
        ctx.addend = ctx.empty
        for fused in node.fused:
            if fused.layer.merges:
                other = next(source for source in fused.inputs if source is not node)
                ctx.addend = self._view(other, "y")
            else:
                ctx.epilogue = fused.layer.epilogue()
        if activation := node.activation_gradient:
            ctx.dy_epilogue = activation.layer.epilogue()
            ctx.dy_slope = ctx.dy_epilogue[1]
        if embedding := node.embedding:
            full = f"{embedding.name}.weight"
            ctx.tokens = self._view(embedding.inputs[0], "y")
            ctx.x = self.network.arena.parameters[full]
            ctx.xs, ctx.dxs = [ctx.x], [self.network.arena.gradients.get(full)]
            ctx.dx = cast(np.ndarray, ctx.dxs[0])

    def _backward_calls(self, node: Node) -> Iterator[Call]:
        """The calls of one node, in order."""
        network = self.network
        if node.name not in network.learning or node.deferred:
            return
        parts = network.buffers.parts[node.name]
        ctx, layer = self.contexts.get(node.name, LayerContext()), node.layer
        if len(parts) > 1:
            yield self._sum(node, parts), ctx, node
        if not node.inputs:
            return
        if type(layer).prepare_backward is not Layer.prepare_backward:
            yield layer.prepare_backward, ctx, node
        calls = []
        if node.learns:
            calls.append(layer.backward_parameters)
        if any(dx is not None for dx in ctx.dxs) and not node.passes_gradient:
            calls.append(layer.backward_input)
        # What may update the weight comes last: the input's gradient needs it as it was.
        for call in reversed(calls) if layer.applies_gradient else calls:
            yield call, ctx, node
        if node.tied_by and node.learns:
            yield self._add_tied(node), ctx, node

    def _add_tied(self, node: Node) -> Callable[[LayerContext], None]:
        """The call that adds the gradients of an embedding's weight of the layers that use it, which ran their backward before."""
        gradients = [self.network.arena.tied[user.name] for user in node.tied_by]

        def add_tied(ctx: LayerContext) -> None:
            for gradient in gradients:
                np.add(ctx.dweight, gradient, out=ctx.dweight)

        return add_tied

    def _sum(self, node: Node, parts: list[np.ndarray]) -> Callable[[LayerContext], None]:
        """The call that adds the gradients that reach a node from several consumers."""
        dy = self._view(node, "dy")
        parts = [leading(part, dy.shape) for part in parts]
        if node.gradient_fused_into is node:
            y, slope = self.contexts[node.name].y, node.layer.epilogue()[1]
            return lambda ctx: kernels.merge.add_gradients(dy, parts, y, slope)
        return lambda ctx: kernels.merge.add(dy, parts)


def shapes_with(graph: Graph, steps: int) -> dict[str, Shape] | None:
    """Each node's shape, by its name, for data of fewer steps; None where a layer needs all of them."""
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


def timed_call(call: Callable[P, R], seconds: list[float]) -> Callable[P, R]:
    """The call, which then also appends its seconds."""

    def timed(*args: P.args, **kwargs: P.kwargs) -> R:
        begun = time.perf_counter()
        result = call(*args, **kwargs)
        seconds.append(time.perf_counter() - begun)
        return result

    return timed


def learning_nodes(graph: Graph, input_gradient: bool = False) -> set[str]:
    """Names of the nodes whose output depends on trained parameters: only those get a gradient."""
    found = {node.name for node in graph.inputs} if input_gradient else set()
    for node in graph.layers:
        if node.learns or any(source.name in found for source in node.inputs):
            found.add(node.name)
    return found
