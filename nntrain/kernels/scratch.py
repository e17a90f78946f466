"""Scratch memory that kernels share: one buffer for each type, grown on demand and never given back.

Kernels run on the main thread only, one at a time; what a kernel leaves in the buffer is garbage to the next.
"""

import numpy as np

_buffers: dict[str, np.ndarray] = {}

# From 4 MiB on NumPy asks for 2 MiB pages, where the system has them. In small pages, which lie anywhere, some of what a
# product copies falls on the same places of the second-level cache: 128x784x256 then ran at 69 instead of 86 GFLOP/s.
# Memory that is never touched costs nothing.
LARGE_PAGE = 1 << 21
SMALLEST = 1 << 22


def buffer(dtype: np.dtype, size: int) -> np.ndarray:
    """At least `size` values of `dtype`, one-dimensional, in any state."""
    held = _buffers.get(dtype.char)
    if held is None or held.size < size:
        count = max(size * dtype.itemsize, SMALLEST)
        raw = np.empty(count + LARGE_PAGE, np.uint8)
        start = -raw.ctypes.data % LARGE_PAGE
        held = _buffers[dtype.char] = raw[start : start + count].view(dtype)
    return held
