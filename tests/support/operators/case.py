"""Case: one test of an operator; Expressed: the layers of ours that compute the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray


class Cannot(Exception):
    """Why layers of ours do not compute a case."""


def require(condition: object, reason: str) -> None:
    if not condition:
        raise Cannot(reason)


@dataclass(frozen=True)
class Case:
    """One test of ONNX: an operator, its attributes, and arrays for its inputs and outputs."""

    attributes: Mapping[str, Any]
    inputs: Sequence[Array | None]
    outputs: Sequence[Array | None]

    def input(self, place: int) -> Array | None:
        return self.inputs[place] if place < len(self.inputs) else None

    @property
    def x(self) -> Array:
        assert self.inputs[0] is not None
        return self.inputs[0]

    @property
    def y(self) -> Array:
        assert self.outputs[0] is not None
        return self.outputs[0]

    def get(self, name: str, default: Any = None) -> Any:
        return self.attributes.get(name, default)


@dataclass(frozen=True)
class Expressed:
    """The layers that compute a case, for x; y is what they have to give."""

    layers: Sequence[Any]
    x: Array
    y: Array
    arrays: Mapping[str, Array] = field(default_factory=dict)
    vocabulary: int = 0


def last(array: Array) -> Array:
    """Channels first to channels last."""
    return np.moveaxis(array, 1, -1)
