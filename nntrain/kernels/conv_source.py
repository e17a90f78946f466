"""The padded copy of an image that a convolution works from: small enough for its thread's second-level cache."""

from nntrain.kernels import tile
from nntrain.kernels.jit import inline


@inline
def copy_image(room, at, x, image, group, first, end, source):
    """Rows first ... end - 1 of the source made from one image of x and one group of its channels, to room[at ...].

    `source` holds kernels.conv_plan.Source, with all channels of x after the image's size.
    """
    height, width, total, columns = source[0], source[1], source[2], source[4]
    top, left, down, across, channels = source[5], source[6], source[7], source[8], source[9]
    start = image * height * width * total + group * channels
    for i in range(first, end):
        row, y = at + (i - first) * columns * channels, i * down - top
        if y < 0 or y >= height:
            _clear(room, row, columns * channels)
        elif across == 1 and channels == total:
            lead, skip = min(max(left, 0), columns), max(-left, 0)
            count = max(0, min(width - skip, columns - lead))
            _clear(room, row, lead * channels)
            _copy(room, row + lead * channels, x, start + (y * width + skip) * channels, count * channels)
            _clear(room, row + (lead + count) * channels, (columns - lead - count) * channels)
        else:
            for j in range(columns):
                here, z = row + j * channels, j * across - left
                if z < 0 or z >= width:
                    _clear(room, here, channels)
                else:
                    _copy(room, here, x, start + (y * width + z) * total, channels)


@inline
def _clear(room, at, count):
    zero, step = tile.zeros(room, 1, 1), tile.lanes(room)
    for i in range(0, count - step + 1, step):
        tile.store(zero, room, at + i, 0)
    tile.store_part(zero, room, at + count // step * step, 0, 1, count % step)


@inline
def _copy(room, at, x, start, count):
    row, step = tile.zeros(room, 1, 1), tile.lanes(room)
    for i in range(0, count - step + 1, step):
        tile.store(tile.load(row, x, start + i, 0), room, at + i, 0)
    done = count // step * step
    tile.store_part(tile.load_part(row, x, start + done, 0, 1, count - done), room, at + done, 0, 1, count - done)
