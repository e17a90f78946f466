"""Convolutions: every output sees a small window of the image or sequence, and all windows share one weight."""

import functools
import math
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain import kernels
from nntrain.errors import UserError
from nntrain.kernels.geometry import Geometry, Pair
from nntrain.layers.layer import LayerContext, Shape, require, require_image, require_sequence, table
from nntrain.layers.weighted import Weighted
from nntrain.layers.window import Margin, Margins, Padding, Size, Sizes, Slide, pair, slide_back, slides


class Convolution(Weighted):
    """Base of the convolutions, which differ in how their options make a geometry."""

    reads = "x"
    fuses_epilogue = True

    def geometry(self, x: Shape) -> Geometry:
        """The sizes that the kernels go by, for an input of shape x. Raises ConfigError where they don't fit."""
        raise NotImplementedError

    def parameters(self, x):
        g = self.geometry(x)
        window, kernel = math.prod(g.kernel), g.kernel if len(x) == 3 else g.kernel[1:]
        fans = (window * g.channels // g.groups, window * g.filters // g.groups)
        return self.weight_and_bias((*kernel, g.channels // g.groups, g.filters), fans)

    def flops(self, x):
        g = self.geometry(x)
        return 2 * math.prod(g.output) * g.depth * g.filters

    def forward(self, ctx):
        bias = ctx.bias if self.use_bias else ctx.empty
        kernels.conv.forward(
            ctx.y, self.real(ctx, ctx.x), ctx.weight, bias, self.geometry(ctx.x.shape[1:]), ctx.epilogue
        )
        self.clear(ctx, ctx.y)

    def backward_parameters(self, ctx):
        dy = self.real(ctx, ctx.dy)
        kernels.conv.weight_gradient(ctx.dweight, self.real(ctx, ctx.x), dy, self.geometry(ctx.x.shape[1:]))
        if self.use_bias:
            kernels.reduce.column_sums(ctx.dbias, table(dy))

    def backward_input(self, ctx):
        kernels.conv.input_gradient(
            ctx.dx, self.real(ctx, ctx.dy), ctx.weight, self.geometry(ctx.x.shape[1:])
        )
        self.clear(ctx, ctx.dx)

    def real(self, ctx: LayerContext, array: np.ndarray) -> np.ndarray:
        """The array with zeros in place of padded steps."""
        return array

    def clear(self, ctx: LayerContext, array: np.ndarray) -> None:
        """Sets padded steps to zero."""


class Conv2d(Convolution, name="conv2d"):
    """Slides a window over an image, with the same weight in every place.

    `y[i, j] = sum over a, b of x[i stride + a dilation, j stride + b dilation] @ weight[a, b] + bias`.

    Images are (height, width, channels); weight is (kernel rows, kernel columns, channels / groups, filters). Padding with zeros:
    `valid` is none, `same` gives as many outputs as the input has pixels, divided by the stride and rounded up (an odd pixel
    goes to the bottom or right), a number is that many pixels on every side. An option that has two directions takes one number
    for both, or a list of one for the rows and one for the columns.

    Source: LeCun et al. 1989, Backpropagation applied to handwritten zip code recognition.
    """

    filters: Size = Field(description="how many channels it gives")
    kernel_size: Sizes = Field(description="how many pixels the window is high and wide")
    stride: Sizes = Field(1, description="how many pixels the window moves on from one output to the next")
    padding: Padding | Margins = Field(
        "valid",
        description="zeros around the image: none, as many as keep its size at stride 1, "
        "or so many pixels on every side",
    )
    dilation: Sizes = Field(1, description="how far apart the pixels that a window sees are")
    groups: Size = Field(
        1, description="into how many groups channels and filters are cut; each sees its own channels only"
    )

    example: ClassVar = {"filters": 3, "kernel_size": 3, "padding": "same"}
    example_inputs: ClassVar = ((5, 4, 2),)

    def geometry(self, x):
        return geometry(
            x[:2],
            x[2],
            self.filters,
            pair(self.kernel_size),
            pair(self.stride),
            self.padding,
            pair(self.dilation),
            self.groups,
        )

    def output_shape(self, x):
        require_image(x)
        return (*self.geometry(x).output, self.filters)


class Conv1d(Convolution, name="conv1d"):
    """Slides a window over a sequence, with the same weight in every place.

    `y[i] = sum over a of x[i stride + a dilation] @ weight[a] + bias`.

    Sequences are (steps, features); weight is (kernel steps, features / groups, filters). Padding with zeros: `valid` is none,
    `same` gives as many outputs as the input has steps, divided by the stride and rounded up (an odd step goes to the end),
    `causal` the same with all of it at the start, so that no output sees a later step; a number is that many steps at both ends.
    Sequences of different lengths need one of the two that keep the steps, and stride 1.
    """

    filters: Size = Field(description="how many features it gives")
    kernel_size: Size = Field(description="how many steps the window is long")
    stride: Size = Field(1, description="how many steps the window moves on from one output to the next")
    padding: Literal["valid", "same", "causal"] | Margin = Field(
        "valid",
        description="zeros around the sequence: none, as many "
        "as keep its length, as many but all at the start, or so many "
        "steps at both ends",
    )
    dilation: Size = Field(1, description="how far apart the steps that a window sees are")
    groups: Size = Field(
        1, description="into how many groups features and filters are cut; each sees its own features only"
    )

    example: ClassVar = {"filters": 3, "kernel_size": 3, "padding": "same"}
    example_inputs: ClassVar = ((5, 2),)

    def geometry(self, x):
        padding = self.padding if isinstance(self.padding, str) else (0, self.padding)
        return geometry(
            (1, x[0]),
            x[1],
            self.filters,
            (1, self.kernel_size),
            (1, self.stride),
            padding,
            (1, self.dilation),
            self.groups,
        )

    def output_shape(self, x):
        require_sequence(x)
        return (self.geometry(x).output[1], self.filters)

    @property
    def sees_future_steps(self):
        return self.padding != "causal" and self.kernel_size > 1

    def real(self, ctx, array):
        return array if ctx.info.lengths is None else np.where(self._is_real(ctx), array, array.dtype.type(0))

    def clear(self, ctx, array):
        if ctx.info.lengths is not None:
            np.copyto(array, 0, where=~self._is_real(ctx))

    def _is_real(self, ctx: LayerContext) -> np.ndarray:
        """(rows, steps, 1)"""
        if ctx.y.shape[1] != ctx.x.shape[1]:
            raise UserError(
                f"{ctx.name}: it turns {ctx.x.shape[1]} steps into {ctx.y.shape[1]}, and the sequences have different "
                "lengths, so that nobody could tell where they end. Set `padding: same` or `causal`, and no stride."
            )
        return (np.arange(ctx.x.shape[1]) < ctx.info.lengths[:, np.newaxis])[..., np.newaxis]


class Conv2dTranspose(Convolution, name="conv2d_transpose"):
    """Makes a larger image: each pixel of the input puts a window of values into the output; where windows overlap, they add up.

    `y[i stride + a dilation, j stride + b dilation] = sum of weight[a, b] @ x[i, j] + bias`.

    What `conv2d` does to gradients, this does to images, so that it takes back the change of shape that a `conv2d` of the same
    options makes: the way up of an autoencoder. Images are (height, width, channels); weight is (kernel rows, kernel columns,
    filters / groups, channels). Padding `valid` keeps all that windows reach, (height - 1) stride + kernel rows; `same` gives
    height times stride, as in Keras; a number is cut off on every side, as in PyTorch. A kernel that is a multiple of the stride
    treats all pixels alike, such as 4 with 2; others leave a chequered pattern. An option that has two directions takes one
    number for both, or a list of one for the rows and one for the columns.

    Source: Zeiler et al. 2010, Deconvolutional networks.
    """

    filters: Size = Field(description="how many channels it gives")
    kernel_size: Sizes = Field(description="how many pixels the window is high and wide")
    stride: Sizes = Field(
        1, description="how many pixels of the output lie between the windows of neighbouring pixels"
    )
    padding: Padding | Margins = Field(
        "valid",
        description="cut off around the output: nothing, as much as leaves height times "
        "stride, or so many pixels on every side",
    )
    output_padding: Margins = Field(
        0,
        description="how many rows and columns are added at the bottom and right, fewer than the "
        "stride or the dilation",
    )
    dilation: Sizes = Field(1, description="how far apart the pixels of a window are")
    groups: Size = Field(
        1, description="into how many groups channels and filters are cut; each sees its own channels only"
    )

    example: ClassVar = {"filters": 3, "kernel_size": 3, "stride": 2, "padding": "same"}
    example_inputs: ClassVar = ((3, 2, 2),)

    def geometry(self, x):
        """Of the convolution that leads from the output to the input."""
        return geometry_back(
            x[:2],
            x[2],
            self.filters,
            pair(self.kernel_size),
            pair(self.stride),
            pair(self.padding),
            pair(self.output_padding),
            pair(self.dilation),
            self.groups,
        )

    def output_shape(self, x):
        require_image(x)
        return (*self.geometry(x).image, self.filters)

    def parameters(self, x):
        g = self.geometry(x)
        # A pixel of the output is in the windows of so many pixels of the input, on average of those that are in any.
        seen = math.prod(max(1, size / stride) for size, stride in zip(g.kernel, g.stride, strict=True))
        fans = (max(1, round(seen * x[2] / g.groups)), math.prod(g.kernel) * self.filters // g.groups)
        return self.weight_and_bias((*g.kernel, self.filters // g.groups, x[2]), fans, outputs=self.filters)

    def forward(self, ctx):
        bias = ctx.bias if self.use_bias else ctx.empty
        kernels.conv.input_gradient(
            ctx.y, ctx.x, ctx.weight, self.geometry(ctx.x.shape[1:]), bias, ctx.epilogue
        )

    def backward_parameters(self, ctx):
        kernels.conv.weight_gradient(ctx.dweight, ctx.dy, ctx.x, self.geometry(ctx.x.shape[1:]))
        if self.use_bias:
            kernels.reduce.column_sums(ctx.dbias, table(ctx.dy))

    def backward_input(self, ctx):
        kernels.conv.forward(ctx.dx, ctx.dy, ctx.weight, ctx.empty, self.geometry(ctx.x.shape[1:]))


@functools.lru_cache(maxsize=1024)
def geometry(
    image: Pair,
    channels: int,
    filters: int,
    kernel: Pair,
    stride: Pair,
    padding: str | int | tuple,
    dilation: Pair,
    groups: int,
) -> Geometry:
    """The sizes of a convolution over `image`. Raises ConfigError where they don't fit."""
    _require_groups(groups, channels, filters)
    return _of_slides(
        slides("kernel_size", image, kernel, stride, pair(padding), dilation), channels, filters, groups
    )


@functools.lru_cache(maxsize=1024)
def geometry_back(
    image: Pair,
    channels: int,
    filters: int,
    kernel: Pair,
    stride: Pair,
    padding: tuple,
    output_padding: Pair,
    dilation: Pair,
    groups: int,
) -> Geometry:
    """The sizes of the convolution that makes `image` of what a transposed one makes of it. Raises ConfigError likewise."""
    _require_groups(groups, channels, filters)
    axes = tuple(
        slide_back(*axis)
        for axis in zip(image, kernel, stride, padding, dilation, output_padding, strict=True)
    )
    return _of_slides(axes, filters, channels, groups)


def _require_groups(groups: int, channels: int, filters: int) -> None:
    require(
        channels % groups == 0 == filters % groups,
        f"`groups` must divide both the input's channels, {channels}, and "
        f"`filters`, {filters}. Received: {groups}.",
    )


def _of_slides(axes: tuple[Slide, Slide], channels: int, filters: int, groups: int) -> Geometry:
    size, stride, dilation, before, inputs, outputs = zip(*axes, strict=True)
    return Geometry(inputs, channels, filters, size, stride, dilation, before, outputs, groups)
