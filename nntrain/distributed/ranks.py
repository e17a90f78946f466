"""Ranks: the processes that train one network together. This one works alone; `mpi` has those that MPI connects."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import numpy as np

from nntrain.distributed.shards import Shards
from nntrain.distributed.tree_sum import TreeSum

T = TypeVar("T")


class Ranks:
    """A single process. What the methods return is the same on all ranks, bit for bit; all ranks call them in the same order."""

    rank = 0  # of this process; 0, the root, alone writes and speaks
    size = 1
    host = ""

    @property
    def is_root(self) -> bool:
        return self.rank == 0

    def threads(self, processors: int) -> int:
        """How many threads this rank computes with by default, where its machine lets it use so many processors."""
        return processors

    def any(self, *flags: bool) -> tuple[bool, ...]:
        """For each flag, whether any rank has set it."""
        return flags

    def gathered(self, value: T) -> list[T]:
        """The values of all ranks, in their order."""
        return [value]

    def broadcast(self, value: T) -> T:
        """The root's value."""
        return value

    def complete(self, rows: np.ndarray) -> None:
        """Of C-contiguous rows, one per shard, each rank has computed its own; all ranks get all."""

    def total(self, out: np.ndarray, sums: TreeSum, shards: Shards, used: int) -> None:
        """out = the sum over the first `used` shards, of which `sums` has those of this rank. After a `complete`, by which each
        rank knows that the others have computed theirs."""
        sums.total(out)

    def total_of_part(self, out: np.ndarray, sums: TreeSum, shards: Shards, used: int) -> slice:
        """`total` for the part of `out` that is returned, which is this rank's; the other parts of `out` are of no use."""
        sums.total(out)
        return slice(0, out.size)

    def share(self, values: np.ndarray, settled: bool = False) -> None:
        """Of a flat array each rank has computed its part; all ranks get all. settled: nobody changes them before the next
        exchange, so no rank waits until the others have read its part."""

    def memory(self, size: int, dtype: np.dtype) -> np.ndarray | None:
        """Zeros (size,) that `total_of_part` and `share` exchange fastest; None where any memory will do."""
        return None

    @contextmanager
    def in_turn(self) -> Iterator[None]:
        """The first rank of each machine does what is inside before the others do, such as filling a cache."""
        yield

    def wait(self) -> None:
        """Until all ranks have come here, without using a processor meanwhile."""

    def abort(self, code: int) -> None:
        """Ends all ranks at once: this one cannot go on."""


ALONE = Ranks()
