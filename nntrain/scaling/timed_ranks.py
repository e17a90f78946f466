"""Timed ranks: ranks that measure the time of their exchanges."""

import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from nntrain.distributed.ranks import Ranks
from nntrain.distributed.shards import Shards
from nntrain.distributed.tree_sum import TreeSum

T = TypeVar("T")


class TimedRanks(Ranks):
    """Passes on what a training step exchanges. Alone, nothing is exchanged, and adding up shards counts as computing."""

    def __init__(self, ranks: Ranks):
        self.ranks = ranks
        self.rank, self.size, self.host = ranks.rank, ranks.size, ranks.host
        self.exchange_s = 0.0  # since the start

    def any(self, *flags: bool) -> tuple[bool, ...]:
        return self._timed(lambda: self.ranks.any(*flags))

    def gathered(self, value: T) -> list[T]:
        return self.ranks.gathered(value)

    def complete(self, rows: np.ndarray) -> None:
        self._timed(lambda: self.ranks.complete(rows))

    def total(self, out: np.ndarray, sums: TreeSum, shards: Shards, used: int) -> None:
        self._timed(lambda: self.ranks.total(out, sums, shards, used))

    def total_of_part(self, out: np.ndarray, sums: TreeSum, shards: Shards, used: int) -> slice:
        return self._timed(lambda: self.ranks.total_of_part(out, sums, shards, used))

    def share(self, values: np.ndarray, settled: bool = False) -> None:
        self._timed(lambda: self.ranks.share(values, settled))

    def memory(self, size: int, dtype: np.dtype) -> np.ndarray | None:
        return self.ranks.memory(size, dtype)

    def barrier(self) -> float:
        """Waits until all ranks have come here, without sleeping. Returns the seconds."""
        begun = time.perf_counter()
        self.ranks.any(False)
        return time.perf_counter() - begun

    def _timed(self, call: Callable[[], T]) -> T:
        begun = time.perf_counter()
        result = call()
        if self.size > 1:
            self.exchange_s += time.perf_counter() - begun
        return result
