"""Peak: the multiply-adds per second that this machine reaches without memory traffic, to compare kernels with."""

from nntrain.kernels import tile
from nntrain.kernels.jit import kernel, prange
from nntrain.kernels.tile import ROWS, VECTORS

STEPS = 128  # products per tile; the operands stay in the L1 cache


@kernel
def multiply_adds(out, a, b, repeats):
    """out (threads * tile): each thread adds `repeats` times STEPS outer products into a tile of its own, in registers."""
    width = tile.width(out)
    size = ROWS * width
    for thread in prange(out.size // size):
        for _ in range(repeats):
            t = tile.load(tile.zeros(out, ROWS, VECTORS), out, thread * size, width)
            for k in range(STEPS):
                t = tile.outer(t, a, k * ROWS, 1, b, k * width)
            tile.store(t, out, thread * size, width)
