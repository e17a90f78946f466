"""Scratch memory that kernels share: one buffer for each type, grown on demand and never given back.

Kernels run on the main thread only, one at a time; what a kernel leaves in the buffer is garbage to the next.
"""

import numpy as np

_buffers: dict[str, np.ndarray] = {}

ALIGNMENT = 64  # bytes of a cache line, and of the widest vector


def buffer(dtype: np.dtype, size: int) -> np.ndarray:
    """At least `size` values of `dtype`, one-dimensional, in any state."""
    held = _buffers.get(dtype.char)
    if held is None or held.size < size:
        raw = np.empty(size * dtype.itemsize + ALIGNMENT, np.uint8)
        start = -raw.ctypes.data % ALIGNMENT
        held = _buffers[dtype.char] = raw[start : start + size * dtype.itemsize].view(dtype)
    return held
