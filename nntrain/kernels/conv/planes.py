"""Convolutions of few filters: neighbouring pixels fill the vectors.

With 6 filters of 16 lanes, a tile of pixels x filters leaves ten lanes of each multiplication idle. Here each channel of the image
is copied to a plane of its own, whose rows follow one another without a gap, so that a tap of the kernel reads every pixel at the
same distance. A tile of the output is filters x pixels; pixels beyond the end of a row are computed in vain. The planes of the
output are interleaved when they are stored. The weight gradient is the sum over all pixels of planes of x times planes of dy, vector
by vector; the lanes are added at the end.
"""

from typing import NamedTuple

import numpy as np

from nntrain.kernels import tile
from nntrain.kernels.conv.narrow_plan import (
    FEW_FILTERS,
    FEW_TAPS,
    FILTERS,
    PIXELS,
    SOME_FILTERS,
    TAPS,
    Planes,
)
from nntrain.kernels.conv.source import clear, copy
from nntrain.kernels.jit import inline, kernel, prange
from nntrain.kernels.product_tile import LEAKY_RELU, RELU
from nntrain.kernels.strip import read, write


class Area(NamedTuple):
    """Output rows top ... bottom - 1 of an image, and where the planes that they are made from begin in the workspace."""

    image: int
    top: int
    bottom: int
    source: int


