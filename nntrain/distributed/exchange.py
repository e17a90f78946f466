"""Exchange: the sum of the ranks' gradients by collectives of MPI, in the order of the tree over all shards.

An allreduce would add in an order that depends on the library and on the number of ranks. Here ranks exchange the partial sums of
their shards, and add them themselves:
- two ranks, or a short array: each gets the partial sums of all (one allgather);
- more ranks: each gets one segment of all partial sums, adds it up, and passes it on (alltoall and allgather, which send as much as the
  best allreduce: 2 (ranks - 1) / ranks times the array where each rank has one partial sum).
"""

import numpy as np
from mpi4py import MPI

from nntrain.distributed.route import SHORT
from nntrain.distributed.shards import Shards
from nntrain.distributed.tree_sum import Node, TreeSum, add, nodes_of

ALIGNED = 16  # values: segments begin at multiples, so that vectors are whole


class Exchange:
    """Sums over the ranks of a communicator; keeps its buffers from step to step."""

    def __init__(self, comm: MPI.Comm):
        self.comm, self.rank, self.size = comm, comm.Get_rank(), comm.Get_size()
        self._buffer = np.zeros(0, np.uint8)

    def total(self, out: np.ndarray, sums: TreeSum, shards: Shards, used: int) -> None:
        """out = the sum over the first `used` shards, of which `sums` has those of this rank."""
        nodes = [
            nodes_of(min(own.start, used), min(own.stop, used))
            for own in (shards.share(rank, self.size) for rank in range(self.size))
        ]
        if self.size == 2 and len(nodes[0]) == len(nodes[1]) == 1:
            self._exchange_one(out, sums)
        elif self.size == 2 or out.size < SHORT:
            self._gather(out, sums, nodes)
        else:
            self._scatter(out, sums, nodes)

    def _exchange_one(self, out: np.ndarray, sums: TreeSum) -> None:
        """Of two ranks, with a partial sum each. a + b is b + a, bit for bit."""
        other = self._values(out.dtype, out.size)
        peer = 1 - self.rank
        self.comm.Sendrecv(sums.nodes[0][1], peer, recvbuf=other, source=peer)
        sums.total(out)
        add(out, other)

    def _gather(self, out: np.ndarray, sums: TreeSum, nodes: list[tuple[Node, ...]]) -> None:
        counts = [len(each) for each in nodes]
        rows = self._values(out.dtype, sum(counts), out.size)
        start = sum(counts[: self.rank])
        for row, (_, values) in zip(rows[start:], sums.nodes, strict=False):
            row[...] = values
        self.comm.Allgatherv(MPI.IN_PLACE, (rows, [count * out.size for count in counts]))
        _sum(out, rows, nodes)
        sums.clear()

    def _scatter(self, out: np.ndarray, sums: TreeSum, nodes: list[tuple[Node, ...]]) -> None:
        starts = [
            min(-(-out.size * rank // (self.size * ALIGNED)) * ALIGNED, out.size)
            for rank in range(self.size + 1)
        ]
        sizes = np.diff(starts).tolist()
        own = slice(starts[self.rank], starts[self.rank + 1])
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
        self.comm.Allgatherv(MPI.IN_PLACE, (out, (sizes, starts[:-1])))

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
