"""The input of a convolution as a thread reads it: a padded copy of an image, small enough for the thread's L2 cache."""

from nntrain.kernels import tile
from nntrain.kernels.conv.plan import LINE
from nntrain.kernels.jit import inline


@inline
def copy_image(workspace, at, x, image, group, first, end, source):
    """Rows first ... end - 1 of the source made from one image of x and one group of its channels, to workspace[at ...]."""
    channels, columns = source.channels, source.columns
    start = image * source.image_height * source.image_width * source.image_channels + group * channels
    for i in range(first, end):
        row, y = at + (i - first) * columns * channels, i * source.step_down - source.above
        line = start + y * source.image_width * source.image_channels
        if y < 0 or y >= source.image_height:
            clear(workspace, row, columns * channels)
        elif source.step_across == 1 and channels == source.image_channels:
            lead, skip = min(max(source.left, 0), columns), max(-source.left, 0)
            count = max(0, min(source.image_width - skip, columns - lead))
            clear(workspace, row, lead * channels)
            copy(workspace, row + lead * channels, x, line + skip * channels, count * channels)
            clear(workspace, row + (lead + count) * channels, (columns - lead - count) * channels)
        else:
            for j in range(columns):
                here, z = row + j * channels, j * source.step_across - source.left
                if z < 0 or z >= source.image_width:
                    clear(workspace, here, channels)
                else:
                    copy(workspace, here, x, line + z * source.image_channels, channels)


# Written with vectors: LLVM leaves a plain loop over arrays that may overlap scalar (9 instead of 24 GB/s per core).


@inline
def clear(workspace, at, count):
    zero, step = tile.zeros(workspace, 1, 1), tile.lanes(workspace)
    done = count // step * step
    for i in range(0, done, step):
        tile.store(zero, workspace, at + i, 0)
    tile.store_part(zero, workspace, at + done, 0, 1, count - done)


@inline
def copy(workspace, at, x, start, count):
    vector, step = tile.zeros(workspace, 1, 1), tile.lanes(workspace)
    done = count // step * step
    for i in range(0, done, step):
        tile.store(tile.load(vector, x, start + i, 0), workspace, at + i, 0)
    rest = tile.load_part(vector, x, start + done, 0, 1, count - done)
    tile.store_part(rest, workspace, at + done, 0, 1, count - done)


@inline
def prefetch(x, ahead, place, lines):
    """Prefetches the next lines of x, from ahead[place] on: the next images are read while the current ones are computed."""
    for _ in range(lines):
        tile.prefetch(tile.zeros(x, 1, 1), x, ahead[place], 0)
        ahead[place] += LINE
