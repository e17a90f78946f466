"""Standardization: zero mean and unit variance per element of the last axis, computed on the training split."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from nntrain.data.dataset import Dataset, Splits
from nntrain.data.sequences.windows import Windows
from nntrain.errors import DataError

VALUES_AT_ONCE = 1 << 20  # in float64: 8 MiB, whatever the size of the data
LAST_DIGITS = 16  # units of rounding by which the values of a constant column may differ


def standardize(splits: Splits) -> Splits:
    """The splits with the training split's mean as `shift` and 1 / standard deviation as `scale`, by its weights if it has any.

    The last axis is a table's columns or an image's channels. A standard deviation of 0, but for
    rounding, counts as 1. Raises DataError for tokens.
    """
    train = splits.train
    if train.vocabulary:
        raise DataError("tokens cannot be standardized", "Remove `standardize`.", "standardize")
    shift, std = mean_and_std(values(train), train.feature_names, weights_of(train))
    # Both are in the units of x; constant bytes keep the 1/255 that scales them to [0, 1].
    scale = np.where(std > 0, 1 / np.where(std > 0, std, 1), 1 / 255 if train.is_bytes else 1)
    return Splits(**{name: replace(part, shift=shift, scale=scale) for name, part in splits.parts().items()})


def values(data: Dataset) -> np.ndarray:
    """(rows, ..., channels): the samples, of sequences the steps without padding; a step in several windows counts once."""
    if isinstance(data.x, Windows):
        return data.x.distinct_steps()
    if data.lengths is None:
        return np.asanyarray(data.imputed)
    return data.x[np.arange(data.input_shape[0]) < data.lengths[:, None]]


def weights_of(data: Dataset) -> np.ndarray | None:
    """(rows,) float64: the weights of the rows of `values`."""
    if data.weight is None or data.lengths is None:
        return data.weight
    return np.repeat(data.weight, data.lengths)


def mean_and_std(
    x: np.ndarray, names: tuple[str, ...] = (), weight: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """(channels,) float64 each: mean and standard deviation (divided by n) of x (rows, ..., channels), in two passes.

    names: of the channels, for errors. weight: (rows,), or None for all ones; rows of weight 0 are ignored.
    """
    if weight is not None and not weight.all():
        x, weight = x[weight > 0], weight[weight > 0]
    with np.errstate(over="ignore", invalid="ignore"):
        count = (len(x) if weight is None else weight.sum()) * (x[0].size // x.shape[-1])
        mean = sum(total(chunk, share) for chunk, share in chunks(x, weight)) / count
        variance = sum(total(np.square(chunk - mean), share) for chunk, share in chunks(x, weight)) / count
    if not np.isfinite(variance).all():
        channel = np.flatnonzero(~np.isfinite(variance))[0]
        largest = max((chunk[:, channel] for chunk, _ in chunks(x)), key=lambda part: abs(part).max())
        raise DataError(
            f"column {repr(names[channel]) if names else channel + 1}: the values are too large: their squares exceed "
            f"float64. The largest is {largest[abs(largest).argmax()]:.4g}.",
            "Fix the value, or remove the sample.",
            "standardize",
        )
    first = x.reshape(-1, x.shape[-1])[0].astype(np.float64)
    lowest, highest = first.copy(), first.copy()
    for chunk, _ in chunks(x):
        np.minimum(lowest, chunk.min(axis=0), out=lowest)
        np.maximum(highest, chunk.max(axis=0), out=highest)
    # Rounding gives a constant column, such as 0.1 + 0.2 and 0.3, a tiny deviation, whose inverse would be huge.
    rounding = np.finfo(x.dtype).eps if x.dtype.kind == "f" else 0.0
    varies = highest - lowest > LAST_DIGITS * rounding * np.maximum(abs(lowest), abs(highest))
    return np.where(varies, mean, first), np.where(varies, np.sqrt(variance), 0)


def total(values: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    """(channels,): the weighted sum of values (some, channels)."""
    return (values if weight is None else values * weight).sum(axis=0)


def chunks(x: np.ndarray, weight: np.ndarray | None = None) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """x (rows, ..., channels) as float64 chunks (some, channels), each with its weights (some, 1)."""
    rows = max(1, VALUES_AT_ONCE // max(1, x[0].size))
    for start in range(0, len(x), rows):
        chunk = x[start : start + rows].reshape(-1, x.shape[-1]).astype(np.float64)
        if weight is None:
            yield chunk, None
        else:
            share = weight[start : start + rows]
            yield chunk, np.repeat(share, len(chunk) // len(share))[:, None]
