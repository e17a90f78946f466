"""Route: by which collectives of MPI the ranks' partial sums travel, and how much that sends."""

import math
from dataclasses import dataclass

SHORT = 16384  # values: below, the latency of a second collective costs more than sending them to every rank


@dataclass(frozen=True)
class Traffic:
    """What a rank sends: messages one after the other, and bytes."""

    messages: int = 0
    sent: float = 0.0

    def __add__(self, other: "Traffic") -> "Traffic":
        return Traffic(self.messages + other.messages, self.sent + other.sent)


def gathered(n_bytes: float, ranks: int) -> Traffic:
    """Each rank sends so many bytes to all others, in rounds that double what has arrived."""
    return Traffic(math.ceil(math.log2(ranks)), (ranks - 1) * n_bytes)


def summed(values: int, itemsize: int, ranks: int, sums: int = 1, in_parts: bool = False) -> Traffic:
    """The sum of an array of so many values over all ranks, each of which has up to `sums` partial sums; see `Exchange`.

    in_parts: each rank goes on with its part of the sum before they share it.
    """
    if ranks == 1 or not values:
        return Traffic()
    if values < SHORT and not in_parts:
        return gathered(sums * values * itemsize, ranks)
    times = sums + 1  # an alltoall for each partial sum, and an allgather
    return Traffic(times * (ranks - 1), times * (ranks - 1) / ranks * values * itemsize)


def shared(values: int, itemsize: int, ranks: int) -> Traffic:
    """Each rank passes on its part of an array."""
    return Traffic(ranks - 1, (ranks - 1) / ranks * values * itemsize) if ranks > 1 else Traffic()
