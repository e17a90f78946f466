"""Single: a network of one layer, for gradient checks and tests."""

import numpy as np

from nntrain.initializers import Auto
from nntrain.layers.context import LayerContext, Shape
from nntrain.layers.layer import Layer
from nntrain.network.graph import INPUT, Graph, data_node
from nntrain.network.network import Network
from nntrain.network.node import Node


class Single:
    """A layer without its activation, in training mode; `ctx` holds its arrays: the caller fills xs and dy.

    `rows` are the leading rows of buffers of `capacity` rows, as in a short last batch.
    """

    def __init__(
        self,
        layer: Layer,
        inputs: tuple[Shape, ...],
        rows: int,
        precision: str = "float64",
        seed: int = 0,
        capacity: int | None = None,
    ):
        self.layer = layer
        self.network = Network(
            graph_of(layer, inputs),
            capacity or rows,
            precision,
            seed,
            input_gradient=True,
            integer_input=layer.takes_tokens,
        )
        self.network.info.training = True
        self.node = self.network.graph.output
        self.executor = self.network.executor(rows)
        self.ctx: LayerContext = self.executor.contexts[self.node.name]
        arena = self.network.arena
        names = {name: f"{self.node.name}.{name}" for name in self.node.parameters}
        self.parameters = {name: arena.parameters[full] for name, full in names.items()}
        self.gradients = {name: arena.gradients[full] for name, full in names.items()}

    def forward(self) -> np.ndarray:
        return self.executor.forward(self.network.info.training)

    def backward(self) -> None:
        self.executor.backward()

    def forget_unread(self) -> None:
        """Fills what backward does not declare to read with NaN, since a network reuses that memory."""
        if self.node.passes_gradient:
            return
        for what, arrays in (("x", self.ctx.xs), ("y", [self.ctx.y])):
            for array in arrays:
                if what not in self.layer.reads and array.dtype.kind == "f":
                    array.fill(np.nan)

    def forget_gradients(self) -> None:
        """Fills every gradient with NaN, so that one that backward does not write shows."""
        for gradient in (*self.ctx.dxs, *self.gradients.values()):
            if gradient is not None:
                gradient.fill(np.nan)


def graph_of(layer: Layer, inputs: tuple[Shape, ...]) -> Graph:
    """The layer after one data node for each of its inputs."""
    data = [
        data_node(shape, name=INPUT if place == 0 else f"{INPUT}_{place + 1}", index=place)
        for place, shape in enumerate(inputs)
    ]
    shape = tuple(layer.output_shape(*inputs))
    node = Node(layer.yaml_name, layer, (), list(data), inputs, shape, index=len(data))
    for source in data:
        source.consumers.append(node)
    return Graph([*data, node], Auto())
