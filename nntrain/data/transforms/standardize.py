"""Standardization: zero mean and unit variance per element of the last axis, or what a column asks for, by the training split."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import cast

import numpy as np

from nntrain.data import mapped
from nntrain.data.dataset import Dataset, Splits
from nntrain.data.sequences.windows import Windows
from nntrain.data.tables.curves import Curve, quantiles
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


def scale_columns(splits: Splits, everything: bool) -> Splits:
    """The splits with each column of a table scaled as `scaling` says; the others are standardized if `everything` is set.

    Columns of categories for which vectors are learned stay numbers of categories.
    """
    train = splits.train
    if everything:
        splits = standardize(splits)
    if not train.scaling and not (everything and train.embedded):
        return splits
    size = train.input_shape[-1]
    shift = np.broadcast_to(splits.train.shift, size).copy()
    scale = np.broadcast_to(cast(np.ndarray, splits.train.scale), size).copy()
    curves: list[Curve] = []
    for position, name in enumerate(train.feature_names):
        if how := train.scaling.get(name):
            column_values = mapped.column(np.asanyarray(train.imputed), position)
            if (bend := CURVES.get(how)) is not None:
                curves.append(bend(position, column_values, train.weight))
                column_values = curves[-1](column_values)
            shift[position], scale[position] = SCALERS[how](column_values, train.weight, name)
    for column in train.embedded:
        shift[column.places], scale[column.places] = 0, 1
    parts = splits.parts().items()
    return Splits(
        **{name: replace(part, shift=shift, scale=scale, curves=tuple(curves)) for name, part in parts}
    )


def _none(values: np.ndarray, weight: np.ndarray | None, name: str) -> tuple[float, float]:
    return 0.0, 1.0


def _standard(values: np.ndarray, weight: np.ndarray | None, name: str) -> tuple[float, float]:
    (mean,), (std,) = mean_and_std(values[:, None], (name,), weight)
    return mean, 1 / std if std > 0 else 1.0


def _robust(values: np.ndarray, weight: np.ndarray | None, name: str) -> tuple[float, float]:
    """Median and interquartile range; where half of the values are equal, the standard deviation in place of the latter."""
    low, median, high = np.quantile(
        values, [0.25, 0.5, 0.75], weights=weight, method="linear" if weight is None else "inverted_cdf"
    )
    return median, 1 / (high - low) if high > low else _standard(values, None, name)[1]


SCALERS: dict[str, Callable[[np.ndarray, np.ndarray | None, str], tuple[float, float]]] = {
    "none": _none,
    "standard": _standard,
    "robust": _robust,
    "quantile": _standard,
    "log": _standard,
}
CURVES: dict[str, Callable[[int, np.ndarray, np.ndarray | None], Curve]] = {  # before these
    "quantile": quantiles,
    "log": lambda position, values, weight: Curve(position),
}


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
        x, weight = mapped.take(x, weight > 0), weight[weight > 0]
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
        mapped.release(x)
