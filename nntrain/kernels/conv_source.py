"""What a convolution works from: a padded copy of an image, small enough for its thread's second-level cache."""

from nntrain.kernels import tile
from nntrain.kernels.conv_plan import LINE
from nntrain.kernels.jit import inline


@inline
def copy_image(room, at, x, image, group, first, end, source):
    """Rows first ... end - 1 of the source made from one image of x and one group of its channels, to room[at ...]."""
    height, width, total, columns = source[0], source[1], source[2], source[4]  # as conv_plan.fields has them
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


# Written with vectors: a plain loop, whose arrays could overlap, stays scalar (9 instead of 24 GB/s on a core).


@inline
def _clear(room, at, count):
    zero, step = tile.zeros(room, 1, 1), tile.lanes(room)
    done = count // step * step
    for i in range(0, done, step):
        tile.store(zero, room, at + i, 0)
    tile.store_part(zero, room, at + done, 0, 1, count - done)


@inline
def _copy(room, at, x, start, count):
    vector, step = tile.zeros(room, 1, 1), tile.lanes(room)
    done = count // step * step
    for i in range(0, done, step):
        tile.store(tile.load(vector, x, start + i, 0), room, at + i, 0)
    tile.store_part(
        tile.load_part(vector, x, start + done, 0, 1, count - done), room, at + done, 0, 1, count - done
    )


@inline
def prefetch(x, ahead, place, lines):
    """Asks for the next lines of x, which begin at ahead[place]: the images that come next are read while these are worked on."""
    for _ in range(lines):
        tile.prefetch(tile.zeros(x, 1, 1), x, ahead[place], 0)
        ahead[place] += LINE
