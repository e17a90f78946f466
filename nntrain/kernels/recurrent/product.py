"""The state's part of the gates: the recurrent weight in panels, and a block of rows times a panel.

A panel holds the columns of one gate for `tile.width` units. A left factor (rows, deep) lies in blocks of as many columns, each
(rows, width), so that the vectors of a row that a step computes are stored as they are.
"""

from nntrain.kernels import host, packing, tile
from nntrain.kernels.jit import inline
from nntrain.kernels.tile import VECTORS

# The register tile. Batch sizes are multiples of 8, and 8 x 2 accumulators hide the FMA latency.
HEIGHT = 8 if host.TILE_ROWS > 8 else 4
# Values of k per pass over the rows: the part of a panel that stays in the L1 cache. A multiple of the width.
DEPTH = 256
# How many values of k ahead a panel is prefetched into the L1 cache. Without, reading it from the L2 cache costs 4 to 5%: 163 GFLOP/s on
# a core of a Sapphire Rapids Xeon, 169 with it, 173 of panels in the L1 cache.
AHEAD = 8


@inline
def panel_size(width, units):
    return (units + packing.SLACK) * width


@inline
def pack(workspace, recurrent, number, gates, transposed):
    """Panel `number`, in the order of units, then gates: (units, width) of a gate's weight, or of its transpose."""
    units, wide = recurrent.shape
    width = tile.width(workspace)
    left, gate = number // gates * width, number % gates
    start, stride, step = left + gate * units, 1, wide
    if transposed:
        start, stride, step = left * wide + gate * units, wide, 1
    at = number * panel_size(width, units)
    packing.copy(workspace, at, width, recurrent, start, stride, step, units - left, units)


@inline
def multiply(zero, product, left, right, rows, block, deep, adds):
    """The product (rows, width) = left (rows, deep) @ right, a panel; `adds`: added to what is there.

    All are addresses; zero is a number of their type. `left` has blocks of `block` rows, computed in tiles of HEIGHT.
    """
    width = tile.columns(tile.zeros(zero, 1, VECTORS))
    for k0 in range(0, deep, DEPTH):
        for i in range(0, rows, HEIGHT):
            t = tile.zeros(zero, HEIGHT, VECTORS)
            if adds or k0 > 0:
                t = tile.load(t, product, i * width, width)
            for k in range(k0, min(k0 + DEPTH, deep), width):
                a, b = k * block + i * width, k * width
                for s in range(min(width, deep - k)):
                    tile.prefetch_near(tile.zeros(zero, 1, VECTORS), right, b + (s + AHEAD) * width, 0)
                    t = tile.outer(t, left, a + s, width, right, b + s * width)
            tile.store(t, product, i * width, width)
