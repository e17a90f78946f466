"""Pooling layers: the maximum or mean of each window of an image or sequence, or of all of it, for each channel."""

import math
from typing import ClassVar

import numpy as np
from pydantic import Field

from nntrain import kernels
from nntrain.errors import UserError
from nntrain.layers.context import LayerContext, Saved, Shape
from nntrain.layers.fusable import Fusable
from nntrain.layers.layer import Layer
from nntrain.layers.require import described, require, require_image, require_sequence
from nntrain.layers.window import Margin, Margins, Padding, Size, Sizes, Slide, pair, slides, window_sizes

ALL = np.zeros(0, np.int32)  # for a kernel's `ends`: no column is padding
BYTE = 256  # positions within a window that a uint8 can index


class Pool(Layer):
    """Base of the layers that pool windows. They treat sequences as images of one row."""

    initializer_from_next = True

    def slides(self, x: Shape) -> tuple[Slide, ...]:
        """The windows along rows and columns, for an input of shape x."""
        raise NotImplementedError

    def fitting(self, x: Shape) -> tuple[Slide, ...]:
        """The same. Raises ConfigError for windows of padding only."""
        found = self.slides(x)
        for one in found:
            require(
                one.before < one.size,
                f"a window of {one.size} with a `padding` of {one.before} would contain padding only",
                "Choose a smaller `padding`.",
            )
        return found

    def image(self, array: np.ndarray) -> np.ndarray:
        """(rows, height, width, channels) of an input or output, without a copy."""
        raise NotImplementedError

    def sizes(self, ctx: LayerContext) -> tuple[int, ...]:
        """A kernels.geometry.Window, as a plain tuple."""
        return window_sizes(*self.slides(ctx.x.shape[1:]))

    def ends(self, ctx: LayerContext) -> np.ndarray:
        """The number of real columns of each row."""
        return ALL


class Pool1d(Pool):
    """Base of the layers that pool windows of sequences."""

    pool_size: Size = Field(description="length of the window, in steps")
    stride: Size | None = Field(
        None, description="distance between windows, in steps; none: the length of the window"
    )
    padding: Padding | Margin = Field(
        "valid",
        description="padding: none, as much as gives steps / stride outputs, rounded up, or this many steps at both ends, fewer "
        "than the window",
    )

    example: ClassVar = {"pool_size": 2}
    example_inputs: ClassVar = ((6, 2),)

    def slides(self, x: Shape) -> tuple[Slide, ...]:
        return Slide(1, 1, 1, 0, 1, 1), *slides(
            "pool_size", x[:1], (self.pool_size,), (self.stride or self.pool_size,), (self.padding,)
        )

    def output_shape(self, x: Shape) -> Shape:
        require_sequence(x)
        return self.fitting(x)[1].outputs, x[1]

    def image(self, array: np.ndarray) -> np.ndarray:
        return array[:, np.newaxis]

    def ends(self, ctx: LayerContext) -> np.ndarray:
        if ctx.info.lengths is None:
            return ALL
        if ctx.y.shape[1] != ctx.x.shape[1]:
            raise UserError(
                f"turns {ctx.x.shape[1]} steps into {ctx.y.shape[1]}, so the lengths of padded sequences would be lost",
                "Set `padding: same` and `stride: 1`.",
                place=ctx.name,
            )
        return ctx.info.lengths


class Pool2d(Pool):
    """Base of the layers that pool windows of images."""

    pool_size: Sizes = Field(
        description="height and width of the window, in pixels: one number, or a list of two"
    )
    stride: Sizes | None = Field(
        None, description="distance between windows, in pixels; none: the size of the window"
    )
    padding: Padding | Margins = Field(
        "valid",
        description="padding: none, as much as gives size / stride outputs, rounded up, or this many pixels on every side, fewer "
        "than the window",
    )

    example: ClassVar = {"pool_size": 2}
    example_inputs: ClassVar = ((4, 4, 2),)

    def slides(self, x: Shape) -> tuple[Slide, ...]:
        return slides(
            "pool_size", x[:2], pair(self.pool_size), pair(self.stride or self.pool_size), pair(self.padding)
        )

    def output_shape(self, x: Shape) -> Shape:
        require_image(x)
        return *(one.outputs for one in self.fitting(x)), x[2]

    def image(self, array: np.ndarray) -> np.ndarray:
        return array


