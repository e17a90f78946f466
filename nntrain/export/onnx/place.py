"""Place: what a layer is written with: its options, arrays and inputs, and the graph. `writes` registers who writes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nntrain.export.onnx.axes import channels_first, channels_last
from nntrain.export.onnx.graph import Graph, Value
from nntrain.export.program import Program, Step
from nntrain.export.target import NotExpressible
from nntrain.layers.context import Shape
from nntrain.layers.layer import Layer


@dataclass(frozen=True, eq=False)
class Place:
    """One layer in the graph. Names of its nodes begin with its own, such as "dense_1/product"; the last one has just that."""

    graph: Graph
    step: Step
    layer: Any  # the layer; of time_distributed the one that it holds
    xs: tuple[Value, ...]
    shapes: tuple[Shape, ...]  # of one sample of each input
    shape: Shape  # of one sample of the output
    program: Program
    timeline: Value  # a tensor with as many steps as the first input, where that is a sequence
    label: str = ""  # in the names of nodes, of a layer within another

    @property
    def x(self) -> Value:
        return self.xs[0]

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        return self.step.arrays

    def node(self, operator: str, *inputs: str, part: str = "", **attributes: Any) -> str:
        return self.graph.node(operator, inputs, self.named(part), **attributes)

    def named(self, part: str) -> str:
        return "/".join(filter(None, (self.step.name, self.label, part)))

    def constant(self, name: str, array: np.ndarray) -> str:
        """A constant such as "dense_1.weight"."""
        return self.graph.constant(f"{self.step.name}.{name}", array)

    def bias(self, name: str = "bias") -> list[str]:
        """The bias as the last input of an operator; none where the layer has none."""
        return [self.constant(name, self.arrays[name])] if name in self.arrays else []

    def channels_first(self) -> Value:
        return self.graph.arranged(self.x, channels_first(self.x.rank))

    def channels_last(self) -> Value:
        return self.graph.arranged(self.x, channels_last(self.x.rank))

    def features_last(self) -> Value:
        """The input with its last axis in the last place, and the others in whichever order they are."""
        return self.x if self.x.axes[-1] == self.x.rank - 1 else self.channels_last()

    def along_features(self, value: Value, array: np.ndarray) -> np.ndarray:
        """An array (features,) in the shape that broadcasts along the last axis of the network's value."""
        return array.reshape([-1 if axis == value.rank - 1 else 1 for axis in value.axes])


PLUGIN = "Use a layer of nntrain in its place, or let its plugin define them by `nntrain.export.onnx.place.writes`."
Writer = Callable[[Place], Value]
WRITERS: dict[type[Layer], Writer] = {}


def writes(*layers: type[Layer]) -> Callable[[Writer], Writer]:
    """Registers the function that writes layers of these classes. One derived from them needs its own: it may compute otherwise."""

    def register(writer: Writer) -> Writer:
        WRITERS.update(dict.fromkeys(layers, writer))
        return writer

    return register


def write(place: Place) -> Value:
    """Writes a layer, and returns its output. Raises NotExpressible."""
    writer = WRITERS.get(type(place.layer))
    if writer is None:
        reason = "nntrain does not know its operators"
        raise NotExpressible(place.step, "ONNX", reason, PLUGIN)
    return writer(place)
