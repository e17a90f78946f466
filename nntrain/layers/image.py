"""Image layers without parameters: upsampling, zero padding, dropout of channels."""

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from nntrain import kernels
from nntrain.layers.context import LayerContext, Saved, Shape
from nntrain.layers.dropout import random_key
from nntrain.layers.layer import Layer
from nntrain.layers.pool import ALL
from nntrain.layers.require import require_image, require_last_axis
from nntrain.layers.window import Margin, Sizes, pair
from nntrain.options import Several

Sides = (
    Margin | Annotated[Several[Margin], Field(min_length=2, max_length=2)]
)  # of one axis: before and after


class Upsample2d(Layer, name="upsample2d"):
    """Nearest-neighbour upsampling: repeats each pixel `factor` times in both directions.

    Images are (height, width, channels). With a convolution after it, an alternative to `conv2d_transpose`.
    """

    factor: Sizes = Field(
        2, description="repetitions of each pixel: one number, or a list of rows and columns"
    )

    reads = ""
    initializer_from_next = True
    example_inputs: ClassVar = ((3, 2, 2),)

    def output_shape(self, x: Shape) -> Shape:
        require_image(x)
        down, across = pair(self.factor)
        return down * x[0], across * x[1], x[2]

    def forward(self, ctx: LayerContext) -> None:
        kernels.pool.window_means_backward(ctx.y, ctx.x, ALL, self._sizes(), False)

    def backward_input(self, ctx: LayerContext) -> None:
        kernels.pool.window_means(ctx.dx, ctx.dy, ALL, self._sizes(), False)

    def _sizes(self) -> tuple[int, ...]:
        """A kernels.geometry.Window, as a plain tuple: each pixel of the input is a window of the output."""
        return *pair(self.factor), *pair(self.factor), 0, 0, 1, 1


class ZeroPad2d(Layer, name="zero_pad2d"):
    """Zero padding: adds a border of zeros around an image (height, width, channels)."""

    padding: Margin | Annotated[Several[Sides], Field(min_length=2, max_length=2)] = Field(
        1,
        description="width of the border in pixels: one number, or a list for rows and columns, each of which can be a list "
        "[before, after]",
    )

    reads = ""
    initializer_from_next = True
    example_inputs: ClassVar = ((3, 2, 2),)

    def output_shape(self, x: Shape) -> Shape:
        require_image(x)
        return *(size + sum(pair(sides)) for size, sides in zip(x, pair(self.padding), strict=False)), x[2]

    def forward(self, ctx: LayerContext) -> None:
        ctx.y.fill(0)
        np.copyto(self._inside(ctx.y, ctx.x), ctx.x)

    def backward_input(self, ctx: LayerContext) -> None:
        np.copyto(ctx.dx, self._inside(ctx.dy, ctx.dx))

    def _inside(self, padded: np.ndarray, image: np.ndarray) -> np.ndarray:
        """The part of `padded` that holds the image."""
        top, left = (pair(sides)[0] for sides in pair(self.padding))
        return padded[:, top : top + image.shape[1], left : left + image.shape[2]]


class SpatialDropout(Layer, name="spatial_dropout"):
    """Spatial dropout: in training, sets whole channels of a sample to 0 with probability `rate` and divides the others by
    `1 - rate`.

    Evaluation is the identity. Neighbouring pixels are strongly correlated, so `dropout` of single pixels removes little
    information. Channels are on the last axis.

    Source: Tompson et al. 2015, Efficient object localization using convolutional networks.
    """

    rate: float = Field(ge=0, lt=1, description="probability that a channel is set to 0")

    reads = ""
    initializer_from_next = True
    only_in_training = True
    example: ClassVar = {"rate": 0.5}
    example_inputs: ClassVar = ((3, 2, 4),)

    def output_shape(self, x: Shape) -> Shape:
        require_last_axis(x)
        return x

    def saved(self, x: Shape) -> dict[str, Saved]:
        return {"kept": Saved(x[-1:], "uint8")}

    def forward(self, ctx: LayerContext) -> None:
        if ctx.info.training:
            kernels.dropout.choose(ctx.kept.reshape(-1), random_key(ctx, "spatial_dropout"), self.rate)
            kernels.dropout.keep_channels(_pixels(ctx.y), _pixels(ctx.x), ctx.kept, self.rate)
        else:
            np.copyto(ctx.y, ctx.x)

    def backward_input(self, ctx: LayerContext) -> None:
        if ctx.info.training:
            kernels.dropout.keep_channels(_pixels(ctx.dx), _pixels(ctx.dy), ctx.kept, self.rate)
        else:
            np.copyto(ctx.dx, ctx.dy)


def _pixels(array: np.ndarray) -> np.ndarray:
    """(rows, pixels, channels), without a copy."""
    return array.reshape(len(array), -1, array.shape[-1])