@inline
def _split(workspace, area, x, p):
    """The padded rows of x that an area reads, one plane for each channel."""
    first, lanes = area.top - p.above, tile.lanes(workspace)
    count = area.bottom - area.top + (p.down - 1) * p.dilation_down
    lead, skip = min(max(p.left, 0), p.line), max(-p.left, 0)
    pixels = max(0, min(p.image_width - skip, p.line - lead))
    for i in range(count):
        row, at = first + i, area.source + i * p.line
        start = ((area.image * p.image_height + row) * p.image_width + skip) * p.channels
        if row < 0 or row >= p.image_height:
            for c in range(p.channels):
                clear(workspace, at + c * p.plane, p.line)
        elif p.channels == 1:
            clear(workspace, at, lead)
            copy(workspace, at + lead, x, start, pixels)
            clear(workspace, at + lead + pixels, p.line - lead - pixels)
        else:
            for c in range(p.channels):
                clear(workspace, at + c * p.plane, lead)
            # Vectors may go beyond the row: what they write there is overwritten, or never used.
            for j in range(0, pixels, lanes):
                for c in range(0, p.channels, lanes // 2):
                    to, here = at + c * p.plane + lead + j, start + j * p.channels + c
                    tile.to_planes(
                        workspace,
                        to,
                        p.plane,
                        x,
                        here,
                        p.channels,
                        pixels - j,
                        min(p.channels - c, lanes // 2),
                    )
            for c in range(p.channels):
                clear(workspace, at + c * p.plane + lead + pixels, p.line - lead - pixels)
    for c in range(p.channels):
        clear(workspace, area.source + c * p.plane + count * p.line, p.plane - count * p.line)


@kernel
def forward(y, x, w, bias, workspace, room, plan, offsets, code, slope):
    """All arrays are flat; bias may be empty; `offsets`: of each tap of each channel. `room` is the workspace as floats: no rounding.

    Every value of y is one chain of multiply-adds, so threads change no bits.
    """
    p = Planes(*plan)
    for worker in prange(p.workers):
        _images(np.int64(worker), y, x, w, bias, workspace, room, p, offsets, code, slope)


@inline
def _images(worker, y, x, w, bias, workspace, room, p, offsets, code, slope):
    at, units = worker * p.own, p.rows * p.bands
    first, last = worker * units // p.workers, (worker + 1) * units // p.workers
    if first < last:
        _pack(room, workspace, at, w, bias, p)
    source = at + p.weights
    result = source + p.channels * p.plane
    for unit in range(first, last):
        image, band = unit // p.bands, unit % p.bands
        area = Area(image, band * p.output // p.bands, (band + 1) * p.output // p.bands, source)
        _split(workspace, area, x, p)
        for n in range(0, p.filters, p.height):
            weights, to = at + n * (1 + offsets.size), result + n * p.plane
            places = weights, at + p.ones, to
            if p.height == SOME_FILTERS:
                _products(
                    tile.zeros(y, SOME_FILTERS, PIXELS),
                    workspace,
                    room,
                    places,
                    offsets,
                    area,
                    p,
                    code,
                    slope,
                )
            else:
                _products(
                    tile.zeros(y, FEW_FILTERS, PIXELS), workspace, room, places, offsets, area, p, code, slope
                )
        for i in range(area.bottom - area.top):
            for j in range(0, p.columns, tile.lanes(y)):
                to = ((image * p.output + area.top + i) * p.columns + j) * p.filters
                tile.from_planes(
                    y, to, p.filters, room, result + i * p.line + j, p.plane, p.columns - j, p.filters
                )


@inline
def _pack(room, workspace, at, w, bias, p):
    """For each panel of filters: their bias, then the weights of each tap of each channel; and a row of ones."""
    taps = p.down * p.across
    for n in range(0, p.filters, p.height):
        here = at + n * (1 + taps * p.channels)
        for k in range(1 + taps * p.channels):
            c, tap = (k - 1) // taps, (k - 1) % taps
            for i in range(p.height):
                value = room.dtype.type(0)
                if n + i < p.filters:
                    if k > 0:
                        value = w[(tap * p.channels + c) * p.filters + n + i]
                    elif bias.size > 0:
                        value = bias[n + i]
                room[here + k * p.height + i] = value
        copy(workspace, here + p.height, room, here + p.height, taps * p.channels * p.height)  # rounds
    for k in range(PIXELS * tile.lanes(room)):
        room[at + p.ones + k] = room.dtype.type(1)


@inline
def _products(blank, workspace, room, places, offsets, area, p, code, slope):
    """The planes of a panel of filters: a tile is filters x pixels. `offsets`: where each tap of each channel reads.

    places: where the weights, the ones and the result begin in the workspace.
    """
    (weights, ones, result), width, height = places, tile.columns(blank), tile.rows(blank)
    for q in range(0, (area.bottom - area.top) * p.line, width):
        t = tile.outer(blank, room, weights, 1, room, ones)  # the bias
        for k in range(offsets.size):
            here = area.source + q + offsets[k]
            t = tile.outer(t, workspace, weights + (k + 1) * height, 1, workspace, here)
        if code == RELU:
            t = tile.relu(t)
        elif code == LEAKY_RELU:
            t = tile.leaky_relu(t, slope)
        tile.store(t, room, result + q, p.plane)


@kernel
def weight_sums(sums, x, dy, workspace, plan):
    """sums: for each part of the batch, each tap of each channel and each filter, a vector of products."""
    p = Planes(*plan)
    for worker in prange(p.workers):
        number = np.int64(worker)
        for part in range(number * p.parts // p.workers, (number + 1) * p.parts // p.workers):
            _part(part, number * p.own, sums, x, dy, workspace, p)


@inline
def _part(part, at, sums, x, dy, workspace, p):
    clear(sums, part * p.size, p.size)
    gradients = at + p.channels * p.plane
    for image in range(part * p.rows // p.parts, (part + 1) * p.rows // p.parts):
        for band in range(p.bands):
            area = Area(image, band * p.output // p.bands, (band + 1) * p.output // p.bands, at)
            _split(workspace, area, x, p)
            _split_gradients(workspace, gradients, dy, area, p)
            for c in range(p.channels):
                for u in range(p.down):
                    v = 0
                    while v < p.across:
                        to = part * p.size + ((c * p.down + u) * p.slots + v) * p.pitch
                        source = at + c * p.plane + u * p.dilation_down * p.line + v * p.dilation_across
                        if p.across - v > FEW_TAPS:
                            _taps(
                                tile.zeros(dy, TAPS, FILTERS), sums, to, workspace, source, gradients, area, p
                            )
                            v += TAPS
                        else:
                            _taps(
                                tile.zeros(dy, FEW_TAPS, FILTERS),
                                sums,
                                to,
                                workspace,
                                source,
                                gradients,
                                area,
                                p,
                            )
                            v += FEW_TAPS


@inline
def _split_gradients(workspace, at, dy, area, p):
    """One plane of dy for each filter, with zeros beyond the end of its rows."""
    lanes, count = tile.lanes(dy), area.bottom - area.top
    for i in range(count):
        end = p.line + lanes if i + 1 == count else p.line
        for j in range(0, end, lanes):
            start = ((area.image * p.output + area.top + i) * p.columns + j) * p.filters
            tile.to_planes(
                workspace, at + i * p.line + j, p.plane, dy, start, p.filters, p.columns - j, p.filters
            )


@inline
def _taps(blank, sums, to, workspace, source, gradients, area, p):
    """Adds the products of an area for a few neighbouring taps, the rows of `blank`, and all filters, its vectors."""
    lanes = tile.lanes(sums)
    for n in range(0, p.filters, FILTERS):
        t = tile.load(blank, sums, to + n * lanes, p.pitch)
        for q in range(0, (area.bottom - area.top) * p.line, lanes):
            a, b = source + q, gradients + n * p.plane + q
            t = tile.add_pairs(t, workspace, a, p.dilation_across, workspace, b, p.plane)
        tile.store(t, sums, to + n * lanes, p.pitch)


@kernel
def fold(dw, sums, plan):
    """dw (taps, channels, filters) = the sums of all parts, in their order, and then of the lanes."""
    p = Planes(*plan)
    lanes, vector = tile.lanes(dw), tile.zeros(dw, 1, 1)
    for tap in prange(p.down * p.across):
        u, v = np.int64(tap) // p.across, np.int64(tap) % p.across
        for c in range(p.channels):
            for n in range(p.filters):
                at = ((c * p.down + u) * p.slots + v) * p.pitch + n * lanes
                total = read(vector, sums, at, lanes)
                for part in range(1, p.parts):
                    total = tile.add_row(total, tile.load(vector, sums, part * p.size + at, 0))
                write(total, sums, at, lanes)
                folded = sums[at]
                for lane in range(1, lanes):
                    folded += sums[at + lane]
                dw[(np.int64(tap) * p.channels + c) * p.filters + n] = folded
