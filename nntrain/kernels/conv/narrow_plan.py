"""When the kernels for few filters and few channels pay, and how they split their work. Computed once per shape."""

import functools
from typing import NamedTuple

import numpy as np

from nntrain.kernels import host
from nntrain.kernels.conv.plan import IMAGE_BYTES, LINE, MOST_PARTS, PARTS, SHORT, aligned, up
from nntrain.kernels.geometry import Geometry
from nntrain.kernels.packing import SLACK
from nntrain.kernels.tile import ROWS

# Bytes of the planes of a band, at most: two thirds of an L1 cache of 48 KiB.
BAND_BYTES = 1 << 15
# Tiles of the output: filters x vectors of pixels; of the weight gradient: neighbouring taps of a row of the kernel x filters.
FEW_FILTERS, SOME_FILTERS, PIXELS = (4, 6, 4) if ROWS > 8 else (4, 6, 2)
TAPS, FEW_TAPS, FILTERS = (5, 3, 3) if ROWS > 8 else (5, 3, 2)


class Planes(NamedTuple):
    """How conv.planes computes; sizes in values."""

    workers: int
    rows: int  # of the batch
    bands: int  # of output rows that an image is split into
    parts: int  # of the batch, each with its own sums of the weight gradient
    image_height: int
    image_width: int
    channels: int
    filters: int
    down: int  # rows of the kernel
    across: int  # columns of the kernel
    above: int  # padding
    left: int
    dilation_down: int
    dilation_across: int
    output: int  # rows
    columns: int  # of the output
    line: int  # from one row of a plane to the next
    plane: int  # size of a plane
    height: int  # filters of a tile
    ones: int  # where a row of ones begins
    weights: int  # size of the packed weights and the ones
    slots: int  # columns of the kernel, rounded up for tiles of taps
    pitch: int  # size of the sums of one tap
    size: int  # of the sums of a part
    own: int  # size of each worker's memory


class Runs(NamedTuple):
    """How conv.runs computes the input gradient; sizes and steps in values."""

    workers: int
    rows: int  # of the batch
    bands: int  # of image rows
    image_height: int
    image_width: int
    channels: int
    filters: int
    down: int  # rows of the kernel
    across: int  # columns of the kernel
    stride_down: int
    stride_across: int
    dilation: int  # down
    above: int  # padding
    left: int
    output: int  # rows
    columns: int  # of the output
    vectors: int  # of a tile
    width: int  # of a panel
    panels: int
    panel: int  # size of the weights of a panel and one row of the kernel
    before: int  # pixels of zeros before the products of a row
    line: int  # size of the products of a row of outputs, with the zeros around them
    held: int  # size of the copy of the output gradients of a band
    own: int  # size of each worker's memory


def lanes_of(itemsize: int) -> int:
    return host.VECTOR_BYTES // itemsize


@functools.lru_cache(maxsize=1024)
def suits_planes(g: Geometry, itemsize: int, gradient: bool) -> bool:
    """Few filters, whose values would fill at most half of a vector; for the weight gradient also few channels.

    With more channels the tiles of conv.weights are full: they are values of x times filters. Sequences, whose length may differ
    from batch to batch, have one algorithm for all lengths.
    """
    lanes = lanes_of(itemsize)
    few = 2 * g.filters <= lanes and (2 * g.channels <= lanes or not gradient)
    simple = g.groups == 1 and g.stride == (1, 1) and g.kernel[0] > 1
    return simple and few and g.output[0] * g.output[1] >= 4 * lanes


@functools.lru_cache(maxsize=1024)
def suits_runs(g: Geometry, itemsize: int) -> bool:
    """Few channels, of which the columns of the kernel fill a vector better.

    Counts multiplications of vectors for one row of the image, and four to load and add each term, 16 to finish each pixel.
    """
    lanes, (down, across) = lanes_of(itemsize), g.kernel
    simple = g.groups == 1 and g.dilation[1] == 1 and g.stride[1] < across and down > 1
    if not simple or 2 * g.channels > lanes or g.output[1] < SHORT:
        return False
    products = (
        down / g.stride[0] * g.filters * up(g.output[1], SHORT) * SHORT * up(across * g.channels, lanes)
    )
    terms = across / g.stride[1]
    by_runs = products + g.image[1] * (4 * terms + 16)
    by_pixels = down / g.stride[0] * terms * g.filters * up(g.image[1], SHORT) * SHORT
    return by_runs < 0.95 * by_pixels


