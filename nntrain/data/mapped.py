"""Mapped: arrays in files, memory-mapped: parts of large ones stay in files, and their pages do not fill the memory."""

import mmap
import tempfile
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from nntrain.data.system_memory import exceeds_memory, is_mapped
from nntrain.errors import DataError
from nntrain.paths import cache_folder

LARGE = 1 << 26  # bytes of a mapped array from which copies of its rows are files, too
AT_ONCE = 1 << 24  # bytes of a file whose pages are in memory at once
GATHERED = 1 << 26  # bytes that one pass over a file gathers from random places


def is_large(array: object) -> bool:
    """Whether the array is mapped, and so large that copies of it do not belong into memory."""
    return isinstance(array, np.ndarray) and (
        (array.nbytes > LARGE and is_mapped(array)) or exceeds_memory(array)
    )


def take(array: np.ndarray, rows: slice | np.ndarray) -> np.ndarray:
    """array[rows]; of a large mapped array in a temporary file, which is mapped. Raises DataError where none can be written."""
    if isinstance(rows, slice) or not is_large(array):
        return array[rows]
    rows = np.flatnonzero(rows) if rows.dtype == bool else rows
    if len(rows) * array[0].nbytes <= LARGE:
        return gathered(array, rows)
    count = max(1, GATHERED // array[0].nbytes)
    pieces = (gathered(array, rows[start : start + count]) for start in range(0, len(rows), count))
    return _in_file(array, (len(rows), *array.shape[1:]), array.dtype, pieces, lambda: array[rows])


def gathered(array: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """array[rows] in memory; of a large mapped array read in the order of the file: few of its pages are in memory at once."""
    if not is_large(array):
        return array[rows]
    order = np.argsort(rows)
    chosen = rows[order]
    ends = np.arange(0, len(array), max(1, AT_ONCE // array[0].nbytes))[1:]
    found = np.empty((len(rows), *array.shape[1:]), array.dtype)
    for part in np.split(np.arange(len(rows)), np.searchsorted(chosen, ends)):
        if len(part):
            found[order[part]] = array[chosen[part]]
            release(array)
    return found


def changed(array: np.ndarray, change: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """What `change` makes of the array, or of any rows of it; of a large mapped one in a temporary file, which is mapped."""
    if not is_large(array):
        return change(np.asarray(array))
    dtype = change(array[:1]).dtype
    pieces = (change(piece) for piece in blocks(array))
    return _in_file(array, array.shape, dtype, pieces, lambda: change(np.asarray(array)))


def blocks(array: np.ndarray) -> Iterator[np.ndarray]:
    """The array (rows, ...) in pieces, one after the other; a whole one in memory in one piece."""
    if not is_large(array):
        yield array
        return
    count = max(1, AT_ONCE // array[0].nbytes)
    for start in range(0, len(array), count):
        yield array[start : start + count]
        release(array)


def column(array: np.ndarray, position: int) -> np.ndarray:
    """array[:, position], in memory."""
    if not is_large(array):
        return array[:, position]
    return np.concatenate([np.array(block[:, position]) for block in blocks(array)])


def release(array: np.ndarray) -> None:
    """Gives back the pages of a large mapped array that were read one after the other.

    The system keeps what its memory has room for. Not for reading at random places, where it would cost more than it saves.
    """
    if not is_large(array) or not hasattr(mmap, "MADV_DONTNEED"):
        return
    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap):
        base.madvise(mmap.MADV_DONTNEED)


def _in_file(
    array: np.ndarray,
    shape: tuple[int, ...],
    dtype: np.dtype,
    pieces: Iterable[np.ndarray],
    in_memory: Callable[[], np.ndarray],
) -> np.ndarray:
    """What is made of `array`, mapped from a temporary file; `in_memory` where none can be written."""
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            for piece in pieces:  # plain writes: a full disk would crash a mapped file
                file.write(np.ascontiguousarray(piece).data)
            file.flush()
            return np.memmap(file, dtype, "r", 0, shape)
    except OSError as error:
        if exceeds_memory(array):
            raise DataError(
                f"a part of {array.nbytes / 1e9:,.1f} GB of data cannot be written to a file: {error.strerror or error}",
                "Set NNTRAIN_CACHE to a folder with more space.",
                str(folder),
            ) from None
        return in_memory()
