"""The geometry of convolution and pooling, as layers pass it to kernels. Importing it does not load numba."""

from typing import NamedTuple

Pair = tuple[int, int]  # of rows and columns


class Geometry(NamedTuple):
    """A convolution. `before` is the padding above and to the left; the padding below and to the right follows from `output`."""

    image: Pair
    channels: int
    filters: int
    kernel: Pair
    stride: Pair
    dilation: Pair
    before: Pair
    output: Pair
    groups: int = 1

    @property
    def pointwise(self) -> bool:
        """Whether every pixel is computed alone: a matrix product."""
        return self.kernel == self.stride == (1, 1) and self.groups == 1 and self.image == self.output

    @property
    def suits_winograd(self) -> bool:
        """Whether Winograd's algorithm is faster. Depends on these sizes only, so the rows of a short batch have the same bits.

        Measured on 3x3 kernels, direct and Winograd, in GFLOP/s of the direct algorithm: 16 channels of 32x32 pixels 270 and 480,
        64 of 32x32 350 and 1070, 256 of 8x8 320 and 990. Fewer channels than a vector or less than a tile of 4x4 gain nothing.
        """
        simple = self.kernel == (3, 3) and self.stride == self.dilation == (1, 1) and self.groups == 1
        return (
            simple
            and min(self.channels, self.filters) >= 16
            and min(self.output) >= 4
            and max(self.before) <= 2
        )

    @property
    def depth(self) -> int:
        """How many products each output sums."""
        return self.kernel[0] * self.kernel[1] * (self.channels // self.groups)


class Window(NamedTuple):
    """The window of a pooling layer or of a depthwise convolution."""

    height: int
    width: int
    down: int  # stride
    across: int
    above: int  # padding
    left: int
    dilation_down: int
    dilation_across: int
