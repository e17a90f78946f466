"""Call: the code of one block. `call` finds the function of its layer's class."""

import math
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import numpy as np

from nntrain.export.c.blocks import Block
from nntrain.export.c.constants import Constants
from nntrain.export.c.names import identifier
from nntrain.layers.context import Shape


@dataclass(frozen=True)
class Code:
    """What a block computes, for people, and the statements that do it."""

    formula: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Site:
    """Where a block's code stands: the expressions of its arrays, and the file's constants.

    `steps`: the network takes sequences of any length up to that of the data, and a variable holds it.
    """

    block: Block
    y: str
    xs: tuple[str, ...]
    scratch: str
    constants: Constants
    steps: bool = False

    @property
    def x(self) -> str:
        return self.xs[0]

    @property
    def shape(self) -> Shape:
        """Of the first input."""
        return self.block.input_shapes[0]

    @property
    def layer(self) -> Any:
        return self.block.layer

    def array(self, name: str, values: np.ndarray | None = None, kind: str = "float") -> str:
        """The block's array of that name, or these values under it; NULL where it has none."""
        values = self.block.arrays.get(name) if values is None else values
        if values is None:
            return "NULL"
        return self.constants.array(f"{identifier(self.block.name)}_{name}", values, kind)

    def structure(self, name: str, kind: str, **fields: int) -> str:
        return self.constants.structure(f"{identifier(self.block.name)}_{name}", kind, fields)

    def first(self, shape: Shape) -> str:
        """The size of the first axis, which is that of the steps in a sequence."""
        return "steps" if self.steps and len(shape) > 1 else str(shape[0])

    def product(self, shape: Shape, sizes: Shape) -> str:
        """The product of `sizes`, the leading axes of `shape`."""
        if self.steps and len(shape) > 1 and sizes:
            rest = math.prod(sizes[1:])
            return "steps" if rest == 1 else f"steps * {rest}"
        return str(math.prod(sizes))

    def count(self, shape: Shape) -> str:
        """How many values an array has."""
        return self.product(shape, shape)

    def rows(self, shape: Shape) -> str:
        """How many rows of its last axis an array has."""
        return self.product(shape, shape[:-1])


@singledispatch
def call(layer: Any, site: Site) -> Code | None:
    """The code of a layer; None where it has none. A function for a class of layers is registered with `call.register`."""
    return None


def code_of(layer: Any, site: Site) -> Code | None:
    """The code of a layer of nntrain; None for a plugin's, which may compute otherwise than the class it is derived from."""
    return (
        call(layer, site)
        if type(layer).__module__.startswith(("nntrain.layers.", "nntrain.export."))
        else None
    )


@singledispatch
def scratch(layer: Any, block: Block) -> int:
    """The floats of working memory that a layer's code takes."""
    return 0


@singledispatch
def in_place(layer: Any) -> bool:
    """Whether the code of a layer may write its output over its first input."""
    return False
