"""The sizes of a convolution, as layers and kernels exchange them; apart from the kernels, so that it needs no numba."""

from typing import NamedTuple

Pair = tuple[int, int]  # of rows and columns


class Geometry(NamedTuple):
    """`before` is the padding above and to the left; that below and to the right follows from `output`."""

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
    def plain(self) -> bool:
        """Whether every pixel is treated alone: a matrix product."""
        return self.kernel == self.stride == (1, 1) and self.groups == 1 and self.image == self.output

    @property
    def suits_winograd(self) -> bool:
        """Whether kernels.winograd does it faster. By these sizes alone, so that the rows of a short batch have the same bits.

        Measured on 3x3 filters, direct against Winograd, GFLOP/s of the direct way: 16 channels of 32x32 270 to 480, 64 of 32x32
        350 to 1070, 256 of 8x8 320 to 990. Below a vector of channels and a tile of 4x4 it was not measured, and gains nothing.
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
        """How many values each output is a sum of."""
        return self.kernel[0] * self.kernel[1] * (self.channels // self.groups)
