"""Memory: arrays aligned to cache lines, and the placement of buffers that reuse one block of memory."""

import heapq
import math
from bisect import bisect, insort
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

LINE = 64  # bytes of a cache line


def zeros(size: int, dtype: np.dtype) -> np.ndarray:
    """(size,), aligned to a cache line: a matrix product of misaligned arrays took 17% longer."""
    memory = np.zeros(size * dtype.itemsize + LINE, np.uint8)
    begin = -memory.ctypes.data % LINE
    return memory[begin : begin + size * dtype.itemsize].view(dtype)


def leading(buffer: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The beginning of a contiguous buffer's memory, in another shape."""
    return buffer.reshape(-1)[: math.prod(shape)].reshape(shape)


@dataclass(eq=False)
class Buffer:
    """Memory that is live from its first write, at the moment `first`, to its last read, at `last`."""

    bytes: int
    first: float
    last: float
    start: int = 0  # its offset, in bytes

    def kept_until(self, moment: float) -> None:
        self.last = max(self.last, moment)


def lay_out(buffers: Iterable[Buffer]) -> int:
    """Places each buffer in the smallest free gap that holds it (best fit); returns the bytes of the whole."""
    size = 0
    holes: list[tuple[int, int]] = []  # (start, end), in order
    held: list[tuple[float, int, int]] = []  # (last, start, end)
    for buffer in sorted(buffers, key=lambda buffer: (buffer.first, -buffer.bytes)):
        while held and held[0][0] < buffer.first:
            _release(holes, *heapq.heappop(held)[1:])
        room = -(-buffer.bytes // LINE) * LINE
        fitting = min(
            ((end - start, start, end) for start, end in holes if end - start >= room), default=None
        )
        if fitting:
            _, start, end = fitting
            holes.remove((start, end))
            if end > start + room:
                insort(holes, (start + room, end))
        else:
            start = holes.pop()[0] if holes and holes[-1][1] == size else size
            size = start + room
        buffer.start = start
        heapq.heappush(held, (buffer.last, start, start + room))
    return size


def _release(holes: list[tuple[int, int]], start: int, end: int) -> None:
    """Frees a range and merges it with the free ranges that it touches."""
    place = bisect(holes, (start, end))
    if place < len(holes) and holes[place][0] == end:
        end = holes.pop(place)[1]
    if place and holes[place - 1][1] == start:
        place -= 1
        start = holes.pop(place)[0]
    holes.insert(place, (start, end))
