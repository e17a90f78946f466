"""Scratch memory that kernels share: one buffer per type, grown on demand and never freed.

One kernel at a time uses it (see exclusive.py), and finds arbitrary values in it.
"""

import numpy as np

_buffers: dict[str, np.ndarray] = {}

ALIGNMENT = 64  # bytes of a cache line, and of the widest vector


def buffer(dtype: np.dtype, size: int) -> np.ndarray:
    """At least `size` values of `dtype`, one-dimensional, uninitialized."""
    held = _buffers.get(dtype.char)
    if held is None or held.size < size:
        raw = np.empty(size * dtype.itemsize + ALIGNMENT, np.uint8)
        start = -raw.ctypes.data % ALIGNMENT
        held = _buffers[dtype.char] = raw[start : start + size * dtype.itemsize].view(dtype)
    return held
