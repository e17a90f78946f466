"""Repeating: calls timed equally often on all ranks, which would otherwise wait for each other forever."""

import time
from collections.abc import Callable

from nntrain.distributed.ranks import Ranks

FEWEST = 5
MOST = 10_000
TRIED = 3  # calls that say how many will take the time


def repeats(call: Callable[[], object], seconds: float, ranks: Ranks, most: int = MOST) -> int:
    """How often a call, which has been made before, can be made in so many seconds: the root decides."""
    begun = time.perf_counter()
    for _ in range(TRIED):
        call()
    spent = (time.perf_counter() - begun) / TRIED
    return ranks.broadcast(int(min(max(seconds / spent, FEWEST), most)))


def times_of(call: Callable[[], object], seconds: float, ranks: Ranks) -> list[float]:
    """The seconds of each of these calls."""
    call()
    times = []
    for _ in range(repeats(call, seconds, ranks)):
        begun = time.perf_counter()
        call()
        times.append(time.perf_counter() - begun)
    return times
