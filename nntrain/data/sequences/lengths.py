"""Lengths of padded sequences: checked, and as a mask."""

import numpy as np

from nntrain.errors import DataError


def real_steps(lengths: np.ndarray, array: np.ndarray) -> np.ndarray:
    """(count, steps, 1, ...) bool, to broadcast with array (count, steps, ...): False for padding."""
    mask = np.arange(array.shape[1]) < lengths[:, None]
    return mask.reshape(*mask.shape, *[1] * (array.ndim - 2))


def check_lengths(name: str, lengths: np.ndarray, x: np.ndarray) -> np.ndarray:
    """(count,) int32. Raises DataError unless they are lengths of the sequences x (count, steps, ...)."""
    if x.ndim < 2:
        raise DataError(
            f"only sequences (count, steps, ...) have lengths. Received: samples of shape {x.shape}.",
            place=name,
        )
    if lengths.shape != (len(x),) or lengths.dtype.kind not in "iu":
        raise DataError(
            f"expected {len(x):,} whole numbers, one per sequence. Received: {lengths.dtype.name} of shape "
            f"{lengths.shape}.",
            place=name,
        )
    outside = np.flatnonzero((lengths < 1) | (lengths > x.shape[1]))
    if len(outside):
        wrong = lengths[outside[0]]
        raise DataError(
            f"sample {outside[0] + 1}: expected a length from 1 to {x.shape[1]:,}, the number of steps. Received: "
            f"{wrong}.",
            "Remove empty sequences." if wrong == 0 else "",
            name,
        )
    return lengths.astype(np.int32)
