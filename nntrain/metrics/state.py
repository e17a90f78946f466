"""Metric state in a checkpoint: arrays are stored as tensors, everything else as JSON.

Here `sums` is `{metric name: the metric's own sums}`, and a metric's sums are `{key: value}`. A value is one of
- a number, a string, or anything else that JSON can hold,
- a NumPy array,
- a list of NumPy arrays: the parts of one array, in order along its first axis (see `append` and `joined`).

Saving and restoring:

    facts["metrics"] = plain_of(sums)
    tensors |= arrays_of(sums)
    sums = restored(facts["metrics"], tensors)

Restored sums continue to accumulate as the original ones would: the values are equal bit for bit.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

PREFIX = "metric."  # of the names of tensors: metric.<metric name>.<key>

Sums = dict[str, Any]


def arrays_of(sums: Mapping[str, Sums]) -> dict[str, np.ndarray]:
    """The arrays by their names in a checkpoint, `metric.<metric name>.<key>`; arrays in parts are joined."""
    return {
        f"{PREFIX}{name}.{key}": joined(value)
        for name, values in sums.items()
        for key, value in values.items()
        if _is_array(value)
    }


def plain_of(sums: Mapping[str, Sums]) -> dict[str, Sums]:
    """The sums without their arrays: small values for JSON."""
    return {
        name: {key: value for key, value in values.items() if not _is_array(value)}
        for name, values in sums.items()
    }


def restored(plain: Mapping[str, Sums], arrays: Mapping[str, np.ndarray]) -> dict[str, Sums]:
    """The sums from `plain_of(sums)` and `arrays_of(sums)`. `arrays` may hold other tensors too: a whole checkpoint's."""
    sums = {name: dict(values) for name, values in plain.items()}
    for tensor, array in arrays.items():
        name, _, key = tensor.removeprefix(PREFIX).partition(".")
        if tensor.startswith(PREFIX) and name in sums:
            sums[name][key] = array
    return sums


def append(sums: Sums, key: str, part: np.ndarray) -> None:
    """Appends rows to an array of the sums, without copying the rows before. `part` must not change afterwards."""
    parts = sums.setdefault(key, [])
    if isinstance(parts, np.ndarray):  # just restored
        parts = sums[key] = [parts]
    parts.append(part)


def joined(value: np.ndarray | list[np.ndarray]) -> np.ndarray:
    """The array, whether it is in parts or not."""
    return value if isinstance(value, np.ndarray) else np.concatenate(value)


def _is_array(value: object) -> bool:
    return isinstance(value, np.ndarray) or (
        isinstance(value, list) and bool(value) and isinstance(value[0], np.ndarray)
    )
