"""Finite: the check of arrays for NaN and infinity."""

import numpy as np

from nntrain.errors import DataError

VALUES_AT_ONCE = 1 << 22  # bounds the memory that the check of a memory-mapped file takes


def require_finite(name: str, array: np.ndarray) -> None:
    """Raises DataError, at the place `name`, for the first NaN or infinity of array (samples, ...)."""
    if array.dtype.kind != "f":
        return
    rows = max(1, VALUES_AT_ONCE // max(1, array[0].size))
    for start in range(0, len(array), rows):
        finite = np.isfinite(array[start : start + rows])
        if not finite.all():
            sample, *axes = np.argwhere(~finite)[0]
            where = f"sample {start + sample + 1}"
            if axes:
                where += f", value {', '.join(str(axis + 1) for axis in axes)}"
            value = array[(start + sample, *axes)]
            raise DataError(f"{where}: expected a finite number. Received: {value}.", place=name)
