"""Exchange: the sum of the ranks' gradients by collectives of MPI, in the order of the tree over all shards.

An allreduce would add in an order that depends on the library and on the number of ranks. Here ranks exchange the partial sums of
their shards, and add them themselves:
- each rank gets its part of all partial sums, and adds it up (alltoall); what it makes of that part, the others then get (allgather).
  Together they send as much as the best allreduce: 2 (ranks - 1) / ranks times the array, where each rank has one partial sum;
- short arrays: each rank gets the partial sums of all (one allgather);
- ranks on one machine read each other's arrays where these lie, in windows of memory that they share.
"""

import numpy as np
from mpi4py import MPI

from nntrain.distributed.route import SHORT
from nntrain.distributed.shards import Shards
from nntrain.distributed.tree_sum import Node, TreeSum, nodes_of
from nntrain.distributed.windows import Windows

ALIGNED = 16  # values: segments begin at multiples, so that vectors are whole


class Exchange:
    """Sums over the ranks of a communicator; keeps its buffers from step to step."""

    def __init__(self, comm: MPI.Intracomm, on_one_machine: bool):
        self.comm, self.rank, self.size = comm, comm.Get_rank(), comm.Get_size()
        self._windows = Windows(comm) if on_one_machine else None
        self._together = TreeSum()
        self._buffer = np.zeros(0, np.uint8)

    def memory(self, size: int, dtype: np.dtype) -> np.ndarray | None:
        """Zeros that the other ranks of this machine can read; None where there is no such memory."""
        return self._windows.zeros(size, dtype) if self._windows is not None else None

    def total(self, out: np.ndarray, sums: TreeSum, shards: Shards, used: int) -> None:
        """out = the sum over the first `used` shards, of which `sums` has those of this rank.

        Ranks read each other's memory without waiting: a collective must lie between computing the sums and this.
        """
        if out.size < SHORT:
            self._gather(out, sums, self._nodes(shards, used))
        else:
            self.total_of_part(out, sums, shards, used)
            self.share(out)

    def total_of_part(self, out: np.ndarray, sums: TreeSum, shards: Shards, used: int) -> slice:
        """The same for this rank's part of `out`, which is returned."""
        nodes, starts = self._nodes(shards, used), self._starts(out.size)
        own = slice(starts[self.rank], starts[self.rank + 1])
        arrays = self._windows.of_all(out) if self._windows is not None else None
        if arrays is not None and all(len(each) == 1 for each in nodes) and sums.nodes[0][1] is out:
            self._read(own, arrays, sums, nodes)
        else:
            self._scatter(out, own, sums, nodes, starts)
        return own

    def share(self, values: np.ndarray, settled: bool = False) -> None:
        """Each rank has computed its part of `values`; all get all. settled: no rank changes them before the next exchange."""
        starts = self._starts(values.size)
        arrays = self._windows.of_all(values) if self._windows is not None else None
        if arrays is None:
            self.comm.Allgatherv(MPI.IN_PLACE, (values, (np.diff(starts), starts[:-1])))
            return
        self.comm.Barrier()  # all have written their part
        for rank, theirs in enumerate(arrays):
            if rank != self.rank:
                part = slice(starts[rank], starts[rank + 1])
                values[part] = theirs[part]
        if not settled:
            self.comm.Barrier()  # all have read the others'

    def _nodes(self, shards: Shards, used: int) -> list[tuple[Node, ...]]:
        """The nodes of the tree that each rank has."""
        shares = (shards.share(rank, self.size) for rank in range(self.size))
        return [nodes_of(min(own.start, used), min(own.stop, used)) for own in shares]

    def _starts(self, size: int) -> list[int]:
        """Where the part of each rank begins, and the end."""
        each = -(-size // (self.size * ALIGNED)) * ALIGNED
        return [min(rank * each, size) for rank in range(self.size + 1)]

    def _gather(self, out: np.ndarray, sums: TreeSum, nodes: list[tuple[Node, ...]]) -> None:
        counts = [len(each) for each in nodes]
        rows = self._values(out.dtype, sum(counts), out.size)
        start = sum(counts[: self.rank])
        for row, (_, values) in zip(rows[start:], sums.nodes, strict=False):
            row[...] = values
        self.comm.Allgatherv(MPI.IN_PLACE, (rows, [count * out.size for count in counts]))
        _sum(out, rows, nodes)
        sums.clear()

    def _read(
        self, own: slice, arrays: list[np.ndarray], sums: TreeSum, nodes: list[tuple[Node, ...]]
    ) -> None:
        """Each rank has a single partial sum, in memory that all can read; all have come to the exchange."""
        sums.clear()
        out = arrays[self.rank][own]
        for rank, ((node,), values) in enumerate(zip(nodes, arrays, strict=True)):
            mine = rank == self.rank
            self._together.add_node(node, out if mine else values[own], own=mine, lasting=True)
        self._together.total(out)

    def _scatter(
        self, out: np.ndarray, own: slice, sums: TreeSum, nodes: list[tuple[Node, ...]], starts: list[int]
    ) -> None:
        sizes = np.diff(starts).tolist()
        most = max(len(each) for each in nodes)
        received = self._values(out.dtype, most, self.size, sizes[self.rank])
        for place in range(most):
            has = place < len(sums.nodes)
            values = sums.nodes[place][1] if has else out
            comes = [sizes[self.rank] * (place < len(each)) for each in nodes]
            goes = [size * has for size in sizes]
            self.comm.Alltoallv(
                (values, (goes, starts[:-1])),
                (received[place], (comes, [sizes[self.rank] * rank for rank in range(self.size)])),
            )
        sums.clear()
        rows = [received[place, rank] for rank, each in enumerate(nodes) for place in range(len(each))]
        _sum(out[own], rows, nodes)

    def _values(self, dtype: np.dtype, *shape: int) -> np.ndarray:
        """A buffer that is used again by the next call."""
        needed = int(np.prod(shape)) * dtype.itemsize
        if self._buffer.size < needed:
            self._buffer = np.empty(needed, np.uint8)
        return self._buffer[:needed].view(dtype).reshape(shape)


def _sum(out: np.ndarray, rows: np.ndarray | list[np.ndarray], nodes: list[tuple[Node, ...]]) -> None:
    """out = the sum of all nodes, whose values are overwritten."""
    sums = TreeSum()
    for node, values in zip((node for each in nodes for node in each), rows, strict=True):
        sums.add_node(node, values, own=True)
    sums.total(out)
