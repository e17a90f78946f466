"""Spool: a table that is larger than memory while it is read: its columns in a temporary file, its features in a .npy file."""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np

from nntrain.data.files.npy import read_npy
from nntrain.files import replacing

ROWS = 1 << 14  # of a piece, for all columns alike


class SpoolError(Exception):
    """A file of the cache cannot be written; the text is the reason."""


class Flushed(Protocol):
    def flush(self) -> None: ...


class Spool:
    """The files of one table. `progress` is called with the bytes of the table's file that were read. Raises SpoolError."""

    def __init__(self, features: Path, progress: Callable[[int], None]):
        self.features, self.progress = features, progress
        try:
            features.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = tempfile.TemporaryFile(dir=features.parent)  # noqa: SIM115
        except OSError as error:
            raise SpoolError(error.strerror or str(error)) from None

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._file.close()
        if kind is not None:
            with contextlib.suppress(OSError):
                self.features.unlink(missing_ok=True)

    def watch(self, file: BinaryIO) -> None:
        """The table's file, of which the progress is reported."""
        self._read = file.fileno()

    def end_group(self, columns: Iterable["Flushed"]) -> None:
        """Writes what the columns have in memory, and reports how much of the table's file has been read, compressed as it is."""
        for column in columns:
            column.flush()
        self.progress(os.lseek(self._read, 0, os.SEEK_CUR))

    def put(self, array: np.ndarray) -> int:
        """Writes an array; returns where it is."""
        try:
            start = self._file.seek(0, 2)
            self._file.write(array.data)
        except OSError as error:
            raise SpoolError(error.strerror or str(error)) from None
        return start

    def get(self, start: int, count: int, dtype: np.dtype) -> np.ndarray:
        array = np.empty(count, dtype)
        self._file.seek(start)
        self._file.readinto(array.data)  # type: ignore[attr-defined]
        return array

    def write(self, shape: tuple[int, ...], blocks: Iterable[np.ndarray]) -> np.ndarray:
        """The rows of these blocks, float64, as a mapped array."""
        try:
            with replacing(self.features) as file:  # plain writes: a full disk would crash a mapped file
                header = {"descr": "<f8", "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(file, header)
                for block in blocks:
                    file.write(np.ascontiguousarray(block, "<f8").data)
        except OSError as error:
            raise SpoolError(error.strerror or str(error)) from None
        return read_npy(self.features.parent, self.features.name)


class Pieces:
    """The arrays of a column, in groups, of which the last one is in memory until `flush` ends it.

    The groups of all columns of a table end at the same rows.
    """

    def __init__(self, spool: Spool):
        self._spool = spool
        self._groups: list[
            list[tuple[int, int, np.dtype]]
        ] = []  # (start, count, type) of the arrays of a group
        self._open: list[np.ndarray] = []

    def append(self, array: np.ndarray) -> None:
        self._open.append(array)

    def flush(self) -> None:
        """Ends the group."""
        if self._open:
            arrays = merged(self._open)
            self._groups.append([(self._spool.put(array), len(array), array.dtype) for array in arrays])
            self._open = []

    def groups(self) -> Iterator[list[np.ndarray]]:
        """The arrays of each group, after `flush`."""
        for group in self._groups:
            yield [self._spool.get(*place) for place in group]

    def __iter__(self) -> Iterator[np.ndarray]:
        for group in self.groups():
            yield from group
        yield from self._open

    def __len__(self) -> int:
        return sum(map(len, self._groups)) + len(self._open)


def merged(arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The arrays, with those of one type that follow each other as one."""
    found: list[list[np.ndarray]] = []
    for array in arrays:
        if found and found[-1][0].dtype == array.dtype:
            found[-1].append(array)
        else:
            found.append([array])
    return [np.concatenate(group) for group in found]
