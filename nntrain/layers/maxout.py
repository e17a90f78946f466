"""Maxout: a dense layer whose outputs are each the largest of several linear functions."""

import math
from typing import ClassVar

from pydantic import Field

from nntrain import kernels
from nntrain.layers.layer import Saved, require_last_axis, table
from nntrain.layers.weighted import Weighted


class Maxout(Weighted, name="maxout"):
    """The largest of several linear functions: `y = max over p of (x @ weight_p + bias_p)`, for p from 1 to `pieces`.

    It learns its own activation, made of straight pieces. Piece p of output u is column `p * units + u`, p from 0, of weight
    (inputs, pieces * units) and bias (pieces * units,). Acts on the last axis, as `dense` does.

    Source: Goodfellow et al. 2013, Maxout networks.
    """

    units: int = Field(ge=1, description="how many outputs it has")
    pieces: int = Field(2, ge=2, le=256, description="how many linear functions each output chooses from")

    reads = "x"
    preferred_initializer = "he_normal"
    example: ClassVar = {"units": 4, "pieces": 3}

    def output_shape(self, x):
        require_last_axis(x)
        return (*x[:-1], self.units)

    def parameters(self, x):
        return self.weight_and_bias((x[-1], self.pieces * self.units), fans=(x[-1], self.units))

    def saved(self, x):
        return {
            "linear": Saved((*x[:-1], self.pieces * self.units)),  # its gradient takes its place in backward
            "winner": Saved(self.output_shape(x), "uint8"),
        }

    def flops(self, x):
        return 2 * math.prod(x) * self.pieces * self.units

    def forward(self, ctx):
        bias = ctx.bias if self.use_bias else ctx.empty
        kernels.matmul.forward(table(ctx.linear), table(ctx.x), ctx.weight, bias, (kernels.matmul.NONE, 0.0))
        kernels.maxout.maxout(table(ctx.y), table(ctx.winner), table(ctx.linear))

    def prepare_backward(self, ctx):
        kernels.maxout.maxout_backward(table(ctx.linear), table(ctx.dy), table(ctx.winner))

    def backward_parameters(self, ctx):
        dlinear = table(ctx.linear)
        kernels.matmul.weight_gradient(ctx.dweight, table(ctx.x), dlinear)
        if self.use_bias:
            kernels.reduce.column_sums(ctx.dbias, dlinear)

    def backward_input(self, ctx):
        kernels.matmul.input_gradient(table(ctx.dx), table(ctx.linear), ctx.weight)
