"""Impute: a value for each column's gaps, measured on the train part alone."""

from dataclasses import replace

import numpy as np

from nntrain.data.dataset import Dataset, Splits
from nntrain.errors import UserError


def _most_frequent(values: np.ndarray) -> float:
    different, counts = np.unique(values, return_counts=True)
    return different[np.argmax(counts)]


STATISTICS = {"mean": np.mean, "median": np.median, "most_frequent": _most_frequent}


def impute(splits: Splits) -> Splits:
    """The same parts with a `fill` for the NaN of x, where the train part's source asks for it with `impute`.

    A gap in a column of text becomes its most frequent category, whatever the statistic. Of several equally frequent values
    it is the smallest, or the first. Raises UserError where the sources of two parts disagree, or the train part has no
    value in a column.
    """
    train = splits.train
    for name, part in splits.parts().items():
        if part.impute not in ("", train.impute):
            raise UserError(
                f"{name}: its source fills gaps by `impute: {part.impute}`, the training source by "
                f"{f'`impute: {train.impute}`' if train.impute else 'nothing'}. Give both the same."
            )
    if not train.impute:
        return splits
    fill = fills(train)
    return Splits(**{name: replace(part, fill=fill) for name, part in splits.parts().items()})


def fills(data: Dataset) -> np.ndarray:
    """(features,) float64: what stands for NaN in each column of `data`, by its `impute`. Raises UserError."""
    fill = np.zeros(data.x.shape[-1])
    texts = {place for text in data.one_hot for place in range(*text.places.indices(len(fill)))}
    for place in set(range(len(fill))) - texts:
        values = data.x[:, place]
        values = values[~np.isnan(values)]
        if not values.size:
            raise _no_value(data.feature_names[place])
        with np.errstate(over="ignore", invalid="ignore"):
            fill[place] = STATISTICS[data.impute](values)
        if not np.isfinite(fill[place]):
            raise UserError(
                f"impute: {data.feature_names[place]!r}: the values are too large: their sum does not fit a float64."
            )
    for text in data.one_hot:
        counts = np.nansum(data.x[:, text.places], axis=0)
        if not counts.any():
            raise _no_value(text.column)
        fill[text.start + np.argmax(counts)] = 1
    return fill


def _no_value(column: str) -> UserError:
    return UserError(f"impute: {column!r} has no value in the train part. Leave it out with `features`.")