class MaxPool(Pool):
    """Base of max pooling."""

    reads = "y"
    fuses = (Fusable.SELECTED_ACTIVATION_GRADIENT,)

    def output_shape(self, x: Shape) -> Shape:
        shape = super().output_shape(x)
        places = math.prod(one.size for one in self.slides(x))
        require(
            places <= BYTE,
            f"the window has {places} positions; at most {BYTE} are possible",
            "Choose a smaller `pool_size`, or use `global_max_pool` for the whole image.",
        )
        return shape

    def saved(self, x: Shape) -> dict[str, Saved]:
        *outputs, channels = self.output_shape(x)
        return {
            "winner": Saved((*outputs, -(-channels // 16) * 16), "uint8")
        }  # the layout of kernels.pool.max_pool

    def forward(self, ctx: LayerContext) -> None:
        kernels.pool.max_pool(
            self.image(ctx.y), self.image(ctx.winner), self.image(ctx.x), self.ends(ctx), self.sizes(ctx)
        )

    def backward_input(self, ctx: LayerContext) -> None:
        kernels.pool.max_pool_backward(
            self.image(ctx.dx),
            self.image(ctx.dy),
            self.image(ctx.winner),
            self.image(ctx.y),
            self.ends(ctx),
            self.sizes(ctx),
            ctx.dy_slope,
        )


class AvgPool(Pool):
    """Base of average pooling."""

    reads = ""

    def forward(self, ctx: LayerContext) -> None:
        kernels.pool.window_means(self.image(ctx.y), self.image(ctx.x), self.ends(ctx), self.sizes(ctx), True)

    def backward_input(self, ctx: LayerContext) -> None:
        kernels.pool.window_means_backward(
            self.image(ctx.dx), self.image(ctx.dy), self.ends(ctx), self.sizes(ctx), True
        )


class MaxPool1d(MaxPool, Pool1d, name="max_pool1d"):
    """1-D max pooling: the maximum of each window of a sequence, for each feature.

    It makes the output shorter and robust to small shifts. Sequences are (steps, features). Padding is ignored. The gradient goes
    to the first step with the maximum.
    """


class MaxPool2d(MaxPool, Pool2d, name="max_pool2d"):
    """2-D max pooling: the maximum of each window of an image, for each channel.

    It makes the output smaller and robust to small shifts. Images are (height, width, channels). Padding is ignored. The gradient
    goes to the first pixel with the maximum.

    Source: Jarrett et al. 2009, What is the best multi-stage architecture for object recognition?
    """


class AvgPool1d(AvgPool, Pool1d, name="avg_pool1d"):
    """1-D average pooling: the mean of each window of a sequence, for each feature.

    Sequences are (steps, features). Padding does not count (PyTorch's `count_include_pad=False`).
    """


class AvgPool2d(AvgPool, Pool2d, name="avg_pool2d"):
    """2-D average pooling: the mean of each window of an image, for each channel.

    Images are (height, width, channels). Padding does not count (PyTorch's `count_include_pad=False`).

    Source: LeCun et al. 1998, Gradient-based learning applied to document recognition.
    """


class GlobalPool(Layer):
    """Base of global pooling: over all axes but the last."""

    initializer_from_next = True
    example_inputs: ClassVar = ((4, 3, 2),)

    def output_shape(self, x: Shape) -> Shape:
        require(
            len(x) >= 2,
            f"expected images (height, width, channels), sequences (steps, features) or another shape of two or more axes. "
            f"Received: {described(x)}",
        )
        return x[-1:]

    @staticmethod
    def pixels(array: np.ndarray) -> np.ndarray:
        """(rows, pixels, channels), without a copy."""
        return array if array.ndim == 3 else array.reshape(len(array), -1, array.shape[-1])

    @staticmethod
    def ends(ctx: LayerContext) -> np.ndarray:
        """The number of real pixels of each row: all, except in padded sequences."""
        return ALL if ctx.info.lengths is None or ctx.x.ndim != 3 else ctx.info.lengths


class GlobalAvgPool(GlobalPool, name="global_avg_pool"):
    """Global average pooling: the mean of each channel over the whole image, or of each feature over all steps.

    (height, width, channels) becomes (channels,), for any height and width. It replaces `flatten` before the classifier, with far
    fewer weights. Padded steps do not count.

    Source: Lin, Chen & Yan 2014, Network in network.
    """

    reads = ""

    def forward(self, ctx: LayerContext) -> None:
        kernels.pool.global_mean(ctx.y, self.pixels(ctx.x), self.ends(ctx))

    def backward_input(self, ctx: LayerContext) -> None:
        kernels.pool.global_mean_backward(self.pixels(ctx.dx), ctx.dy, self.ends(ctx))


class GlobalMaxPool(GlobalPool, name="global_max_pool"):
    """Global max pooling: the maximum of each channel over the whole image, or of each feature over all steps.

    (height, width, channels) becomes (channels,), for any height and width. Padded steps do not count.
    """

    reads = "y"
    fuses = (Fusable.SELECTED_ACTIVATION_GRADIENT,)

    def saved(self, x: Shape) -> dict[str, Saved]:
        return {"winner": Saved(x[-1:], "int32")}

    def forward(self, ctx: LayerContext) -> None:
        kernels.pool.global_max(ctx.y, ctx.winner, self.pixels(ctx.x), self.ends(ctx))

    def backward_input(self, ctx: LayerContext) -> None:
        kernels.pool.global_max_backward(
            self.pixels(ctx.dx), ctx.dy, ctx.winner, ctx.y, self.ends(ctx), ctx.dy_slope
        )
