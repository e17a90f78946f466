"""Memory: arrays that begin with a cache line, and buffers that use one memory one after the other."""

import heapq
from bisect import bisect, insort
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

LINE = 64  # bytes of a cache line


def zeros(size: int, dtype: np.dtype) -> np.ndarray:
    """(size,), beginning with a cache line: a product of what lies across two lines took 17% longer."""
    memory = np.zeros(size * dtype.itemsize + LINE, np.uint8)
    begin = -memory.ctypes.data % LINE
    return memory[begin : begin + size * dtype.itemsize].view(dtype)


@dataclass(eq=False)
class Buffer:
    """Memory that is written at the moment `first` and read for the last time at `last`."""

    bytes: int
    first: float
    last: float
    start: int = 0  # where it lies

    def kept_until(self, moment: float) -> None:
        self.last = max(self.last, moment)


def lay_out(buffers: Iterable[Buffer]) -> int:
    """Gives each buffer a place in one memory, in the smallest hole that has room; gives the bytes of it all."""
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
    """Makes a hole, one with those that it touches."""
    place = bisect(holes, (start, end))
    if place < len(holes) and holes[place][0] == end:
        end = holes.pop(place)[1]
    if place and holes[place - 1][1] == start:
        place -= 1
        start = holes.pop(place)[0]
    holes.insert(place, (start, end))
