"""Depthwise convolution: one kernel for each channel of an image."""

import math
from typing import ClassVar

import numpy as np
from pydantic import Field

from nntrain import kernels
from nntrain.layers.context import LayerContext, Param, Saved, Shape, table
from nntrain.layers.fusable import Fusable
from nntrain.layers.require import require_image
from nntrain.layers.weighted import Weighted
from nntrain.layers.window import Margins, Padding, Size, Sizes, Slide, pair, slides, window_sizes


class DepthwiseConv2d(Weighted, name="depthwise_conv2d"):
    """Depthwise 2-D convolution: slides one kernel over each channel of the image.

    `y[i, j, c] = sum over a, b of x[i stride + a dilation, j stride + b dilation, c] weight[a, b, c] + bias[c]`.

    With `depth_multiplier` m each channel has m kernels, and channel c becomes the channels c m to c m + m - 1; weight is (kernel
    rows, kernel columns, channels, m). A `dense` after it mixes the channels; together they are a depthwise separable convolution,
    with far fewer weights and operations than `conv2d`. Zero padding: `same` gives size / stride outputs, rounded up; an odd pixel
    goes to the end.

    Source: Chollet 2017, Xception: deep learning with depthwise separable convolutions.
    """

    kernel_size: Sizes = Field(
        description="height and width of the kernel, in pixels: one number, or a list of two"
    )
    stride: Sizes = Field(1, description="step of the kernel between outputs, in pixels")
    padding: Padding | Margins = Field(
        "valid",
        description="zero padding: none, as much as keeps the size at stride 1, or this many pixels on every side",
    )
    dilation: Sizes = Field(1, description="distance between the pixels that the kernel sees")
    depth_multiplier: Size = Field(1, description="number of kernels per channel")

    reads = "x"
    fuses = (Fusable.ACTIVATION,)
    example: ClassVar = {"kernel_size": 2}
    example_inputs: ClassVar = ((4, 3, 2),)

    def output_shape(self, x: Shape) -> Shape:
        require_image(x)
        return *(one.outputs for one in self._slides(x)), x[2] * self.depth_multiplier

    def parameters(self, x: Shape) -> dict[str, Param]:
        (high, wide), many = pair(self.kernel_size), self.depth_multiplier
        return self.weight_and_bias(
            (high, wide, x[2], many), fans=(high * wide, high * wide * many), outputs=x[2] * many
        )

    def saved(self, x: Shape) -> dict[str, Saved]:
        many = self.depth_multiplier
        # x with each channel m times; backward replaces it by its gradient
        return {"repeated": Saved((*x[:2], x[2] * many))} if many > 1 else {}

    def flops(self, x: Shape) -> int:
        return 2 * math.prod(self.output_shape(x)) * math.prod(pair(self.kernel_size))

    def forward(self, ctx: LayerContext) -> None:
        bias = ctx.bias if self.use_bias else ctx.empty
        kernels.conv.depthwise.forward(
            ctx.y, self._input(ctx), _flat(ctx.weight), bias, self._sizes(ctx), ctx.epilogue, ctx.bfloat16
        )

    def backward_parameters(self, ctx: LayerContext) -> None:
        kernels.conv.depthwise.weight_gradient(
            _flat(ctx.dweight), ctx.dy, self._input(ctx), self._sizes(ctx), ctx.bfloat16
        )
        if self.use_bias:
            kernels.reduce.column_sums(ctx.dbias, table(ctx.dy))

    def backward_input(self, ctx: LayerContext) -> None:
        many = self.depth_multiplier
        dx = ctx.repeated if many > 1 else ctx.dx
        kernels.conv.depthwise.input_gradient(dx, ctx.dy, _flat(ctx.weight), self._sizes(ctx), ctx.bfloat16)
        if many > 1:
            np.sum(dx.reshape(*ctx.dx.shape, many), axis=-1, out=ctx.dx)

    def _input(self, ctx: LayerContext) -> np.ndarray:
        """x, with each channel repeated for each of its kernels."""
        if self.depth_multiplier == 1:
            return ctx.x
        ctx.repeated.reshape(*ctx.x.shape, self.depth_multiplier)[...] = ctx.x[..., np.newaxis]
        return ctx.repeated

    def _slides(self, x: Shape) -> tuple[Slide, ...]:
        return slides(
            "kernel_size",
            x[:2],
            pair(self.kernel_size),
            pair(self.stride),
            pair(self.padding),
            pair(self.dilation),
        )

    def _sizes(self, ctx: LayerContext) -> tuple[int, ...]:
        """As kernels.conv.depthwise takes them."""
        return window_sizes(*self._slides(ctx.x.shape[1:]))


def _flat(weight: np.ndarray) -> np.ndarray:
    """(kernel rows, kernel columns, channels of the output), without a copy."""
    return weight.reshape(*weight.shape[:2], -1)
