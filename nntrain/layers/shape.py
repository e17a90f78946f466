"""Layers that only change the shape or the order of axes: flatten, reshape, permute."""

import math
from typing import ClassVar

import numpy as np
from pydantic import Field

from nntrain.layers.context import LayerContext, Shape
from nntrain.layers.layer import Layer
from nntrain.layers.require import require
from nntrain.options import Several

MOVES_STEPS = (
    "moves the time steps of padded sequences, whose lengths would be lost",
    "Keep the steps as the first axis.",
)


class Flatten(Layer, name="flatten"):
    """Flattens each sample to one axis, in row-major order: (2, 3) becomes (6,)."""

    reads = ""
    aliases_input = True
    initializer_from_next = True
    example_inputs: ClassVar = ((2, 3),)

    def output_shape(self, x: Shape) -> Shape:
        return (math.prod(x),)


class Reshape(Layer, name="reshape"):
    """Reshapes each sample, in row-major order."""

    shape: Several[int] = Field(
        min_length=1, description="the new shape of a sample; one entry can be -1, inferred from the others"
    )

    reads = ""
    aliases_input = True
    initializer_from_next = True
    example: ClassVar = {"shape": [3, 2]}

    def output_shape(self, x: Shape) -> Shape:
        open_axes = self.shape.count(-1)
        require(
            open_axes <= 1 and all(size >= 1 or size == -1 for size in self.shape),
            f"`shape` takes numbers of at least 1, one of which can be -1. Received: {list(self.shape)}",
        )
        values, known = math.prod(x), math.prod(size for size in self.shape if size != -1)
        fits = values % known == 0 if open_axes else values == known
        require(
            fits,
            f"cannot reshape an input of shape {x}, with {values} values, to {list(self.shape)}",
        )
        return tuple(values // known if size == -1 else size for size in self.shape)

    def padding_problem(self, x: Shape) -> tuple[str, ...]:
        shape = self.output_shape(x)
        return MOVES_STEPS if len(shape) > 1 and shape[0] != x[0] else ()


class Permute(Layer, name="permute"):
    """Permutes the axes of each sample: `permute: [2, 1]` turns (steps, features) into (features, steps).

    Axes count from 1, since 0 is the batch.
    """

    axes: Several[int] = Field(min_length=1, description="for each axis of the output, the axis of the input")

    reads = ""
    initializer_from_next = True
    example: ClassVar = {"axes": [2, 1]}
    example_inputs: ClassVar = ((2, 3),)

    def output_shape(self, x: Shape) -> Shape:
        require(
            sorted(self.axes) == list(range(1, len(x) + 1)),
            f"`axes` must contain each axis of the input once, 1 to {len(x)}. Received: {list(self.axes)}",
        )
        return tuple(x[axis - 1] for axis in self.axes)

    def padding_problem(self, x: Shape) -> tuple[str, ...]:
        return MOVES_STEPS if self.axes[0] != 1 else ()

    def forward(self, ctx: LayerContext) -> None:
        np.copyto(ctx.y, ctx.x.transpose(0, *self.axes))

    def backward_input(self, ctx: LayerContext) -> None:
        np.copyto(ctx.dx.transpose(0, *self.axes), ctx.dy)
