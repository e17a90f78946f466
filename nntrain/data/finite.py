"""Finite: the check of arrays for NaN and infinity."""

from collections.abc import Iterator

import numpy as np

from nntrain.errors import DataError

VALUES_AT_ONCE = 1 << 22  # bounds the memory that the check of a memory-mapped file takes


def require_finite(name: str, array: np.ndarray) -> None:
    """Raises DataError, at the place `name`, for the first NaN or infinity of array (samples, ...)."""
    for sample in not_finite(array):
        raise DataError(not_finite_text(array, sample), place=name)


def not_finite(array: np.ndarray) -> Iterator[int]:
    """The samples of array (samples, ...) that have NaN or infinity."""
    if array.dtype.kind != "f" or not len(array):
        return
    rows = max(1, VALUES_AT_ONCE // max(1, array[0].size))
    for start in range(0, len(array), rows):
        finite = np.isfinite(array[start : start + rows])
        if not finite.all():
            yield from (start + np.flatnonzero(~finite.reshape(len(finite), -1).all(axis=1))).tolist()


def not_finite_text(array: np.ndarray, sample: int) -> str:
    """ "sample 3, value 2: expected a finite number. Received: nan."."""
    axes = np.argwhere(~np.isfinite(array[sample]))[0]
    where = f"sample {sample + 1}"
    if len(axes):
        where += f", value {', '.join(str(axis + 1) for axis in axes)}"
    return f"{where}: expected a finite number. Received: {array[(sample, *axes)]}."
