"""Dense: a fully connected layer, y = x @ weight + bias."""

import math
from typing import ClassVar, Self

from pydantic import ConfigDict, Field, model_validator

from nntrain import kernels
from nntrain.layers.context import LayerContext, Param, Shape, table
from nntrain.layers.fusable import Fusable
from nntrain.layers.layer import Layer
from nntrain.layers.require import require, require_last_axis
from nntrain.layers.weighted import Weighted
from nntrain.options import mistake


class Dense(Weighted, name="dense"):
    """Fully connected layer on the last axis: `y = x @ weight + bias`, weight (inputs, units), bias (units,).

    Leading axes are kept: the same weights act on every step of a sequence and every pixel of an image. Add `flatten` before it
    to connect it to a whole image.

    With `tied_to` it computes `y = x @ embedding.weight^T + bias`: as output layer of a language model, with one output for each token,
    it needs no weight of its own. The embedding's gradient is the sum of both uses; its initial values should be small, such as
    `weight_initializer: {normal: 0.02}`.

    Source of tied weights: Press & Wolf 2017, Using the output embedding to improve language models.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["units"], "properties": {"units": {"type": "integer"}}},
                {"required": ["tied_to"], "properties": {"tied_to": {"type": "string"}}},
            ]
        }
    )

    units: int | None = Field(
        None, ge=1, description="number of outputs; required, except with `tied_to`: one for each token"
    )
    tied_to: str | None = Field(
        None,
        min_length=1,
        description="name of an embedding above, such as `embedding_1`, whose weight it uses, transposed, in place of its own",
    )

    reads = "x"
    fuses = (
        Fusable.ACTIVATION,
        Fusable.CURVE,
        Fusable.INPUT_ACTIVATION_GRADIENT,
        Fusable.INPUT_CURVE_GRADIENT,
    )
    applies_gradient = True
    acts_per_step = True
    example: ClassVar = {"units": 4}

    @model_validator(mode="after")
    def _check_weight(self) -> Self:
        if self.units is None and self.tied_to is None:
            raise mistake(
                "expected `units`, the number of outputs, or `tied_to`",
                "Set one, such as `dense: 10`.",
            )
        stray = next(
            (name for name in ("units", "weight_initializer") if getattr(self, name) is not None), ""
        )
        if self.tied_to is not None and stray:
            raise mistake(
                f"`{stray}` cannot be combined with `tied_to`: the weight is the embedding's",
                f"Remove `{stray}`.",
            )
        return self

    @property
    def tied_name(self) -> str | None:
        return self.tied_to

    def tied(self, weight: Shape, x: Shape) -> Layer:
        require_last_axis(x)
        require(
            weight[1] == x[-1],
            f"the vectors of {self.tied_to} have {weight[1]} numbers, its input has {x[-1]}",
            f"Add `dense: {weight[1]}` before it, or change the embedding's `units`.",
        )
        return self.model_copy(update={"units": weight[0]})

    def output_shape(self, x: Shape) -> Shape:
        require_last_axis(x)
        require(self.units is not None, "`tied_to` cannot be set on a layer that another holds")
        return (*x[:-1], self.units or 0)

    def parameters(self, x: Shape) -> dict[str, Param]:
        units = self.units or 0
        found = self.weight_and_bias((x[-1], units), fans=(x[-1], units))
        if self.tied_to is not None:
            del found["weight"]
        return found

    def flops(self, x: Shape) -> int:
        return 2 * math.prod(x) * (self.units or 0)

    def forward(self, ctx: LayerContext) -> None:
        bias = ctx.bias if self.use_bias else ctx.empty
        product = kernels.matmul.forward if self.tied_to is None else kernels.matmul.forward_transposed
        product(table(ctx.y), table(ctx.x), ctx.weight, bias, ctx.epilogue, ctx.bfloat16)

    def backward_parameters(self, ctx: LayerContext) -> None:
        x, dy = table(ctx.x), table(ctx.dy)
        update = ctx.info.updates.get(ctx.name)
        if self.use_bias and not update and self.tied_to is None:
            kernels.matmul.parameter_gradients(ctx.dweight, ctx.dbias, x, dy, ctx.bfloat16)
            return
        if update:
            update(x, dy)
        elif self.tied_to is None:
            kernels.matmul.weight_gradient(ctx.dweight, x, dy, ctx.bfloat16)
        elif ctx.dweight is not None:  # the embedding is trained
            kernels.matmul.weight_gradient(ctx.dweight, dy, x, ctx.bfloat16)
        if self.use_bias:
            kernels.reduce.column_sums(ctx.dbias, dy)

    def backward_input(self, ctx: LayerContext) -> None:
        tied = self.tied_to is not None
        product = kernels.matmul.tied_input_gradient if tied else kernels.matmul.input_gradient
        product(table(ctx.dx), table(ctx.dy), ctx.weight, table(ctx.x), ctx.dy_epilogue, ctx.bfloat16)
