"""Dense: a fully connected layer, y = x @ weight + bias."""

import math
from typing import ClassVar

from pydantic import Field

from nntrain import kernels
from nntrain.layers.context import LayerContext, Param, Shape, table
from nntrain.layers.fusable import Fusable
from nntrain.layers.require import require_last_axis
from nntrain.layers.weighted import Weighted


class Dense(Weighted, name="dense"):
    """Fully connected layer on the last axis: `y = x @ weight + bias`, weight (inputs, units), bias (units,).

    Leading axes are kept: the same weights act on every step of a sequence and every pixel of an image. Add `flatten` before it
    to connect it to a whole image.
    """

    units: int = Field(ge=1, description="number of outputs")

    reads = "x"
    fuses = (Fusable.ACTIVATION, Fusable.INPUT_ACTIVATION_GRADIENT)
    applies_gradient = True
    acts_per_step = True
    example: ClassVar = {"units": 4}

    def output_shape(self, x: Shape) -> Shape:
        require_last_axis(x)
        return (*x[:-1], self.units)

    def parameters(self, x: Shape) -> dict[str, Param]:
        return self.weight_and_bias((x[-1], self.units), fans=(x[-1], self.units))

    def flops(self, x: Shape) -> int:
        return 2 * math.prod(x) * self.units

    def forward(self, ctx: LayerContext) -> None:
        bias = ctx.bias if self.use_bias else ctx.empty
        kernels.matmul.forward(table(ctx.y), table(ctx.x), ctx.weight, bias, ctx.epilogue, ctx.bfloat16)

    def backward_parameters(self, ctx: LayerContext) -> None:
        dy = table(ctx.dy)
        if update := ctx.info.updates.get(ctx.name):
            update(table(ctx.x), dy)
        else:
            kernels.matmul.weight_gradient(ctx.dweight, table(ctx.x), dy, ctx.bfloat16)
        if self.use_bias:
            kernels.reduce.column_sums(ctx.dbias, dy)

    def backward_input(self, ctx: LayerContext) -> None:
        x = table(ctx.x) if ctx.dy_slope != 1 else None
        kernels.matmul.input_gradient(table(ctx.dx), table(ctx.dy), ctx.weight, x, ctx.dy_slope, ctx.bfloat16)
