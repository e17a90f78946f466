"""Imputation: missing values of a table replaced by a statistic of the column in the training split."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from nntrain.data.dataset import Dataset, Splits
from nntrain.data.tables.features import columns
from nntrain.errors import DataError

NOTES = 10  # columns that notes report


def _most_frequent(values: np.ndarray) -> float:
    distinct, counts = np.unique(values, return_counts=True)
    return distinct[np.argmax(counts)]


STATISTICS: dict[str, Callable[[np.ndarray], float]] = {
    "mean": np.mean,
    "median": np.median,
    "most_frequent": _most_frequent,
}


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
        count = sum(int(np.isnan(np.asarray(part.x)[:, start]).sum()) for part in parts)
        if count and text:
            most = text.categories[np.argmax(fill[text.places])]
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
    """(features,) float64: the value that replaces NaN in each column of `data`. Raises DataError."""
    x = np.asarray(data.x)
    fill = np.zeros(x.shape[-1])
    texts = {position for text in data.one_hot for position in range(*text.places.indices(len(fill)))}
    for position in set(range(len(fill))) - texts:
        values = x[:, position]
        values = values[~np.isnan(values)]
        if not values.size:
            raise _no_value(data.feature_names[position])
        with np.errstate(over="ignore", invalid="ignore"):
            fill[position] = STATISTICS[data.impute](values)
        if not np.isfinite(fill[position]):
            raise DataError(
                f"{data.feature_names[position]!r}: the values are too large: their sum exceeds float64",
                place="impute",
            )
    for text in data.one_hot:
        counts = np.nansum(x[:, text.places], axis=0)
        if not counts.any():
            raise _no_value(text.column)
        fill[text.start + np.argmax(counts)] = 1
    return fill


def _no_value(column: str) -> DataError:
    return DataError(
        f"{column!r} has no value in the training split", "Leave the column out with `features`.", "impute"
    )