def _bands(rows: int, height: int, least: int, workers: int) -> int:
    """Into how many bands an image is split: at least so many, and enough for each thread to have a share of few images."""
    wanted = up(4 * workers, max(rows, 1)) if workers > 1 else 1
    return max(1, min(up(height, SHORT), max(wanted, least)))


@functools.lru_cache(maxsize=4096)
def planes(g: Geometry, rows: int, workers: int, itemsize: int, gradient: bool) -> tuple[Planes, np.ndarray]:
    """The plan, and where each tap of each channel reads, as conv.planes.forward takes them."""
    lanes, taps = lanes_of(itemsize), g.kernel[0] * g.kernel[1]
    line = g.output[1] + (g.kernel[1] - 1) * g.dilation[1]
    least = up(g.output[0] * line * (g.channels + g.filters) * itemsize, BAND_BYTES)
    # Those of the gradient are the same for any number of threads: its sums are taken band by band.
    bands = _bands(rows, g.output[0], least, 1 if gradient else workers)
    held = up(g.output[0], bands) + (g.kernel[0] - 1) * g.dilation[0]
    # A last tile reads and writes beyond its rows.
    plane = aligned(held * line + (PIXELS + 1) * lanes + (TAPS + g.kernel[1]) * g.dilation[1])
    height = SOME_FILTERS if FEW_FILTERS < g.filters <= SOME_FILTERS else FEW_FILTERS
    panels = up(g.filters, height)
    ones = aligned(panels * height * (1 + taps * g.channels))
    weights = ones + aligned(PIXELS * lanes)
    slots, pitch = (up(g.kernel[1], TAPS) + 1) * TAPS, up(g.filters, FILTERS) * FILTERS * lanes
    size = g.channels * g.kernel[0] * slots * pitch
    results = max(panels * height, up(g.filters, FILTERS) * FILTERS, lanes // 2)
    plan = Planes(
        workers,
        rows,
        bands,
        max(1, min(rows, MOST_PARTS, max(4, PARTS // size))),
        *g.image,
        g.channels,
        g.filters,
        *g.kernel,
        *g.before,
        *g.dilation,
        *g.output,
        line,
        plane,
        height,
        ones,
        weights,
        slots,
        pitch,
        size,
        weights + (g.channels + results) * plane,
    )
    offsets = [
        c * plane + u * g.dilation[0] * line + v * g.dilation[1]
        for c in range(g.channels)
        for u in range(g.kernel[0])
        for v in range(g.kernel[1])
    ]
    return plan, np.array(offsets)


@functools.lru_cache(maxsize=4096)
def runs(g: Geometry, rows: int, workers: int, itemsize: int) -> Runs:
    lanes = lanes_of(itemsize)
    run = g.kernel[1] * g.channels
    vectors = 1 if run <= lanes else 2
    width = vectors * lanes
    panels = up(run, width)
    least = up(g.output[0] * g.output[1] * g.filters * itemsize, IMAGE_BYTES)
    bands = _bands(rows, g.image[0], least, workers)
    # Output columns (j + left - v) / stride, for pixels j and columns v of the kernel.
    first = (g.before[1] - g.kernel[1] + 1) // g.stride[1]
    last = (g.image[1] - 1 + g.before[1]) // g.stride[1]
    before = max(0, -first)
    pixels = before + max(g.output[1], last + 1)
    line = aligned(pixels * panels * width + lanes)
    reach = up(up(g.image[0], bands) + (g.kernel[0] - 1) * g.dilation[0], g.stride[0]) + 1
    held = min(reach, g.output[0]) * g.output[1] * g.filters
    panel = (g.filters + SLACK) * width
    own = aligned(g.kernel[0] * panels * panel) + 2 * line + aligned(held + SHORT * g.filters + LINE)
    return Runs(
        workers,
        rows,
        bands,
        *g.image,
        g.channels,
        g.filters,
        *g.kernel,
        *g.stride,
        g.dilation[0],
        *g.before,
        *g.output,
        vectors,
        width,
        panels,
        panel,
        before,
        line,
        held,
        own,
    )
