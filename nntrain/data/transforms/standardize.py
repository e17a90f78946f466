"""Standardize: mean 0 and deviation 1 for each value of the last axis, measured on the train part alone."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from nntrain.data.dataset import Dataset, Splits
from nntrain.data.sequences.windows import Windows
from nntrain.errors import UserError

VALUES_AT_ONCE = 1 << 20  # in float64: 8 MiB, whatever the size of the data


def standardize(splits: Splits) -> Splits:
    """The same parts with the train part's mean as `shift` and one over its deviation as `scale`.

    The last axis are a table's columns or an image's channels. A deviation of 0 counts as 1. Raises UserError for tokens.
    """
    train = splits.train
    if train.vocabulary:
        raise UserError("standardize: the data are tokens, which have no mean. Leave it out.")
    shift, deviation = mean_and_std(values(train))
    # Both are in the units of x; bytes without deviation keep the 1/255 that brings them to [0, 1].
    scale = np.where(
        deviation > 0, 1 / np.where(deviation > 0, deviation, 1), 1 / 255 if train.is_bytes else 1
    )
    return Splits(**{name: replace(part, shift=shift, scale=scale) for name, part in splits.parts().items()})


def values(data: Dataset) -> np.ndarray:
    """The samples, of sequences (steps, features) without padding; what lies in several windows comes once."""
    if isinstance(data.x, Windows):
        return data.x.distinct_steps()
    if data.lengths is None:
        return data.imputed
    return data.x[np.arange(data.input_shape[0]) < data.lengths[:, None]]


def mean_and_std(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(channels,) float64 each: the mean and the deviation (divided by n) of x (rows, ..., channels), in two passes."""
    with np.errstate(over="ignore", invalid="ignore"):
        count = x.size // x.shape[-1]
        mean = sum(chunk.sum(axis=0) for chunk in chunks(x)) / count
        variance = sum(np.square(chunk - mean).sum(axis=0) for chunk in chunks(x)) / count
    if not np.isfinite(variance).all():
        raise UserError(
            f"standardize: the values of column {np.flatnonzero(~np.isfinite(variance))[0] + 1} are too large: "
            "their squares do not fit a float64."
        )
    # Rounding gives a constant column like 0.1, 0.1, 0.1 a tiny deviation, and one over that would blow it up.
    first = x.reshape(-1, x.shape[-1])[0].astype(np.float64)
    varies = np.zeros(len(mean), bool)
    for chunk in chunks(x):
        varies |= (chunk != first).any(axis=0)
    return np.where(varies, mean, first), np.where(varies, np.sqrt(variance), 0)


def chunks(x: np.ndarray) -> Iterator[np.ndarray]:
    """x (rows, ..., channels) in float64 pieces (some, channels)."""
    rows = max(1, VALUES_AT_ONCE // max(1, x[0].size))
    for start in range(0, len(x), rows):
        yield x[start : start + rows].reshape(-1, x.shape[-1]).astype(np.float64)
