"""Packing: an operand of a product, copied into panels in the order in which tiles read it."""

from nntrain.kernels import host, tile
from nntrain.kernels.jit import inline
from nntrain.kernels.tile import VECTORS

# Rows beyond a packed panel that its last vectors may overwrite: as many as float32 has lanes.
SLACK = host.FLOAT32_LANES


@inline
def copy(workspace, at, width, source, start, stride, step, count, deep):
    """Packs a panel: workspace[at + k*width + i] = source[start + i*stride + k*step] for i < width and k < deep.

    stride or step is 1. Only `count` values of i exist; beyond them are arbitrary values, whose products are never stored. May
    write up to SLACK rows beyond the panel.
    """
    # Groups of values of i are copied last one first: what their vectors write beyond `width` is then overwritten.
    if step == 1:
        group = tile.lanes(source)
        for g in range((width - 1) // group * group, -1, -group):
            for k in range(0, deep, group):
                to, rest = at + k * width + g, deep - k
                tile.transpose(workspace, to, width, source, start + k, stride, g, count, rest)
    elif width <= tile.lanes(source):
        row = tile.zeros(source, 1, 1)
        for k in range(deep):
            to, here = at + k * width, start + k * step
            if count >= tile.lanes(source):
                tile.store(tile.load(row, source, here, 0), workspace, to, 0)
            else:
                tile.store(tile.load_part(row, source, here, 0, 1, count), workspace, to, 0)
    else:
        group, row = tile.width(source), tile.zeros(source, 1, VECTORS)
        for k in range(deep):
            for g in range(0, width, group):
                to, here = at + k * width + g, start + k * step + g
                if g + group <= count:
                    tile.store(tile.load(row, source, here, 0), workspace, to, 0)
                else:
                    tile.store(tile.load_part(row, source, here, 0, 1, count - g), workspace, to, 0)


@inline
def copy_rows(workspace, at, pitch, source, start, stride, count, deep):
    """Copies rows as they are: workspace[at + i*pitch + k] = source[start + i*stride + k] for i < count and k < deep.

    pitch: at least deep. May write up to a vector beyond the last row.
    """
    if pitch == deep and stride == deep:  # one row
        count, deep = 1, count * deep
    vector, step = tile.zeros(source, 1, 1), tile.lanes(source)
    whole = deep // step * step
    for i in range(count):
        to, here = at + i * pitch, start + i * stride
        for k in range(0, whole, step):
            tile.store(tile.load(vector, source, here + k, 0), workspace, to + k, 0)
        if whole < deep:
            rest = tile.load_part(vector, source, here + whole, 0, 1, deep - whole)
            tile.store(rest, workspace, to + whole, 0)
