"""Pooling layers: one value for each window of an image or a sequence, or for all of it; each channel on its own."""

import math
from typing import ClassVar

import numpy as np
from pydantic import Field

from nntrain import kernels
from nntrain.errors import UserError
from nntrain.layers.layer import Layer, LayerContext, Saved, Shape, require, require_image, require_sequence
from nntrain.layers.window import Margin, Margins, Padding, Size, Sizes, Slide, pair, slides

ALL = np.zeros(0, np.int32)  # for a kernel's `ends`: every column is real
BYTE = 256  # places in a window that a byte can tell


class Pool(Layer):
    """Base of the layers that pool windows. Sequences are images of one row to them."""

    initializer_from_next = True

    def slides(self, x: Shape) -> tuple[Slide, Slide]:
        """Of rows and columns, for an input of shape x."""
        raise NotImplementedError

    def fitting(self, x: Shape) -> tuple[Slide, Slide]:
        """The same. Raises ConfigError for windows that would see padding alone."""
        found = self.slides(x)
        for one in found:
            require(
                one.before < one.size,
                f"a window of {one.size} with a `padding` of {one.before} would see padding alone. "
                "Choose a smaller `padding`.",
            )
        return found

    def image(self, array: np.ndarray) -> np.ndarray:
        """(rows, height, width, channels) of an input or output, without a copy."""
        raise NotImplementedError

    def sizes(self, ctx: LayerContext) -> tuple[int, ...]:
        """A kernels.geometry.Window, as a plain tuple."""
        down, across = self.slides(ctx.x.shape[1:])
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

    def ends(self, ctx: LayerContext) -> np.ndarray:
        """How many columns of each row are real."""
        return ALL


class Pool1d(Pool):
    """Base of the layers that pool windows of sequences."""

    pool_size: Size = Field(description="how many steps a window is long")
    stride: Size | None = Field(
        None, description="how many steps lie between windows; none: as many as a window is long"
    )
    padding: Padding | Margin = Field(
        "valid",
        description="around the sequence: none, as much as gives steps / stride outputs, "
        "rounded up, or so many steps at both ends, fewer than a window has",
    )

    example: ClassVar = {"pool_size": 2}
    example_inputs: ClassVar = ((6, 2),)

    def slides(self, x):
        return Slide(1, 1, 1, 0, 1, 1), *slides(
            "pool_size", x[:1], (self.pool_size,), (self.stride or self.pool_size,), (self.padding,)
        )

    def output_shape(self, x):
        require_sequence(x)
        return self.fitting(x)[1].outputs, x[1]

    def image(self, array):
        return array[:, np.newaxis]

    def ends(self, ctx):
        if ctx.info.lengths is None:
            return ALL
        if ctx.y.shape[1] != ctx.x.shape[1]:
            raise UserError(
                f"{ctx.name}: it turns {ctx.x.shape[1]} steps into {ctx.y.shape[1]}, and the sequences have different "
                "lengths, so that nobody could tell where they end. Set `padding: same` and `stride: 1`."
            )
        return ctx.info.lengths


class Pool2d(Pool):
    """Base of the layers that pool windows of images."""

    pool_size: Sizes = Field(
        description="how many pixels a window is high and wide: one number, or a list of two"
    )
    stride: Sizes | None = Field(
        None, description="how many pixels lie between windows; none: as many as a window is large"
    )
    padding: Padding | Margins = Field(
        "valid",
        description="around the image: none, as much as gives pixels / stride outputs, "
        "rounded up, or so many pixels on every side, fewer than a window has",
    )

    example: ClassVar = {"pool_size": 2}
    example_inputs: ClassVar = ((4, 4, 2),)

    def slides(self, x):
        return slides(
            "pool_size", x[:2], pair(self.pool_size), pair(self.stride or self.pool_size), pair(self.padding)
        )

    def output_shape(self, x):
        require_image(x)
        return *(one.outputs for one in self.fitting(x)), x[2]

    def image(self, array):
        return array


