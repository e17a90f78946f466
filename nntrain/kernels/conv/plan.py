"""Plans of a convolution: which inputs each tap of the kernel reads, computed once per shape.

The output and the gradient of the input are sums of the same kind: a grid of pixels to write, and for each of them a few
runs of neighbouring values to read, at the same offsets for all pixels. A `Grid` is one such sum. The output is one grid;
the input's gradient is one per phase of the stride, since only every stride-th output reaches a given pixel.
"""

import functools
from typing import NamedTuple

import numpy as np

from nntrain.kernels import host
from nntrain.kernels.conv.layouts import GridLayout, Packing, Pixels, SourceLayout, Weights
from nntrain.kernels.geometry import Geometry, Pair
from nntrain.kernels.tile import ROWS, VECTORS

# Tiles are ROWS x VECTORS; SHORT x VECTORS, which divides the usual widths of images; SLIM or SHORT x 1 for few filters.
SHORT = 8 if ROWS > 8 else 4
SLIM = 2 * SHORT
TILES = ((ROWS, VECTORS), (SHORT, VECTORS), (SLIM, 1), (SHORT, 1))
SPEEDS = (1, 0.93, 0.8, 0.7 if ROWS > 8 else 0.5)  # measured with AVX-512: 400, 370 and 320 GFLOP/s

# Values of k per chunk, whose weights stay in the L1 cache for all pixels: 256 of 128 bytes (AVX-512) are two thirds of it.
DEPTH = 256
# Bytes of padded images that one thread holds at a time, in its L2 cache together with weights and output.
IMAGE_BYTES = 3 << 17
# Pixels per block of the weight gradient, whose output gradients stay in the L1 cache, 128 bytes each.
PIXELS = 192
# Values in all partial sums of the weight gradient, at most, unless two parts need more.
PARTS = 1 << 20
MOST_PARTS = 16
LINE = 16  # values in a cache line of float32; areas of the workspace start at multiples of it


class Source(NamedTuple):
    """The copy of one group of an image's channels that a thread works from: `size` pixels of `channels` values.

    Pixel (i, j) of it is pixel (i * step - before) of the image, or 0 outside.
    """

    image: Pair
    size: Pair
    before: Pair
    step: Pair
    channels: int


class Grid(NamedTuple):
    """Pixels written: every `step`-th from `first`, `size` of them. They read from `stride` times their number on.

    `runs` are (offset in the source, how many values), `taps` the taps of the kernel in the same order.
    """

    size: Pair
    first: Pair
    step: Pair
    stride: Pair
    runs: tuple[Pair, ...]
    taps: tuple[int, ...]


