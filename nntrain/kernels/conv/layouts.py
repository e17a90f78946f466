"""What the kernels of a convolution are passed: named sizes and offsets, as conv.plan computes them."""

from typing import NamedTuple


class SourceLayout(NamedTuple):
    """A Source as kernels take it, with the channels of the whole image."""

    image_height: int
    image_width: int
    image_channels: int
    rows: int
    columns: int
    above: int  # padding
    left: int
    step_down: int
    step_across: int
    channels: int  # of a group


class GridLayout(NamedTuple):
    """A Grid as kernels take it, a row of a table; steps and strides in values."""

    rows: int
    columns: int
    start: int  # of an image, in what is written
    row_step: int  # from one written row to the next
    pixel_step: int
    row_stride: int  # from the source of one row to that of the next
    pixel_stride: int
    first_chunk: int
    end_chunk: int
    weights: int  # where they begin in a panel


class Packing(NamedTuple):
    """How conv.pixels packs the weights."""

    groups: int
    filters: int  # of a group
    channels: int  # of a group
    width: int  # of a panel
    panel: int  # size of a panel


class Pixels(NamedTuple):
    """How conv.pixels writes grids; sizes and steps in values unless stated otherwise."""

    workers: int
    rows: int  # of the batch
    groups: int
    outputs: int  # of a group
    sets: int  # of images that are computed together
    bands: int  # of rows that an image is split into
    longest: int  # rows of the longest grid
    kind: int  # of TILES
    height: int  # of a tile
    width: int
    panel: int  # size of a panel of weights
    images: int  # offset of the workers' memory in the workspace
    own: int  # size of each worker's memory
    held: int  # size of the copy of an image's band
    stride: int  # rows of the source from one row of a grid to the next
    reach: int  # rows of the source that one row of a grid needs
    written: int  # size of an image of what is written
    values: int  # size of an image of what is read
    fetch: int  # cache lines to prefetch with each tile


class Weights(NamedTuple):
    """How conv.weights adds up; sizes and steps in values unless stated otherwise."""

    workers: int
    rows: int  # of the batch
    groups: int
    filters: int  # of a group
    total: int  # filters of all groups
    parts: int  # of the batch, each with its own sums
    splits: int  # of the panels of a part
    kind: int  # of TILES
    height: int  # of a tile
    width: int
    depth: int  # rows of the gradient
    held: int  # copies of images
    lines: int  # of pixels in a block
    own: int  # size of each worker's memory
    output: int  # rows of pixels of an image
    columns: int
    row_stride: int
    pixel_stride: int
    image: int  # size of the copy of an image
    values: int  # size of an image of x
    fetch_x: int  # cache lines to prefetch with each tile
    fetch_dy: int
