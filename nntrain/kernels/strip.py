"""Strips: tiles of one row, whose loads and stores are masked where fewer columns are left than the strip has."""

from nntrain.kernels import tile
from nntrain.kernels.jit import inline

# Bytes from which on an output is written past the caches. What a layer writes in training was last used a step ago, so its old
# values would be read from memory first: 0.57 -> 0.29 ms for 8 MB of batch norm, and 0.92 -> 0.66 ms in a training step, where the
# convolution that reads it next takes as long as before.
STREAMED = 4 << 20
LINE_BYTES = 64


@inline
def read(like, x, at, columns):
    """A strip of the shape of `like` from x[at]; only `columns` values exist, the rest is 0."""
    return (
        tile.load(like, x, at, 0)
        if columns >= tile.columns(like)
        else tile.load_part(like, x, at, 0, 1, columns)
    )


@inline
def write(strip, x, at, columns):
    """Stores the first `columns` values of a strip from x[at] on."""
    if columns >= tile.columns(strip):
        tile.store(strip, x, at, 0)
    else:
        tile.store_part(strip, x, at, 0, 1, columns)


@inline
def suits_streaming(y, row, width):
    """Whether y is large enough for `tile.stream`, and strips of `width` values in its rows are whole cache lines."""
    return y.size * y.itemsize >= STREAMED and row % width == 0 and tile.address(y, 0) % LINE_BYTES == 0


@inline
def pixel_offset(shape, row, i, j, channel):
    """Where x[row, i, j, channel] lies in an array of a shape (rows, height, width, channels)."""
    return ((row * shape[1] + i) * shape[2] + j) * shape[3] + channel
