"""Dense: every output sees every input, y = x @ w + b."""

import math
from typing import ClassVar

from pydantic import Field

from nntrain import kernels
from nntrain.layers.layer import require_last_axis, table
from nntrain.layers.weighted import Weighted


class Dense(Weighted, name="dense"):
    """Every output sees every value of the last axis: `y = x @ weight + bias`, weight (inputs, units), bias (units,).

    Leading axes are kept: of a sequence each step is treated alike. An image wants `flatten` before it, or each pixel is treated
    alone.
    """

    units: int = Field(ge=1, description="how many outputs it has")

    reads = "x"
    fuses_epilogue = True
    gates_gradient = True
    example: ClassVar = {"units": 4}

    def output_shape(self, x):
        require_last_axis(x)
        return (*x[:-1], self.units)

    def parameters(self, x):
        return self.weight_and_bias((x[-1], self.units), fans=(x[-1], self.units))

    def flops(self, x):
        return 2 * math.prod(x) * self.units

    def forward(self, ctx):
        bias = ctx.bias if self.use_bias else ctx.empty
        kernels.matmul.forward(table(ctx.y), table(ctx.x), ctx.weight, bias, ctx.epilogue)

    def backward_parameters(self, ctx):
        dy = table(ctx.dy)
        kernels.matmul.weight_gradient(ctx.dweight, table(ctx.x), dy)
        if self.use_bias:
            kernels.reduce.column_sums(ctx.dbias, dy)

    def backward_input(self, ctx):
        x = table(ctx.x) if ctx.dy_slope != 1 else None
        kernels.matmul.input_gradient(table(ctx.dx), table(ctx.dy), ctx.weight, x, ctx.dy_slope)
