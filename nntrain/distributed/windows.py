"""Windows: memory of one machine that the ranks on it share, each with an array of its own that the others can read."""

import os

import numpy as np
from mpi4py import MPI

LINE = 64  # bytes of a cache line
ROOM = "/dev/shm"  # where the system keeps shared memory, which containers limit


class Windows:
    """Arrays in shared memory of a communicator whose ranks are on one machine."""

    def __init__(self, comm: MPI.Intracomm):
        self.comm, self.rank = comm, comm.Get_rank()
        self._arrays: dict[int, list[np.ndarray]] = {}  # those of all ranks, by the address of this one's
        self._windows: list[MPI.Win] = []

    def zeros(self, size: int, dtype: np.dtype) -> np.ndarray | None:
        """(size,) zeros, aligned to a cache line; None without enough shared memory. All ranks call it with the same size."""
        needed = size * dtype.itemsize + LINE
        room = np.array([_free() > 2 * needed * self.comm.Get_size()])
        self.comm.Allreduce(MPI.IN_PLACE, room, MPI.LAND)
        if not room[0] or not size:
            return None
        window = MPI.Win.Allocate_shared(needed, 1, comm=self.comm)
        self._windows.append(window)
        arrays = [_array(window.Shared_query(rank)[0], size, dtype) for rank in range(self.comm.Get_size())]
        arrays[self.rank].fill(0)
        self._arrays[arrays[self.rank].ctypes.data] = arrays
        return arrays[self.rank]

    def of_all(self, array: np.ndarray) -> list[np.ndarray] | None:
        """The arrays of all ranks where this is the beginning of one of them."""
        found = self._arrays.get(array.ctypes.data)
        return None if found is None else [each[: array.size] for each in found]


def _array(buffer: MPI.buffer, size: int, dtype: np.dtype) -> np.ndarray:
    memory = np.asarray(buffer).view(np.uint8)
    begin = -memory.ctypes.data % LINE  # the same for all ranks: windows begin with a page
    return memory[begin : begin + size * dtype.itemsize].view(dtype)


def _free() -> int:
    try:
        found = os.statvfs(ROOM)
    except OSError:
        return 0
    return found.f_bavail * found.f_frsize
