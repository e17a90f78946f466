"""Graph: the nodes and constants of an ONNX model while it is written, without the package onnx."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from nntrain.export.onnx.axes import Axes, label, permutation

FLOAT, INT32, INT64, DOUBLE = 1, 6, 7, 11  # of TensorProto.DataType, for Cast
Size = int | str  # a number, or the name of one that the caller chooses: "batch", "steps"


@dataclass(frozen=True)
class Info:
    """An input or output of the model."""

    name: str
    dtype: np.dtype
    shape: tuple[Size, ...]
    text: str  # what it is, for a reader


@dataclass(frozen=True)
class Node:
    operator: str
    inputs: tuple[str, ...]  # "" for an optional one that is left out
    outputs: tuple[str, ...]
    name: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Value:
    """A value of the network as a tensor, whose axes are in the order `axes`.

    `order`: of a vector that was flattened with its axes in another order; its number i is number order[i] of the network's.
    """

    name: str
    axes: Axes
    order: np.ndarray | None = None

    @property
    def rank(self) -> int:
        return len(self.axes)

    def named(self, name: str) -> "Value":
        """Another tensor with the same axes."""
        return replace(self, name=name)


class Graph:
    """What has been written so far. A tensor has the name of the node that writes it."""

    def __init__(self) -> None:
        self.inputs: list[Info] = []
        self.outputs: list[Info] = []
        self.nodes: list[Node] = []
        self.constants: dict[str, np.ndarray] = {}
        self.lengths: str | None = (
            None  # the input with the real steps of each row, where sequences are padded
        )
        self.any_steps = False  # whether sequences may have any number of steps
        self._written: dict[str, str] = {}  # nodes that several layers use

    def node(self, operator: str, inputs: Sequence[str], name: str, **attributes: Any) -> str:
        """Adds a node of one output, and returns its tensor."""
        return self.nodes_output(operator, inputs, (name,), name, **attributes)

    def nodes_output(
        self, operator: str, inputs: Sequence[str], outputs: tuple[str, ...], name: str, **attributes: Any
    ) -> str:
        """Adds a node, and returns the first of its outputs that is used."""
        self.nodes.append(Node(operator, tuple(inputs), outputs, name, attributes))
        return next(filter(None, outputs))

    def once(self, operator: str, inputs: Sequence[str], name: str, **attributes: Any) -> str:
        """`node`, unless it has been added before."""
        if name not in self._written:
            self._written[name] = self.node(operator, inputs, name, **attributes)
        return self._written[name]

    def constant(self, name: str, array: np.ndarray) -> str:
        self.constants[name] = array
        return name

    def number(self, value: float) -> str:
        """A constant of one float, shared by all that use it."""
        return self.constant(f"number_{value!r}", np.array(value, np.float32))

    def integers(self, values: Sequence[int]) -> str:
        """A constant of whole numbers: axes, or a shape."""
        return self.constant(f"integers_{'_'.join(map(str, values))}", np.array(values, np.int64))

    def integer(self, value: int) -> str:
        return self.constant(f"integer_{value}", np.array(value, np.int64))

    def arranged(self, value: Value, axes: Axes) -> Value:
        """The value with its axes in this order, by a Transpose that is written once."""
        if value.axes == axes:
            return value
        name = f"{value.name}/{label(axes)}"
        perm = permutation(value.axes, axes)
        return Value(self.once("Transpose", [value.name], name, perm=perm), axes)

    def rename(self, old: str, new: str) -> None:
        """Gives a tensor another name."""
        self.nodes = [
            replace(
                node,
                inputs=tuple(new if name == old else name for name in node.inputs),
                outputs=tuple(new if name == old else name for name in node.outputs),
            )
            for node in self.nodes
        ]

    def is_written(self, name: str) -> bool:
        """Whether a node writes the tensor; the inputs of the model are given."""
        return any(name in node.outputs for node in self.nodes)
