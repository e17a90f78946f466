"""Windows: pieces of one long array, a text or series, in place of an array of samples."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Windows:
    """(count, steps, ...): window i is stream[starts[i] : starts[i] + steps], copied only by `take`.

    With `lengths`, window i has lengths[i] steps, padded with zeros. `flat` windows have a single axis.
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
        window = (self.steps, *self.stream.shape[1:])
        return (len(self), int(np.prod(window))) if self.flat else (len(self), *window)

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
        """(count,) int64: the position after the last step of each window."""
        return self.starts + (self.steps if self.lengths is None else self.lengths)

    def __getitem__(self, index: slice | np.ndarray) -> "Windows":
        """The windows at `index`."""
        return replace(
            self, starts=self.starts[index], lengths=None if self.lengths is None else self.lengths[index]
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.take(np.arange(len(self))).astype(dtype or self.dtype, copy=False)

    def take(self, indices: np.ndarray, steps: int | None = None) -> np.ndarray:
        """(len(indices), steps, ...): the first `steps` steps of windows. Raises IndexError for other indices."""
        if len(indices) and (indices.min() < 0 or indices.max() >= len(self)):
            raise IndexError(f"expected indices from 0 to {len(self) - 1}")
        starts, steps = self.starts[indices], steps or self.steps
        if self.lengths is None and steps == self.steps:
            windows = self._sliding[starts]
        else:
            lengths = self.lengths[indices, None] if self.lengths is not None else self.steps  # (rows, 1)
            step = np.arange(steps)
            windows = self.stream[starts[:, None] + np.minimum(step, lengths - 1)]
            windows[np.broadcast_to(step >= lengths, windows.shape[:2])] = 0
        return windows.reshape(len(indices), -1) if self.flat else windows

    def distinct_steps(self) -> np.ndarray:
        """(some, ...): the steps of the stream that are in any window, each once."""
        inside = self.covered()
        return self.stream if inside.all() else self.stream[inside]

    def covered(self) -> np.ndarray:
        """(length,) bool: the steps of the stream that are in any window."""
        change = np.zeros(len(self.stream) + 1, np.int64)
        np.add.at(change, self.starts, 1)
        np.add.at(change, self.ends, -1)
        return np.cumsum(change[:-1]) > 0

    def holding(self, marked: np.ndarray) -> np.ndarray:
        """(count,) bool: the windows with a step that is marked in (length,)."""
        before = np.concatenate([[0], np.cumsum(marked)])
        return before[self.ends] > before[self.starts]

    def hashed_arrays(self) -> tuple[np.ndarray, ...]:
        """Arrays that are equal if and only if the windows are, whatever else the stream holds; for hashes."""
        first = self.starts.min()
        lengths = np.array([self.steps], np.int32) if self.lengths is None else self.lengths
        return self.stream[first : self.ends.max()], self.starts - first, lengths

    @cached_property
    def _sliding(self) -> np.ndarray:
        """(length - steps + 1, steps, ...): all windows of `steps` steps, as a view of the stream."""
        stream = self.stream
        return np.lib.stride_tricks.as_strided(
            stream,
            (len(stream) - self.steps + 1, self.steps, *stream.shape[1:]),
            (stream.strides[0], *stream.strides),
            writeable=False,
        )


def take_rows(array: "np.ndarray | Windows", indices: np.ndarray, steps: int | None = None) -> np.ndarray:
    """Rows of an array or of windows, all their steps or the first `steps`."""
    if isinstance(array, Windows):
        return array.take(indices, steps)
    if len(indices) and indices.min() < 0:
        raise IndexError(f"expected indices from 0 to {len(array) - 1}")
    return array[indices] if steps is None else array[indices, :steps]


def pad_or_cut(array: np.ndarray | Windows, steps: int) -> np.ndarray | Windows:
    """Sequences (count, steps, ...) cut or padded with zeros to `steps` steps."""
    if isinstance(array, Windows):
        return replace(array, steps=steps)
    more = max(steps - array.shape[1], 0)
    return np.pad(array[:, :steps], [(0, 0), (0, more), *[(0, 0)] * (array.ndim - 2)])
