"""Rounding of float32 arrays to bfloat16: the operands of products under `precision: bfloat16`."""

import numpy as np

from nntrain.kernels import tile
from nntrain.kernels.jit import inline, kernel, prange
from nntrain.kernels.tile import VECTORS

BLOCK = 8192  # values that a thread rounds at a time; a multiple of the width of a tile


def operands(array: np.ndarray, bfloat16: bool) -> np.ndarray:
    """The same memory in the type that makes kernels round what they store in it, or take from it (see tile.bfloat16)."""
    return array.view(np.uint32) if bfloat16 else array


def rounded(memory: np.ndarray, x: np.ndarray) -> np.ndarray:
    """A copy of x rounded to bfloat16, in `memory`: float32, flat, of the size of x."""
    _round.run(x.size, operands(memory, True), x.reshape(-1))
    return memory.reshape(x.shape)


@kernel
def _round(out, x):
    for block in prange((out.size - 1) // BLOCK + 1):
        start = np.int64(block) * BLOCK
        _round_block(out, x, start, min(out.size, start + BLOCK))


@inline
def _round_block(out, x, start, end):
    row, step = tile.zeros(x, 1, VECTORS), tile.width(x)
    done = start + (end - start) // step * step
    for i in range(start, done, step):
        tile.store(tile.load(row, x, i, 0), out, i, 0)
    tile.store_part(tile.load_part(row, x, done, 0, 1, end - done), out, done, 0, 1, end - done)