class MaxPool(Pool):
    """Base of the layers that take the largest value of a window."""

    reads = "y"
    keeps_sign = True

    def output_shape(self, x):
        shape = super().output_shape(x)
        places = math.prod(one.size for one in self.slides(x))
        require(
            places <= BYTE,
            f"its window has {places} places; {BYTE} are possible. Choose a smaller `pool_size`, or "
            "`global_max_pool` for all of the image.",
        )
        return shape

    def saved(self, x):
        *outputs, channels = self.output_shape(x)
        return {
            "winner": Saved((*outputs, -(-channels // 16) * 16), "uint8")
        }  # as kernels.pool.max_pool wants it

    def forward(self, ctx):
        kernels.pool.max_pool(
            self.image(ctx.y), self.image(ctx.winner), self.image(ctx.x), self.ends(ctx), self.sizes(ctx)
        )

    def backward_input(self, ctx):
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
    """Base of the layers that take the mean of a window."""

    reads = ""

    def forward(self, ctx):
        kernels.pool.window_means(self.image(ctx.y), self.image(ctx.x), self.ends(ctx), self.sizes(ctx), True)

    def backward_input(self, ctx):
        kernels.pool.window_means_backward(
            self.image(ctx.dx), self.image(ctx.dy), self.ends(ctx), self.sizes(ctx), True
        )


class MaxPool1d(MaxPool, Pool1d, name="max_pool1d"):
    """The largest value of each window of a sequence, feature by feature: what was found matters, not exactly where.

    Sequences are (steps, features). Padding never wins. The gradient goes to the first step that has the largest value.
    """


class MaxPool2d(MaxPool, Pool2d, name="max_pool2d"):
    """The largest value of each window of an image, channel by channel: what was found matters, not exactly where.

    Images are (height, width, channels). Padding never wins. The gradient goes to the first pixel that has the largest value.

    Source: Jarrett et al. 2009, What is the best multi-stage architecture for object recognition?
    """


class AvgPool1d(AvgPool, Pool1d, name="avg_pool1d"):
    """The mean of each window of a sequence, feature by feature.

    Sequences are (steps, features). Padding does not count: the sum is divided by the number of steps that are there (PyTorch's
    `count_include_pad=False`).
    """


class AvgPool2d(AvgPool, Pool2d, name="avg_pool2d"):
    """The mean of each window of an image, channel by channel.

    Images are (height, width, channels). Padding does not count: the sum is divided by the number of pixels that are there
    (PyTorch's `count_include_pad=False`).

    Source: LeCun et al. 1998, Gradient-based learning applied to document recognition.
    """


class GlobalPool(Layer):
    """Base of the layers that make one value of a whole channel: of all axes but the last."""

    initializer_from_next = True
    example_inputs: ClassVar = ((4, 3, 2),)

    def output_shape(self, x):
        require(
            len(x) >= 2,
            "takes images (height, width, channels), sequences (steps, features) or what else has an axis "
            f"beside its last. Received: shape {x}.",
        )
        return x[-1:]

    @staticmethod
    def pixels(array: np.ndarray) -> np.ndarray:
        """(rows, pixels, channels), without a copy."""
        return array if array.ndim == 3 else array.reshape(len(array), -1, array.shape[-1])

    @staticmethod
    def ends(ctx: LayerContext) -> np.ndarray:
        """How many pixels of each row are real: all, but of a padded sequence."""
        return ALL if ctx.info.lengths is None or ctx.x.ndim != 3 else ctx.info.lengths


class GlobalAvgPool(GlobalPool, name="global_avg_pool"):
    """The mean of each channel over the whole image, or of each feature over all steps of a sequence.

    (height, width, channels) becomes (channels,), whatever the height and width; padded steps of a sequence do not count.

    Source: Lin, Chen & Yan 2014, Network in network.
    """

    reads = ""

    def forward(self, ctx):
        kernels.pool.global_mean(ctx.y, self.pixels(ctx.x), self.ends(ctx))

    def backward_input(self, ctx):
        kernels.pool.global_mean_backward(self.pixels(ctx.dx), ctx.dy, self.ends(ctx))


class GlobalMaxPool(GlobalPool, name="global_max_pool"):
    """The largest value of each channel over the whole image, or of each feature over all steps of a sequence.

    (height, width, channels) becomes (channels,), whatever the height and width; padded steps of a sequence do not count.
    """

    reads = "y"
    keeps_sign = True

    def saved(self, x):
        return {"winner": Saved(x[-1:], "int32")}

    def forward(self, ctx):
        kernels.pool.global_max(ctx.y, ctx.winner, self.pixels(ctx.x), self.ends(ctx))

    def backward_input(self, ctx):
        kernels.pool.global_max_backward(
            self.pixels(ctx.dx), ctx.dy, ctx.winner, ctx.y, self.ends(ctx), ctx.dy_slope
        )
