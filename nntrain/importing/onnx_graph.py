"""ONNX graph: its constants, and who makes and who takes each value."""

from collections.abc import Iterator
from typing import Any

import numpy as np

ELEMENTWISE = {
    *(
        "Relu",
        "Sigmoid",
        "Tanh",
        "LeakyRelu",
        "Elu",
        "Selu",
        "Softplus",
        "Softsign",
        "HardSigmoid",
        "HardSwish",
    ),
    *("Gelu", "Mish", "PRelu", "Dropout", "Identity", "Cast", "Add", "Sub", "Mul", "Div", "Clip"),
    *("BatchNormalization", "LayerNormalization", "RMSNormalization"),
}
CHANNELS_LAST = ([0, 2, 3, 1], [0, 2, 1])
FARTHEST = 50  # nodes that are gone back over


class OnnxGraph:
    """The nodes in order. `constants`: initializers and the values of constant nodes, by name."""

    def __init__(self, graph: Any):
        import onnx

        self.nodes = list(graph.node)
        self.constants: dict[str, np.ndarray] = {
            tensor.name: self._array(tensor) for tensor in graph.initializer
        }
        self.makers: dict[str, Any] = {}
        self.takers: dict[str, list[Any]] = {}
        self.inputs = {value.name for value in graph.input} - self.constants.keys()
        self._attribute = onnx.helper.get_attribute_value
        for node in self.nodes:
            for name in node.output:
                self.makers[name] = node
            for name in node.input:
                self.takers.setdefault(name, []).append(node)
            if node.op_type == "Constant" and (value := self.attributes(node).get("value")) is not None:
                self.constants[node.output[0]] = self._array(value)
            elif self._passes_constant(node):
                self.constants[node.output[0]] = self.constants[node.input[0]]
            elif node.op_type == "Transpose" and node.input[0] in self.constants:  # of tied weights
                axes = self.attributes(node).get("perm")
                self.constants[node.output[0]] = self.constants[node.input[0]].transpose(axes)

    def _passes_constant(self, node: Any) -> bool:
        """Of weights that are shared, and of positions of which a sequence takes as many as it has steps."""
        if not node.input or node.input[0] not in self.constants:
            return False
        cuts = node.op_type == "Slice" and any(name not in self.constants for name in node.input)
        return node.op_type == "Identity" or cuts

    @staticmethod
    def _array(tensor: Any) -> np.ndarray:
        from onnx import numpy_helper

        return numpy_helper.to_array(tensor)

    def attributes(self, node: Any) -> dict[str, Any]:
        return {attribute.name: self._attribute(attribute) for attribute in node.attribute}

    def label(self, node: Any) -> str:
        """What people know the layer by: the common name of its weights, or that of the node."""
        weight = next((name for name in node.input if name in self.constants), "")
        if "." in weight and "::" not in weight and not weight.startswith("/"):
            return weight.rpartition(".")[0]
        return node.name.strip("/") or f"{node.op_type}_{self.nodes.index(node)}"

    def consumers_of(self, node: Any) -> list[Any]:
        return self.takers.get(node.output[0], [])

    def constant_of(self, node: Any) -> str | None:
        """The constant of a sum or a product with one, where it has an axis of several places."""
        found = [name for name in node.input if name in self.constants]
        if len(found) != 1 or len(node.input) != 2:
            return None
        array = self.constants[found[0]]
        return found[0] if array.size > 1 and array.dtype.kind == "f" else None

    def next_with_constant(self, node: Any, kind: str, size: int) -> tuple[Any, str] | None:
        """The only taker, where it is of this kind and has a constant of this size in one axis: the node and the constant's name."""
        following = self.consumers_of(node)
        if len(following) != 1 or following[0].op_type != kind:
            return None
        name = self.constant_of(following[0])
        if name is None or self.constants[name].size != size or max(self.constants[name].shape) != size:
            return None
        return following[0], name

    def is_preparation(self, node: Any) -> bool:
        """Whether only arithmetic lies between the data and this node: scaling, which the config's data do themselves."""
        return self._origin(node) is None

    def flattens_channels_last(self, name: str) -> bool:
        """Whether features come from an image that was flattened with its channels last, as a transpose before shows."""
        for node in self._back(name):
            if node.op_type in ("Flatten", "Reshape"):
                above = self._origin(node)
                return (
                    above is not None
                    and above.op_type == "Transpose"
                    and list(self.attributes(above).get("perm", ())) in CHANNELS_LAST
                )
            if node.op_type not in ELEMENTWISE:
                return False
        return False

    def _origin(self, node: Any) -> Any:
        """The next node back that is not elementwise, or None where the data come first."""
        before = self._back(self.variable_of(node))
        return next((other for other in before if other.op_type not in ELEMENTWISE), None)

    def _back(self, name: str) -> Iterator[Any]:
        """The nodes that lead to a value, along their first inputs that are not constant."""
        for _ in range(FARTHEST):
            node = self.makers.get(name)
            if node is None:
                return
            yield node
            name = self.variable_of(node)

    def variable_of(self, node: Any) -> str:
        return next((name for name in node.input if name and name not in self.constants), "")
