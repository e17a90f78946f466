"""Cumulative link: the last layer for ordered classes."""

import math
from typing import ClassVar

import numpy as np
from pydantic import Field

from nntrain import kernels
from nntrain.layers.context import LayerContext, Param, Shape, flat, table
from nntrain.layers.layer import Layer
from nntrain.layers.require import described, require, require_last_axis


class CumulativeLink(Layer, name="cumulative_link"):
    """Cumulative link, or proportional odds: `P(class <= k) = sigmoid(t_k - x)` of one number x and trainable thresholds t that
    rise; the outputs are `log P(class = k)`, for the loss `nll`.

    The last layer for ordered classes, such as bad, fair, good: a larger x means a higher class, whatever their distances. It comes
    after `dense: 1`, best without a bias. The order is that of the data's classes. At first all classes are equally likely. Parameter
    `threshold` (classes - 1,): the shift of t_1, then the logarithms of how far the distances grew.

    Source: McCullagh 1980, Regression models for ordinal data; Cao et al. 2020, Rank consistent ordinal regression (CORAL).
    """

    classes: int = Field(ge=2, description="number of classes, and of outputs")

    reads = "x"
    normalizes_logits = True
    example: ClassVar = {"classes": 4}
    example_inputs: ClassVar = ((1,),)

    def output_shape(self, x: Shape) -> Shape:
        require_last_axis(x)
        require(
            x[-1] == 1,
            f"expected one number per sample. Received: {described(x)}",
            "Add `dense: {units: 1, use_bias: false}` before it.",
        )
        return (*x[:-1], self.classes)

    def parameters(self, x: Shape) -> dict[str, Param]:
        return {"threshold": Param((self.classes - 1,), role="bias")}

    def flops(self, x: Shape) -> int:
        return 4 * math.prod(x) * self.classes

    def forward(self, ctx: LayerContext) -> None:
        kernels.cumulative_link.forward(table(ctx.y), flat(ctx.x), thresholds(ctx.threshold))

    def backward_parameters(self, ctx: LayerContext) -> None:
        dthresholds = np.empty_like(ctx.threshold)
        dy, x = table(ctx.dy), flat(ctx.x)
        kernels.cumulative_link.threshold_gradient.run(
            20 * dy.size, dthresholds, dy, x, thresholds(ctx.threshold)
        )
        # A distance moves all thresholds above it.
        ctx.dthreshold[...] = dthresholds[::-1].cumsum()[::-1]
        ctx.dthreshold[1:] *= distances(ctx.threshold)

    def backward_input(self, ctx: LayerContext) -> None:
        kernels.cumulative_link.input_gradient(
            flat(ctx.dx), table(ctx.dy), flat(ctx.x), thresholds(ctx.threshold)
        )


def thresholds(parameter: np.ndarray) -> np.ndarray:
    """(classes - 1,): the thresholds that the parameter `threshold` stands for."""
    first = parameter[:1] - math.log(len(parameter))
    return np.cumsum(np.concatenate([first, distances(parameter)]), dtype=parameter.dtype)


def distances(parameter: np.ndarray) -> np.ndarray:
    """(classes - 2,) between neighbouring thresholds."""
    share = np.arange(1, len(parameter) + 1) / (len(parameter) + 1)
    even = np.diff(np.log(share / (1 - share))).astype(parameter.dtype)
    return even * np.exp(parameter[1:])
