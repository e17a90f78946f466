"""Imputation: missing values of a table replaced by a statistic of the column in the training split."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from nntrain.data import mapped
from nntrain.data.dataset import Dataset, Splits
from nntrain.data.tables.features import columns
from nntrain.errors import DataError

NOTES = 10  # columns that notes report


def _mean(values: np.ndarray, weight: np.ndarray) -> float:
    return float((values * weight).sum() / weight.sum())


def _median(values: np.ndarray, weight: np.ndarray) -> float:
    order = np.argsort(values, kind="stable")
    share = np.cumsum(weight[order]) / weight.sum()
    lower, upper = (share > 0.5 - ROUNDING).argmax(), (share > 0.5 + ROUNDING).argmax()
    return float(values[order[lower]] / 2 + values[order[upper]] / 2)


def _most_frequent(values: np.ndarray, weight: np.ndarray) -> float:
    distinct, number = np.unique(values, return_inverse=True)
    return float(distinct[_largest(np.bincount(number, weight))])


def _largest(counts: np.ndarray) -> int:
    """The first of those that are equal but for rounding."""
    return int((counts >= counts.max() * (1 - ROUNDING)).argmax())


STATISTICS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "mean": _mean,
    "median": _median,
    "most_frequent": _most_frequent,
}
ROUNDING = 1e-12  # by which sums of the same weights may differ


def impute(splits: Splits) -> Splits:
    """The splits with `fill` for the NaN of x, where the training source has the option `impute`.

    Missing text becomes the most frequent category, whatever the statistic; of several equally frequent values, the smallest or
    first. Raises DataError where the sources of two splits disagree, or a column has no value in the training split.
    """
    train = splits.train
    for name, part in splits.parts().items():
        if part.impute not in ("", train.impute):
            trained = f"`impute: {train.impute}`" if train.impute else "no `impute`"
            raise DataError(
                f"its source has `impute: {part.impute}`, the training source {trained}",
                "Use the same `impute` for both.",
                name,
            )
    if not train.impute:
        return splits
    fill = fill_values(train)
    filled = {name: replace(part, fill=fill) for name, part in splits.parts().items()}
    notes = (*train.notes, *notes_of(splits, fill))
    return Splits(**filled | {"train": replace(filled["train"], notes=notes)})


def notes_of(splits: Splits, fill: np.ndarray) -> list[str]:
    """For each column with gaps, how many cells of all splits are filled, and with what."""
    parts, train = splits.parts().values(), splits.train
    rows = sum(map(len, parts))
    statistic = train.impute.replace("_", " ")
    notes = []
    for name, start, text in columns(train.feature_names, train.one_hot):
        count = sum(int(np.isnan(mapped.column(np.asanyarray(part.x), start)).sum()) for part in parts)
        if count and text:
            most = text.categories[text.labels(fill[None])[0]]
            notes.append(
                f"impute: {count:,} of {rows:,} cells of {name} filled with {most!r}, the most frequent"
            )
        elif count:
            notes.append(
                f"impute: {count:,} of {rows:,} cells of {name} filled with {fill[start]:.6g}, the {statistic}"
            )
    more = len(notes) - NOTES
    return notes if more <= 0 else [*notes[:NOTES], f"impute: cells of {more:,} more columns filled"]


def fill_values(data: Dataset) -> np.ndarray:
    """(features,) float64: the value that replaces NaN in each column of `data`, by its weights. Raises DataError."""
    weight = np.ones(len(data)) if data.weight is None else data.weight
    x = np.asanyarray(data.x)
    x = x if weight.all() else mapped.take(x, weight > 0)
    weight = weight[weight > 0]
    fill = np.zeros(x.shape[-1])
    texts = {position for text in data.one_hot for position in range(*text.places.indices(len(fill)))}
    for position in set(range(len(fill))) - texts:
        values = mapped.column(x, position)
        there = ~np.isnan(values)
        if not there.any():
            raise _no_value(data.feature_names[position])
        with np.errstate(over="ignore", invalid="ignore"):
            fill[position] = STATISTICS[data.impute](values[there], weight[there])
        if not np.isfinite(fill[position]):
            raise DataError(
                f"{data.feature_names[position]!r}: the values are too large: their sum exceeds float64",
                place="impute",
            )
    for text in data.one_hot:
        labels = text.labels(x)
        known = labels >= 0
        counts = np.bincount(labels[known], weight[known], minlength=len(text.categories))
        if not counts.any():
            raise _no_value(text.column)
        fill[text.places] = text.encoded(np.array([_largest(counts)]))[0]
    return fill


def _no_value(column: str) -> DataError:
    return DataError(
        f"{column!r} has no value in the training split", "Leave the column out with `features`.", "impute"
    )
