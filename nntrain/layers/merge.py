"""Layers that merge several inputs: add, multiply, concat."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from nntrain import kernels
from nntrain.layers.context import LayerContext, Shape, flat
from nntrain.layers.fusable import Fusable
from nntrain.layers.layer import Layer
from nntrain.layers.require import require


def _same_shape(inputs: Sequence[Shape]) -> None:
    different = " and ".join(str(shape) for shape in dict.fromkeys(inputs))
    require(len(set(inputs)) == 1, f"expected inputs of the same shape. Received: {different}")


class Add(Layer, name="add"):
    """Element-wise sum of its inputs, which have the same shape: `y = x1 + x2 + ...`"""

    reads = ""
    merges = True
    passes_gradient = True
    fuses = (Fusable.ACTIVATION,)
    fusable_as = Fusable.SUM
    acts_per_step = True
    initializer_from_next = True
    example_inputs: ClassVar = ((4,), (4,))

    example: ClassVar = {"inputs": ["trunk", "previous"]}

    def output_shape(self, *inputs: Shape) -> Shape:
        _same_shape(inputs)
        return inputs[0]

    def forward(self, ctx: LayerContext) -> None:
        kernels.merge.add(ctx.y, ctx.xs, ctx.epilogue)


class Multiply(Layer, name="multiply"):
    """Element-wise product of its inputs, which have the same shape: `y = x1 x2 ...`

    With a `sigmoid` on one of the inputs it is a gate.
    """

    reads = "x"
    merges = True
    acts_per_step = True
    initializer_from_next = True
    example_inputs: ClassVar = ((4,), (4,))

    example: ClassVar = {"inputs": ["trunk", "previous"]}

    def output_shape(self, *inputs: Shape) -> Shape:
        _same_shape(inputs)
        return inputs[0]

    def forward(self, ctx: LayerContext) -> None:
        _product(ctx.y, ctx.xs)

    def backward_input(self, ctx: LayerContext) -> None:
        for place, dx in enumerate(ctx.dxs):
            if dx is not None:
                _product(dx, [ctx.dy, *ctx.xs[:place], *ctx.xs[place + 1 :]])


def _product(y: np.ndarray, factors: Sequence[np.ndarray]) -> None:
    kernels.merge.multiply(flat(y), flat(factors[0]), flat(factors[1]))
    for factor in factors[2:]:
        kernels.merge.multiply_by(flat(y), flat(factor))


class Concat(Layer, name="concat"):
    """Concatenation of its inputs along the last axis: features of tables and sequences, channels of images."""

    reads = ""
    merges = True
    acts_per_step = True
    initializer_from_next = True
    example_inputs: ClassVar = ((4,), (3,))

    example: ClassVar = {"inputs": ["trunk", "previous"]}

    def output_shape(self, *inputs: Shape) -> Shape:
        shapes = " and ".join(str(shape) for shape in inputs)
        require(all(inputs), f"expected inputs with at least one axis. Received: {shapes}")
        require(
            len({shape[:-1] for shape in inputs}) == 1,
            f"expected inputs that differ in the last axis only. Received: {shapes}",
        )
        return (*inputs[0][:-1], sum(shape[-1] for shape in inputs))

    def forward(self, ctx: LayerContext) -> None:
        np.concatenate(ctx.xs, axis=-1, out=ctx.y)

    def backward_input(self, ctx: LayerContext) -> None:
        start = 0
        for x, dx in zip(ctx.xs, ctx.dxs, strict=True):
            stop = start + x.shape[-1]
            if dx is not None:
                np.copyto(dx, ctx.dy[..., start:stop])
            start = stop
