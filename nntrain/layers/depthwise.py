"""Depthwise convolution: a window that slides over each channel of an image on its own."""

import math
from typing import ClassVar

import numpy as np
from pydantic import Field

from nntrain import kernels
from nntrain.layers.layer import Saved, require_image, table
from nntrain.layers.weighted import Weighted
from nntrain.layers.window import Margins, Padding, Size, Sizes, pair, slides


class DepthwiseConv2d(Weighted, name="depthwise_conv2d"):
    """Slides a window over each channel of an image alone: `y[i, j, c] = sum over a, b of x[i stride + a dilation, j stride + b
    dilation, c] weight[a, b, c] + bias[c]`.

    With `depth_multiplier` m each channel has m windows, and channel c becomes the channels c m to c m + m - 1; weight is (kernel
    rows, kernel columns, channels, m). A `dense` after it mixes the channels: both together need far fewer weights and operations
    than a `conv2d`. Padding is zeros: `same` gives as many outputs as pixels, divided by the stride and rounded up; an odd pixel
    goes to the end.

    Source: Chollet 2017, Xception: deep learning with depthwise separable convolutions.
    """

    kernel_size: Sizes = Field(
        description="how many pixels a window is high and wide: one number, or a list of two"
    )
    stride: Sizes = Field(1, description="how many pixels lie between windows")
    padding: Padding | Margins = Field(
        "valid",
        description="zeros around the image: none, as many as keep its size, or so many pixels on every side",
    )
    dilation: Sizes = Field(1, description="how far apart the pixels that a window sees are")
    depth_multiplier: Size = Field(1, description="how many windows each channel has")

    reads = "x"
    fuses_epilogue = True
    example: ClassVar = {"kernel_size": 2}
    example_inputs: ClassVar = ((4, 3, 2),)

    def output_shape(self, x):
        require_image(x)
        return *(one.outputs for one in self._slides(x)), x[2] * self.depth_multiplier

    def parameters(self, x):
        (high, wide), many = pair(self.kernel_size), self.depth_multiplier
        return self.weight_and_bias(
            (high, wide, x[2], many), fans=(high * wide, high * wide * many), outputs=x[2] * many
        )

    def saved(self, x):
        many = self.depth_multiplier
        return (
            {"repeated": Saved((*x[:2], x[2] * many))} if many > 1 else {}
        )  # x with each channel m times, then its gradient

    def flops(self, x):
        return 2 * math.prod(self.output_shape(x)) * math.prod(pair(self.kernel_size))

    def forward(self, ctx):
        bias = ctx.bias if self.use_bias else ctx.empty
        kernels.conv.depthwise.forward(
            ctx.y, self._input(ctx), _flat(ctx.weight), bias, self._sizes(ctx), ctx.epilogue
        )

    def backward_parameters(self, ctx):
        kernels.conv.depthwise.weight_gradient(_flat(ctx.dweight), ctx.dy, self._input(ctx), self._sizes(ctx))
        if self.use_bias:
            kernels.reduce.column_sums(ctx.dbias, table(ctx.dy))

    def backward_input(self, ctx):
        many = self.depth_multiplier
        dx = ctx.repeated if many > 1 else ctx.dx
        kernels.conv.depthwise.input_gradient(dx, ctx.dy, _flat(ctx.weight), self._sizes(ctx))
        if many > 1:
            np.sum(dx.reshape(*ctx.dx.shape, many), axis=-1, out=ctx.dx)

    def _input(self, ctx):
        """x, each channel as often as it has windows."""
        if self.depth_multiplier == 1:
            return ctx.x
        ctx.repeated.reshape(*ctx.x.shape, self.depth_multiplier)[...] = ctx.x[..., np.newaxis]
        return ctx.repeated

    def _slides(self, x):
        return slides(
            "kernel_size",
            x[:2],
            pair(self.kernel_size),
            pair(self.stride),
            pair(self.padding),
            pair(self.dilation),
        )

    def _sizes(self, ctx):
        """As kernels.conv.depthwise takes them."""
        down, across = self._slides(ctx.x.shape[1:])
        return (
            down.size,
            across.size,
            down.stride,
            across.stride,
            down.before,
            across.before,
            down.dilation,
            across.dilation,
        )


def _flat(weight):
    """(kernel rows, kernel columns, channels of the output), without a copy."""
    return weight.reshape(*weight.shape[:2], -1)
