"""Maxout: the maximum of several linear functions for each output."""

import math
from typing import ClassVar

from pydantic import Field

from nntrain import kernels
from nntrain.layers.context import LayerContext, Param, Saved, Shape, table
from nntrain.layers.require import require_last_axis
from nntrain.layers.weighted import Weighted


class Maxout(Weighted, name="maxout"):
    """Maxout, the maximum of several linear functions: `y = max over p of (x @ weight_p + bias_p)`.

    It learns a convex piecewise linear activation. Piece p of output u is column `p * units + u`, p from 0, of weight
    (inputs, pieces * units) and bias (pieces * units,). Acts on the last axis, as `dense` does.

    Source: Goodfellow et al. 2013, Maxout networks.
    """

    units: int = Field(ge=1, description="number of outputs")
    pieces: int = Field(2, ge=2, le=256, description="number of linear functions per output")

    reads = "x"
    acts_per_step = True
    preferred_initializer = "he_normal"
    example: ClassVar = {"units": 4, "pieces": 3}

    def output_shape(self, x: Shape) -> Shape:
        require_last_axis(x)
        return (*x[:-1], self.units)

    def parameters(self, x: Shape) -> dict[str, Param]:
        return self.weight_and_bias((x[-1], self.pieces * self.units), fans=(x[-1], self.units))

    def saved(self, x: Shape) -> dict[str, Saved]:
        return {
            "linear": Saved((*x[:-1], self.pieces * self.units)),  # backward replaces it by its gradient
            "winner": Saved(self.output_shape(x), "uint8"),
        }

    def flops(self, x: Shape) -> int:
        return 2 * math.prod(x) * self.pieces * self.units

    def forward(self, ctx: LayerContext) -> None:
        bias = ctx.bias if self.use_bias else ctx.empty
        kernels.matmul.forward(table(ctx.linear), table(ctx.x), ctx.weight, bias, bfloat16=ctx.bfloat16)
        kernels.maxout.maxout(table(ctx.y), table(ctx.winner), table(ctx.linear))

    def prepare_backward(self, ctx: LayerContext) -> None:
        kernels.maxout.maxout_backward(table(ctx.linear), table(ctx.dy), table(ctx.winner))

    def backward_parameters(self, ctx: LayerContext) -> None:
        dlinear = table(ctx.linear)
        kernels.matmul.weight_gradient(ctx.dweight, table(ctx.x), dlinear, ctx.bfloat16)
        if self.use_bias:
            kernels.reduce.column_sums(ctx.dbias, dlinear)

    def backward_input(self, ctx: LayerContext) -> None:
        kernels.matmul.input_gradient(table(ctx.dx), table(ctx.linear), ctx.weight, bfloat16=ctx.bfloat16)
