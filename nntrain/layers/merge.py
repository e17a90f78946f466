"""Layers that take several inputs: add, multiply, concat."""

from typing import ClassVar

import numpy as np

from nntrain import kernels
from nntrain.layers.layer import Layer, flat, require


def _same_shape(inputs) -> None:
    different = " and ".join(str(shape) for shape in dict.fromkeys(inputs))
    require(len(set(inputs)) == 1, f"its inputs must have one shape. Received: {different}.")


class Add(Layer, name="add"):
    """The sum of its inputs, which have one shape: `y = x1 + x2 + ...`"""

    reads = ""
    merges = True
    passes_gradient = True
    fuses_epilogue = True
    initializer_from_next = True
    example_inputs: ClassVar = ((4,), (4,))

    example: ClassVar = {"inputs": ["trunk", "previous"]}

    def output_shape(self, *inputs):
        _same_shape(inputs)
        return inputs[0]

    def forward(self, ctx):
        kernels.merge.add(ctx.y, ctx.xs, ctx.epilogue)


class Multiply(Layer, name="multiply"):
    """The product of its inputs value by value; they have one shape: `y = x1 x2 ...`

    With a `sigmoid` on one of them it is a gate.
    """

    reads = "x"
    merges = True
    initializer_from_next = True
    example_inputs: ClassVar = ((4,), (4,))

    example: ClassVar = {"inputs": ["trunk", "previous"]}

    def output_shape(self, *inputs):
        _same_shape(inputs)
        return inputs[0]

    def forward(self, ctx):
        _product(ctx.y, ctx.xs)

    def backward_input(self, ctx):
        for place, dx in enumerate(ctx.dxs):
            if dx is not None:
                _product(dx, [ctx.dy, *ctx.xs[:place], *ctx.xs[place + 1 :]])


def _product(y, factors) -> None:
    kernels.merge.multiply(flat(y), flat(factors[0]), flat(factors[1]))
    for factor in factors[2:]:
        kernels.merge.multiply_by(flat(y), flat(factor))


class Concat(Layer, name="concat"):
    """Its inputs side by side along the last axis: features of tables and sequences, channels of images."""

    reads = ""
    merges = True
    initializer_from_next = True
    example_inputs: ClassVar = ((4,), (3,))

    example: ClassVar = {"inputs": ["trunk", "previous"]}

    def output_shape(self, *inputs):
        shapes = " and ".join(str(shape) for shape in inputs)
        require(all(inputs), f"its inputs must have an axis to lie along. Received: {shapes}.")
        require(
            len({shape[:-1] for shape in inputs}) == 1,
            f"its inputs can differ in the last axis only. Received: {shapes}.",
        )
        return (*inputs[0][:-1], sum(shape[-1] for shape in inputs))

    def forward(self, ctx):
        np.concatenate(ctx.xs, axis=-1, out=ctx.y)

    def backward_input(self, ctx):
        start = 0
        for x, dx in zip(ctx.xs, ctx.dxs, strict=True):
            stop = start + x.shape[-1]
            if dx is not None:
                np.copyto(dx, ctx.dy[..., start:stop])
            start = stop
