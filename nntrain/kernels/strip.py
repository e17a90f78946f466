"""Strips: tiles of one row, read from and written to a place where fewer columns may be left than the strip has."""

from nntrain.kernels import tile
from nntrain.kernels.jit import inline


@inline
def read(like, x, at, columns):
    """A strip as long as `like` of x from `at` on, of which `columns` values exist; beyond them it is 0."""
    return (
        tile.load(like, x, at, 0)
        if columns >= tile.columns(like)
        else tile.load_part(like, x, at, 0, 1, columns)
    )


@inline
def write(strip, x, at, columns):
    """The first `columns` values of a strip to x from `at` on."""
    if columns >= tile.columns(strip):
        tile.store(strip, x, at, 0)
    else:
        tile.store_part(strip, x, at, 0, 1, columns)
