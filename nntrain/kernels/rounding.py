"""Rounding of float32 arrays to bfloat16: the operands of products under `precision: bfloat16`."""

import numpy as np


def operands(array: np.ndarray, bfloat16: bool) -> np.ndarray:
    """The same memory in the type that makes kernels round what they store in it, or take from it (see tile.bfloat16)."""
    return array.view(np.uint32) if bfloat16 else array
