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
    def depth(self) -> int:
        """How many values each output is a sum of."""
        return self.kernel[0] * self.kernel[1] * (self.channels // self.groups)
