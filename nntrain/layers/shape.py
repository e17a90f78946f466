"""Layers that only give the values another order: flatten, reshape, permute."""

import math
from typing import ClassVar

import numpy as np
from pydantic import Field

from nntrain.layers.layer import Layer, require
from nntrain.options import Several

MOVES_STEPS = (
    "it moves the steps of sequences of different lengths, so that nobody could tell where they end. Keep the steps "
    "as the first axis."
)


class Flatten(Layer, name="flatten"):
    """All values of a sample in one row, the last axis fastest: (2, 3) becomes (6,)."""

    reads = ""
    aliases_input = True
    initializer_from_next = True
    example_inputs: ClassVar = ((2, 3),)

    def output_shape(self, x):
        return (math.prod(x),)


class Reshape(Layer, name="reshape"):
    """The same values in another shape, the last axis fastest."""

    shape: Several[int] = Field(
        min_length=1, description="the shape of a sample; one number can be -1, for as many as there are"
    )

    reads = ""
    aliases_input = True
    initializer_from_next = True
    example: ClassVar = {"shape": [3, 2]}

    def output_shape(self, x):
        open_axes = self.shape.count(-1)
        require(
            open_axes <= 1 and all(size >= 1 or size == -1 for size in self.shape),
            f"`shape` takes numbers of at least 1, one of which can be -1. Received: {list(self.shape)}.",
        )
        values, known = math.prod(x), math.prod(size for size in self.shape if size != -1)
        fits = values % known == 0 if open_axes else values == known
        require(
            fits,
            f"its input of shape {x} has {values} values, which don't fill the shape {list(self.shape)}.",
        )
        return tuple(values // known if size == -1 else size for size in self.shape)

    def padding_problem(self, x):
        shape = self.output_shape(x)
        return MOVES_STEPS if len(shape) > 1 and shape[0] != x[0] else ""


class Permute(Layer, name="permute"):
    """The axes of a sample in another order.

    `permute: [2, 1]` turns (steps, features) into (features, steps). Axes count from 1, since 0 is the batch.
    """

    axes: Several[int] = Field(
        min_length=1, description="for each axis of the output, which axis of the input it is"
    )

    reads = ""
    initializer_from_next = True
    example: ClassVar = {"axes": [2, 1]}
    example_inputs: ClassVar = ((2, 3),)

    def output_shape(self, x):
        require(
            sorted(self.axes) == list(range(1, len(x) + 1)),
            f"`axes` must name each axis of its input once, from 1 to {len(x)}. Received: {list(self.axes)}.",
        )
        return tuple(x[axis - 1] for axis in self.axes)

    def padding_problem(self, x):
        return MOVES_STEPS if self.axes[0] != 1 else ""

    def forward(self, ctx):
        np.copyto(ctx.y, ctx.x.transpose(0, *self.axes))

    def backward_input(self, ctx):
        np.copyto(ctx.dx.transpose(0, *self.axes), ctx.dy)
