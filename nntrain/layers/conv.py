"""Convolutions over images and sequences: one kernel slides over all positions, which share its weights."""

import functools
import math
from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain import kernels
from nntrain.errors import UserError
from nntrain.kernels.geometry import Geometry, Pair
from nntrain.layers.context import LayerContext, Param, Saved, Shape, table
from nntrain.layers.fusable import Fusable
from nntrain.layers.require import require, require_image, require_sequence
from nntrain.layers.weighted import Weighted
from nntrain.layers.window import Margin, Margins, Padding, Size, Sizes, Slide, pair, slide_back, slides


class Convolution(Weighted):
    """Base of the convolutions, whose options define a geometry."""

    reads = "x"
    fuses = (Fusable.ACTIVATION,)

    def geometry(self, x: Shape) -> Geometry:
        """The sizes for the kernels, for an input of shape x. Raises ConfigError where they don't fit."""
        raise NotImplementedError

    def parameters(self, x: Shape) -> dict[str, Param]:
        g = self.geometry(x)
        window, kernel = math.prod(g.kernel), g.kernel if len(x) == 3 else g.kernel[1:]
        fans = (window * g.channels // g.groups, window * g.filters // g.groups)
        return self.weight_and_bias((*kernel, g.channels // g.groups, g.filters), fans)

    def flops(self, x: Shape) -> int:
        g = self.geometry(x)
        return 2 * math.prod(g.output) * g.depth * g.filters

    def algorithm(self, x: Shape) -> str | None:
        return "Winograd" if self.geometry(x).suits_winograd else None

    def forward(self, ctx: LayerContext) -> None:
        bias = ctx.bias if self.use_bias else ctx.empty
        geometry = self.geometry(ctx.x.shape[1:])
        kernels.conv.forward(
            ctx.y, self.real(ctx, ctx.x), ctx.weight, bias, geometry, ctx.epilogue, ctx.bfloat16
        )
        self.clear(ctx, ctx.y)

    def backward_parameters(self, ctx: LayerContext) -> None:
        dy = self.real(ctx, ctx.dy)
        geometry = self.geometry(ctx.x.shape[1:])
        kernels.conv.weight_gradient(ctx.dweight, self.real(ctx, ctx.x), dy, geometry, ctx.bfloat16)
        if self.use_bias:
            kernels.reduce.column_sums(ctx.dbias, table(dy))

    def backward_input(self, ctx: LayerContext) -> None:
        geometry, dy = self.geometry(ctx.x.shape[1:]), self.real(ctx, ctx.dy)
        kernels.conv.input_gradient(ctx.dx, dy, ctx.weight, geometry, bfloat16=ctx.bfloat16)
        self.clear(ctx, ctx.dx)

    def real(self, ctx: LayerContext, array: np.ndarray) -> np.ndarray:
        """The array with zeros in place of padded steps."""
        return array

    def clear(self, ctx: LayerContext, array: np.ndarray) -> None:
        """Sets padded steps to zero."""


class Conv2d(Convolution, name="conv2d"):
    """2-D convolution: slides a kernel over the image, sharing weights across positions.

    `y[i, j] = sum over a, b of x[i stride + a dilation, j stride + b dilation] @ weight[a, b] + bias`.

    Images are (height, width, channels); weight is (kernel rows, kernel columns, channels / groups, filters). Zero padding:
    `valid` is none; `same` gives size / stride outputs, rounded up (an odd pixel goes to the bottom or right); a number is that
    many pixels on every side. Options with two directions take one number for both, or a list of rows and columns.

    Source: LeCun et al. 1989, Backpropagation applied to handwritten zip code recognition.
    """

    filters: Size = Field(description="number of output channels")
    kernel_size: Sizes = Field(description="height and width of the kernel, in pixels")
    stride: Sizes = Field(1, description="step of the kernel between outputs, in pixels")
    padding: Padding | Margins = Field(
        "valid",
        description="zero padding: none, as much as keeps the size at stride 1, or this many pixels on every side",
    )
    dilation: Sizes = Field(1, description="distance between the pixels that the kernel sees")
    groups: Size = Field(
        1,
        description="number of groups of channels and filters; each filter sees the channels of its group only",
    )

    example: ClassVar = {"filters": 3, "kernel_size": 3, "padding": "same"}
    example_inputs: ClassVar = ((5, 4, 2),)

    def geometry(self, x: Shape) -> Geometry:
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

    def output_shape(self, x: Shape) -> Shape:
        require_image(x)
        return (*self.geometry(x).output, self.filters)

    def filters_parameter(self, x: Shape) -> str | None:
        shown = self.groups == 1 and x[2] in (1, 3) and tuple(pair(self.kernel_size)) != (1, 1)
        return "weight" if shown else None


class Conv1d(Convolution, name="conv1d"):
    """1-D convolution: slides a kernel over the sequence, sharing weights across steps.

    `y[i] = sum over a of x[i stride + a dilation] @ weight[a] + bias`.

    Sequences are (steps, features); weight is (kernel steps, features / groups, filters). Zero padding: `valid` is none; `same`
    gives steps / stride outputs, rounded up (an odd step goes to the end); `causal` does so with all padding at the start, so that
    no output sees a later step; a number is that many steps at both ends. Sequences of different lengths need `same` or `causal`,
    and stride 1.
    """

    filters: Size = Field(description="number of output features")
    kernel_size: Size = Field(description="length of the kernel, in steps")
    stride: Size = Field(1, description="step of the kernel between outputs")
    padding: Literal["valid", "same", "causal"] | Margin = Field(
        "valid",
        description="zero padding: none, as much as keeps the length, the same but all at the start, or this many steps at "
        "both ends",
    )
    dilation: Size = Field(1, description="distance between the steps that the kernel sees")
    groups: Size = Field(
        1,
        description="number of groups of features and filters; each filter sees the features of its group only",
    )

    limits_steps = True
    example: ClassVar = {"filters": 3, "kernel_size": 3, "padding": "same"}
    example_inputs: ClassVar = ((5, 2),)

    def geometry(self, x: Shape) -> Geometry:
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

    def output_shape(self, x: Shape) -> Shape:
        require_sequence(x)
        return (self.geometry(x).output[1], self.filters)

    @property
    def sees_future_steps(self) -> bool:
        return self.padding != "causal" and self.kernel_size > 1

    def memory(self, x: Shape) -> dict[str, Saved] | None:
        if self.stride > 1 or self.sees_future_steps or isinstance(self.padding, int):
            return None
        return {"earlier": Saved(((self.kernel_size - 1) * self.dilation, x[1]))}

    def forward_next(self, ctx: LayerContext) -> None:
        if ctx.info.done == 0:
            ctx.earlier[...] = 0  # the padding
        x = np.concatenate([ctx.earlier, ctx.x], axis=1)
        ctx.earlier[...] = x[:, ctx.x.shape[1] :]
        unpadded = self.model_copy(update={"padding": "valid"}).geometry(x.shape[1:])
        bias = ctx.bias if self.use_bias else ctx.empty
        kernels.conv.forward(ctx.y, x, ctx.weight, bias, unpadded, ctx.epilogue, ctx.bfloat16)

    def real(self, ctx: LayerContext, array: np.ndarray) -> np.ndarray:
        lengths = ctx.info.lengths
        return array if lengths is None else np.where(self._is_real(ctx, lengths), array, array.dtype.type(0))

    def clear(self, ctx: LayerContext, array: np.ndarray) -> None:
        if ctx.info.lengths is not None:
            np.copyto(array, 0, where=~self._is_real(ctx, ctx.info.lengths))

    def _is_real(self, ctx: LayerContext, lengths: np.ndarray) -> np.ndarray:
        """(rows, steps, 1)"""
        if ctx.y.shape[1] != ctx.x.shape[1]:
            raise UserError(
                f"turns {ctx.x.shape[1]} steps into {ctx.y.shape[1]}, so the lengths of padded sequences would be lost",
                "Set `padding: same` or `causal`, and remove `stride`.",
                place=ctx.name,
            )
        return (np.arange(ctx.x.shape[1]) < lengths[:, np.newaxis])[..., np.newaxis]


class Conv2dTranspose(Convolution, name="conv2d_transpose"):
    """Transposed 2-D convolution: each pixel of the input adds a scaled kernel to a larger output.

    `y[i stride + a dilation, j stride + b dilation] = sum of weight[a, b] @ x[i, j] + bias`.

    It is the gradient of `conv2d` with respect to its input, and reverses the change of shape of a `conv2d` of the same options:
    for upsampling in decoders. Images are (height, width, channels); weight is (kernel rows, kernel columns, filters / groups,
    channels). Padding `valid` keeps the whole output, (height - 1) stride + kernel rows; `same` gives height times stride, as in
    Keras; a number is cropped on every side, as in PyTorch. A kernel size that is a multiple of the stride, such as 4 with 2,
    avoids checkerboard artifacts. Options with two directions take one number for both, or a list of rows and columns.

    Source: Zeiler et al. 2010, Deconvolutional networks.
    """

    filters: Size = Field(description="number of output channels")
    kernel_size: Sizes = Field(description="height and width of the kernel, in pixels")
    stride: Sizes = Field(
        1, description="distance in the output between the kernels of neighbouring input pixels"
    )
    padding: Padding | Margins = Field(
        "valid",
        description="cropping of the output: none, as much as leaves height times stride, or this many pixels on every side",
    )
    output_padding: Margins = Field(
        0,
        description="rows and columns added at the bottom and right, fewer than the stride or the dilation",
    )
    dilation: Sizes = Field(1, description="distance between the pixels of a kernel")
    groups: Size = Field(
        1,
        description="number of groups of channels and filters; each filter sees the channels of its group only",
    )

    example: ClassVar = {"filters": 3, "kernel_size": 3, "stride": 2, "padding": "same"}
    example_inputs: ClassVar = ((3, 2, 2),)

    def geometry(self, x: Shape) -> Geometry:
        """That of the convolution from the output to the input."""
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

    def output_shape(self, x: Shape) -> Shape:
        require_image(x)
        return (*self.geometry(x).image, self.filters)

    def parameters(self, x: Shape) -> dict[str, Param]:
        g = self.geometry(x)
        # The number of input pixels whose kernels reach one pixel of the output, on average.
        seen = math.prod(max(1, size / stride) for size, stride in zip(g.kernel, g.stride, strict=True))
        fans = (max(1, round(seen * x[2] / g.groups)), math.prod(g.kernel) * self.filters // g.groups)
        return self.weight_and_bias((*g.kernel, self.filters // g.groups, x[2]), fans, outputs=self.filters)

    def forward(self, ctx: LayerContext) -> None:
        bias = ctx.bias if self.use_bias else ctx.empty
        kernels.conv.input_gradient(
            ctx.y, ctx.x, ctx.weight, self.geometry(ctx.x.shape[1:]), bias, ctx.epilogue, ctx.bfloat16
        )

    def backward_parameters(self, ctx: LayerContext) -> None:
        geometry = self.geometry(ctx.x.shape[1:])
        kernels.conv.weight_gradient(ctx.dweight, ctx.dy, ctx.x, geometry, ctx.bfloat16)
        if self.use_bias:
            kernels.reduce.column_sums(ctx.dbias, table(ctx.dy))

    def backward_input(self, ctx: LayerContext) -> None:
        geometry = self.geometry(ctx.x.shape[1:])
        kernels.conv.forward(ctx.dx, ctx.dy, ctx.weight, ctx.empty, geometry, bfloat16=ctx.bfloat16)


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
    """The sizes of the convolution that a transposed one of `image` reverses. Raises ConfigError where they don't fit."""
    _require_groups(groups, channels, filters)
    axes = tuple(
        slide_back(*axis)
        for axis in zip(image, kernel, stride, padding, dilation, output_padding, strict=True)
    )
    return _of_slides(axes, filters, channels, groups)


def _require_groups(groups: int, channels: int, filters: int) -> None:
    require(
        channels % groups == 0 == filters % groups,
        f"`groups` must divide the input's channels, {channels}, and `filters`, {filters}. Received: {groups}",
    )


def _of_slides(axes: Sequence[Slide], channels: int, filters: int, groups: int) -> Geometry:
    size, stride, dilation, before, inputs, outputs = zip(*axes, strict=True)
    return Geometry(inputs, channels, filters, size, stride, dilation, before, outputs, groups)