def up(whole: int, part: int) -> int:
    """whole / part, rounded up."""
    return -(-whole // part)


def aligned(size: int) -> int:
    return up(size, LINE) * LINE


@functools.lru_cache(maxsize=1024)
def of_output(geometry: Geometry) -> tuple[Source, tuple[Grid, ...]]:
    """The source and the grid of the output; the weight gradient reads the same."""
    g = geometry
    channels = g.channels // g.groups
    places = [(i, j) for i in range(g.kernel[0]) for j in range(g.kernel[1])]
    if len(places) == 1:  # only the pixels that are read need copying
        size, step, stride = g.output, g.stride, (1, 1)
    else:
        size = tuple((g.output[a] - 1) * g.stride[a] + (g.kernel[a] - 1) * g.dilation[a] + 1 for a in (0, 1))
        step, stride = (1, 1), g.stride
    starts = [
        ((i * g.dilation[0] * size[1] + j * g.dilation[1]) * channels, n) for n, (i, j) in enumerate(places)
    ]
    source = Source(g.image, size, g.before, step, channels)
    grid = Grid(g.output, (0, 0), (1, 1), stride, *_runs(starts, channels))
    return source, (grid,)


@functools.lru_cache(maxsize=1024)
def of_input_gradient(geometry: Geometry) -> tuple[Source, tuple[Grid, ...]]:
    """The source and the grids of the input gradient: tap k connects `x[i]` and `y[o]` if `i + before = o * stride + k * dilation`."""
    g = geometry
    channels = g.filters // g.groups

    def reached(axis: int, phase: int) -> list[Pair]:
        """(k, o - i // stride) for every tap k that connects i = phase, phase + stride, ... to an output o."""
        distances = [(k, phase + g.before[axis] - k * g.dilation[axis]) for k in range(g.kernel[axis])]
        return [
            (k, distance // g.stride[axis]) for k, distance in distances if distance % g.stride[axis] == 0
        ]

    phases = [
        [
            (phase, up(g.image[axis] - phase, g.stride[axis]), reached(axis, phase))
            for phase in range(min(g.stride[axis], g.image[axis]))
        ]
        for axis in (0, 1)
    ]
    offsets = [[offset for _, _, taps in phases[axis] for _, offset in taps] or [0] for axis in (0, 1)]
    before = (-min(offsets[0]), -min(offsets[1]))
    size = tuple(phases[axis][0][1] + max(offsets[axis]) + before[axis] for axis in (0, 1))
    grids = []
    for top, rows, taps_down in phases[0]:
        for left, columns, taps_across in phases[1]:
            starts = [
                (((down + before[0]) * size[1] + across + before[1]) * channels, i * g.kernel[1] + j)
                for i, down in taps_down
                for j, across in taps_across
            ]
            grids.append(Grid((rows, columns), (top, left), g.stride, (1, 1), *_runs(starts, channels)))
    return Source(g.output, size, before, (1, 1), channels), tuple(grids)


def _runs(starts: list[Pair], channels: int) -> tuple[tuple[Pair, ...], tuple[int, ...]]:
    """Neighbouring pixels read as one run; and the taps in the order in which they are read."""
    runs: list[list[int]] = []
    for start, _ in sorted(starts):
        if runs and sum(runs[-1]) == start:
            runs[-1][1] += channels
        else:
            runs.append([start, channels])
    return tuple((start, count) for start, count in runs), tuple(tap for _, tap in sorted(starts))


def best_tile(runs: int, rows: int, columns: int, itemsize: int) -> tuple[int, int, int]:
    """Which of TILES covers so many tables of rows x columns with the least work; its height and its width in values."""
    lanes = host.VECTOR_BYTES // itemsize

    def work(kind: int) -> float:
        height, vectors = TILES[kind]
        return runs * up(rows, height) * height * up(columns, vectors * lanes) * vectors / SPEEDS[kind]

    kind = min(range(len(TILES)), key=work)
    return kind, TILES[kind][0], TILES[kind][1] * lanes


def _layout(source: Source, channels: int) -> SourceLayout:
    """The source, made from images of so many channels."""
    return SourceLayout(*source.image, channels, *source.size, *source.before, *source.step, source.channels)


@functools.lru_cache(maxsize=4096)
def pixels(
    geometry: Geometry, rows: int, workers: int, itemsize: int, gradient: bool
) -> tuple[Pixels, tuple, tuple]:
    """The plan; what conv.pixels packs weights by: taps in their order, a Packing; and the tables that it computes by.

    Tables: a Pixels, a SourceLayout, grids (grids, fields of GridLayout), chunks: the first piece of each, pieces (pieces, 2):
    offset in the source and depth. Tuples are plain: see jit.py.
    """
    g = geometry
    source, grids = (of_input_gradient if gradient else of_output)(g)
    (image, total), read = (
        ((g.image, g.channels), g.filters) if gradient else ((g.output, g.filters), g.channels)
    )
    outputs, line, stride = total // g.groups, source.size[1] * source.channels, grids[0].stride
    kind, height, width = best_tile(1, max(grid.size[1] for grid in grids), outputs, itemsize)
    panel = (g.kernel[0] * g.kernel[1] * source.channels + host.FLOAT32_LANES) * width
    images = aligned(g.groups * up(outputs, width) * panel)
    longest = max(grid.size[0] for grid in grids)
    reach = max((up(sum(grid.runs[-1]), line) for grid in grids if grid.runs), default=0)
    whole = ((longest - 1) * stride[0] + reach) * line
    wanted = up(4 * workers, rows) if workers > 1 else 1  # for each thread to have a share of few images
    bands = min(longest, max(up(whole * itemsize, IMAGE_BYTES), wanted))
    held = aligned(max(1, (up(longest, bands) - 1) * stride[0] + reach) * line)
    sets = rows if bands > 1 else min(rows, up(up(rows * held * itemsize, IMAGE_BYTES), workers) * workers)
    together = up(rows, sets)
    own = aligned(
        together * held + height * stride[1] * source.channels
    )  # a last tile reads beyond its image

    lines, chunks, pieces, before = [], [0], [], 0
    for grid in grids:
        first = len(chunks) - 1
        _cut(grid.runs, chunks, pieces)
        start = (grid.first[0] * image[1] + grid.first[1]) * total
        lines.append(
            GridLayout(
                *grid.size,
                start,
                row_step=grid.step[0] * image[1] * total,
                pixel_step=grid.step[1] * total,
                row_stride=grid.stride[0] * line,
                pixel_stride=grid.stride[1] * source.channels,
                first_chunk=first,
                end_chunk=len(chunks) - 1,
                weights=before * width,
            )
        )
        before += sum(count for _, count in grid.runs)
    tiles = (
        together
        * g.groups
        * up(outputs, width)
        * sum(
            up(grid.rows, bands) * up(grid.columns, height) * (grid.end_chunk - grid.first_chunk)
            for grid in lines
        )
    )
    values = source.image[0] * source.image[1] * read
    plan = Pixels(
        workers,
        rows,
        g.groups,
        outputs,
        sets,
        bands,
        longest,
        kind,
        height,
        width,
        panel,
        images,
        own,
        held,
        stride[0],
        reach,
        image[0] * image[1] * total,
        values,
        up(together * values, bands * LINE * tiles),
    )
    taps = np.array([tap for grid in grids for tap in grid.taps], int)
    packing = Packing(g.groups, g.filters // g.groups, g.channels // g.groups, width, panel)
    tables = (
        tuple(plan),
        tuple(_layout(source, read)),
        np.array(lines),
        np.array(chunks),
        np.array(pieces, int).reshape(-1, 2),
    )
    return plan, (taps, tuple(packing)), tables


def _cut(runs: tuple[Pair, ...], chunks: list[int], pieces: list[list[int]]) -> None:
    """Adds the pieces of runs, and the chunks of at most DEPTH that they make; without runs, a chunk of nothing."""
    filled = DEPTH
    for start, count in runs:
        parts = up(count, DEPTH)
        for part in range(parts):
            begin, end = part * count // parts, (part + 1) * count // parts
            if filled + end - begin > DEPTH:
                chunks.append(chunks[-1])
                filled = 0
            pieces.append([start + begin, end - begin])
            chunks[-1] += 1
            filled += end - begin
    if not runs:
        chunks.append(chunks[-1])


@functools.lru_cache(maxsize=4096)
def weights(geometry: Geometry, rows: int, workers: int, itemsize: int) -> tuple[Weights, tuple]:
    """The plan, and the tables that conv.weights takes: a Weights, a SourceLayout, and runs as conv.weights.Operands has them."""
    g = geometry
    source, (grid,) = of_output(g)
    filters, outputs = g.filters // g.groups, g.output[0] * g.output[1]
    starts = np.cumsum([0, *(count for _, count in grid.runs)])
    runs = [[offset, count, start] for (offset, count), start in zip(grid.runs, starts[:-1], strict=True)]
    kind, height, width = best_tile(len(runs), runs[0][1], filters, itemsize)
    panels = up(filters, width)
    parts = min(rows, MOST_PARTS, 1 << max(2, PARTS // (g.depth * g.filters)).bit_length() - 1)
    # Each split copies all images of its part: 3% of the work (measured).
    splits = min(
        range(1, panels + 1), key=lambda splits: up(parts * splits, workers) / splits * (1 + 0.03 * splits)
    )
    image = aligned(source.size[0] * source.size[1] * source.channels)
    held = max(1, min(up(rows, parts), IMAGE_BYTES // (image * itemsize)))
    lines = max(1, min(held * g.output[0], PIXELS // g.output[1]))
    own = aligned(held * image + height) + aligned(lines * g.output[1] * width)
    tiles = (
        g.groups
        * max(1, panels // splits)
        * up(held * g.output[0], lines)
        * sum(up(run[1], height) for run in runs)
    )
    values = g.image[0] * g.image[1] * g.channels
    plan = Weights(
        workers,
        rows,
        g.groups,
        filters,
        g.filters,
        parts,
        splits,
        kind,
        height,
        width,
        g.depth,
        held,
        lines,
        own,
        *g.output,
        grid.stride[0] * source.size[1] * source.channels,
        grid.stride[1] * source.channels,
        image,
        values,
        up(held * values, LINE * tiles),
        up(held * outputs * g.filters, LINE * tiles),
    )
    return plan, (tuple(plan), tuple(_layout(source, g.channels)), np.array(runs))
