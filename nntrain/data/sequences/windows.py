"""Windows: pieces of one long array, of a text or of series, that stand where an array of samples could."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Windows:
    """(count, steps, ...): piece i is stream[starts[i]:starts[i] + steps], copied only when it is taken.

    Where there are `lengths`, piece i ends after lengths[i] steps and zeros follow. A `flat` piece has its values on one axis.
    """

    stream: np.ndarray  # (length, ...)
    starts: np.ndarray  # (count,) int64
    steps: int
    lengths: np.ndarray | None = None  # (count,) int32, at least 1
    flat: bool = False

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def shape(self) -> tuple[int, ...]:
        piece = (self.steps, *self.stream.shape[1:])
        return (len(self), int(np.prod(piece))) if self.flat else (len(self), *piece)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))

    @property
    def dtype(self) -> np.dtype:
        return self.stream.dtype

    @property
    def ends(self) -> np.ndarray:
        """(count,) int64: where in the stream each piece has ended."""
        return self.starts + (self.steps if self.lengths is None else self.lengths)

    def __getitem__(self, index: slice | np.ndarray) -> "Windows":
        """Some of the pieces."""
        return replace(
            self, starts=self.starts[index], lengths=None if self.lengths is None else self.lengths[index]
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.take(np.arange(len(self))).astype(dtype or self.dtype, copy=False)

    def take(self, indices: np.ndarray, steps: int | None = None) -> np.ndarray:
        """(len(indices), steps, ...): pieces with their first `steps` steps. Raises IndexError beyond the pieces."""
        if len(indices) and (indices.min() < 0 or indices.max() >= len(self)):
            raise IndexError("a batch asks for a piece that the data do not have")
        starts, steps = self.starts[indices], steps or self.steps
        if self.lengths is None and steps == self.steps:
            pieces = self._sliding[starts]
        else:
            lengths = self.lengths[indices, None] if self.lengths is not None else self.steps  # (rows, 1)
            step = np.arange(steps)
            pieces = self.stream[starts[:, None] + np.minimum(step, lengths - 1)]
            pieces[np.broadcast_to(step >= lengths, pieces.shape[:2])] = 0
        return pieces.reshape(len(indices), -1) if self.flat else pieces

    def distinct_steps(self) -> np.ndarray:
        """(some, ...): what lies in any piece, each position of the stream once."""
        change = np.zeros(len(self.stream) + 1, np.int64)
        np.add.at(change, self.starts, 1)
        np.add.at(change, self.ends, -1)
        inside = np.cumsum(change[:-1]) > 0
        return self.stream if inside.all() else self.stream[inside]

    def hashed_arrays(self) -> tuple[np.ndarray, ...]:
        """Arrays that are the same where the pieces are, whatever else there is in the stream."""
        first = self.starts.min()
        lengths = np.int32([self.steps]) if self.lengths is None else self.lengths
        return self.stream[first : self.ends.max()], self.starts - first, lengths

    @cached_property
    def _sliding(self) -> np.ndarray:
        """(length - steps + 1, steps, ...): every run of `steps` steps in the stream, all in the stream's memory."""
        stream = self.stream
        return np.lib.stride_tricks.as_strided(
            stream,
            (len(stream) - self.steps + 1, self.steps, *stream.shape[1:]),
            (stream.strides[0], *stream.strides),
            writeable=False,
        )


def take_rows(array: "np.ndarray | Windows", indices: np.ndarray, steps: int | None = None) -> np.ndarray:
    """Rows of an array or of windows, with their first `steps` steps or all."""
    if isinstance(array, Windows):
        return array.take(indices, steps)
    if len(indices) and indices.min() < 0:
        raise IndexError("a batch asks for a row that the data do not have")
    return array[indices] if steps is None else array[indices, :steps]


def pad_or_cut(array: np.ndarray | Windows, steps: int) -> np.ndarray | Windows:
    """Sequences with another number of steps: cut, or filled up with zeros."""
    if isinstance(array, Windows):
        return replace(array, steps=steps)
    more = max(steps - array.shape[1], 0)
    return np.pad(array[:, :steps], [(0, 0), (0, more), *[(0, 0)] * (array.ndim - 2)])
