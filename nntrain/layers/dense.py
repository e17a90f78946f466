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

    def forward(self, at):
        bias = at.bias if self.use_bias else at.none
        kernels.matmul.forward(table(at.y), table(at.x), at.weight, bias, at.epilogue)

    def backward_parameters(self, at):
        dy = table(at.dy)
        kernels.matmul.weight_gradient(at.dweight, table(at.x), dy)
        if self.use_bias:
            kernels.reduce.column_sums(at.dbias, dy)

    def backward_input(self, at):
        x = table(at.x) if at.dy_slope != 1 else None
        kernels.matmul.input_gradient(table(at.dx), table(at.dy), at.weight, x, at.dy_slope)
