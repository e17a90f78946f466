"""MPI: ranks that a launcher such as mpiexec or srun started, connected through mpi4py (the extra `mpi`)."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import numpy as np
from mpi4py import MPI

from nntrain.distributed.exchange import Exchange
from nntrain.distributed.launch import FORWARDING_S
from nntrain.distributed.ranks import Ranks
from nntrain.distributed.shards import Shards
from nntrain.distributed.tree_sum import TreeSum

T = TypeVar("T")

POLL_S = 0.002  # between two looks whether the others have come


class MpiRanks(Ranks):
    """The ranks of an MPI communicator."""

    def __init__(self, comm: MPI.Intracomm = MPI.COMM_WORLD):
        self.comm = comm
        self.rank, self.size, self.host = comm.Get_rank(), comm.Get_size(), socket.gethostname()
        self.machine = comm.Split_type(MPI.COMM_TYPE_SHARED)  # the ranks on this one's machine
        bound = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
        # Where the launcher binds ranks to processors of their own, those are already divided.
        self._sharing = sum(other == bound for other in self.machine.allgather(bound))
        self._exchange = Exchange(comm, self.machine.Get_size() == self.size)

    def threads(self, processors: int) -> int:
        return max(1, processors // self._sharing)

    def any(self, *flags: bool) -> tuple[bool, ...]:
        found = bytearray(flags)
        self.comm.Allreduce(MPI.IN_PLACE, (found, MPI.BYTE), MPI.BOR)
        return tuple(map(bool, found))

    def gathered(self, value: T) -> list[T]:
        return self.comm.allgather(value)

    def broadcast(self, value: T) -> T:
        return self.comm.bcast(value)

    def complete(self, rows: np.ndarray) -> None:
        self.comm.Allgather(MPI.IN_PLACE, rows)

    def total(self, out: np.ndarray, sums: TreeSum, shards: Shards, used: int) -> None:
        self._exchange.total(out, sums, shards, used)

    def total_of_part(self, out: np.ndarray, sums: TreeSum, shards: Shards, used: int) -> slice:
        return self._exchange.total_of_part(out, sums, shards, used)

    def share(self, values: np.ndarray, settled: bool = False) -> None:
        self._exchange.share(values, settled)

    def memory(self, size: int, dtype: np.dtype) -> np.ndarray | None:
        return self._exchange.memory(size, dtype)

    @contextmanager
    def in_turn(self) -> Iterator[None]:
        first = self.machine.Get_rank() == 0
        if not first:
            _wait(self.machine)
        try:
            yield
        finally:
            if first:
                _wait(self.machine)

    def wait(self) -> None:
        _wait(self.comm)

    def abort(self, code: int) -> None:
        time.sleep(FORWARDING_S)
        self.comm.Abort(code)


def _wait(comm: MPI.Comm) -> None:
    request = comm.Ibarrier()
    while not request.Test():
        time.sleep(POLL_S)
