"""Layers of images that learn nothing: larger ones, with an edge of zeros, with whole channels dropped."""

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from nntrain import kernels
from nntrain.layers.dropout import moment
from nntrain.layers.layer import Layer, Saved, require_image, require_last_axis
from nntrain.layers.pool import ALL
from nntrain.layers.window import Margin, Sizes, pair
from nntrain.options import Several

Sides = (
    Margin | Annotated[Several[Margin], Field(min_length=2, max_length=2)]
)  # of one axis: before and after


class Upsample2d(Layer, name="upsample2d"):
    """Repeats each pixel of an image `factor` times in both directions: (height, width, channels) becomes a larger image.

    A pixel of the output is the nearest one of the input. A convolution after it learns what to put in between.
    """

    factor: Sizes = Field(
        2, description="how often each pixel is repeated: one number, or a list of two, down and across"
    )

    reads = ""
    initializer_from_next = True
    example_inputs: ClassVar = ((3, 2, 2),)

    def output_shape(self, x):
        require_image(x)
        down, across = pair(self.factor)
        return down * x[0], across * x[1], x[2]

    def forward(self, ctx):
        kernels.pool.window_means_backward(ctx.y, ctx.x, ALL, self._sizes(), False)

    def backward_input(self, ctx):
        kernels.pool.window_means(ctx.dx, ctx.dy, ALL, self._sizes(), False)

    def _sizes(self):
        """As kernels.pool takes them: each pixel of the input is a window of the output."""
        return *pair(self.factor), *pair(self.factor), 0, 0


class ZeroPad2d(Layer, name="zero_pad2d"):
    """Puts an edge of zeros around an image: (height, width, channels) becomes a larger image."""

    padding: Margin | Annotated[Several[Sides], Field(min_length=2, max_length=2)] = Field(
        1,
        description="how many pixels wide the edge is: one number, or a list of two, for rows and columns, each of which can "
        "be a list of two again, before and after",
    )

    reads = ""
    initializer_from_next = True
    example_inputs: ClassVar = ((3, 2, 2),)

    def output_shape(self, x):
        require_image(x)
        return *(size + sum(pair(sides)) for size, sides in zip(x, pair(self.padding), strict=False)), x[2]

    def forward(self, ctx):
        ctx.y.fill(0)
        np.copyto(self._inside(ctx.y, ctx.x), ctx.x)

    def backward_input(self, ctx):
        np.copyto(ctx.dx, self._inside(ctx.dy, ctx.dx))

    def _inside(self, padded, image):
        """The part of `padded` that holds the image."""
        top, left = (pair(sides)[0] for sides in pair(self.padding))
        return padded[:, top : top + image.shape[1], left : left + image.shape[2]]


class SpatialDropout(Layer, name="spatial_dropout"):
    """In training sets whole channels of a sample to 0 with probability `rate` and divides the others by `1 - rate`; evaluation
    changes nothing.

    Neighbouring pixels are so alike that `dropout` takes little from an image, since what it drops stands next to where it was. A
    channel is one place of the last axis.

    Source: Tompson et al. 2015, Efficient object localization using convolutional networks.
    """

    rate: float = Field(ge=0, lt=1, description="the share of channels set to 0")

    reads = ""
    random = True
    initializer_from_next = True
    example: ClassVar = {"rate": 0.5}
    example_inputs: ClassVar = ((3, 2, 4),)

    def output_shape(self, x):
        require_last_axis(x)
        return x

    def saved(self, x):
        return {"kept": Saved(x[-1:], "uint8")}

    def forward(self, ctx):
        if ctx.info.training:
            kernels.dropout.choose(ctx.kept.reshape(-1), moment(ctx, "spatial_dropout"), self.rate)
            kernels.dropout.keep_channels(_pixels(ctx.y), _pixels(ctx.x), ctx.kept, self.rate)
        else:
            np.copyto(ctx.y, ctx.x)

    def backward_input(self, ctx):
        if ctx.info.training:
            kernels.dropout.keep_channels(_pixels(ctx.dx), _pixels(ctx.dy), ctx.kept, self.rate)
        else:
            np.copyto(ctx.dx, ctx.dy)


def _pixels(array):
    """(rows, pixels, channels), without a copy."""
    return array.reshape(len(array), -1, array.shape[-1])
