"""Named targets: several columns to predict from a Python program, of numbers or of classes, as one matrix of reals with heads."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nntrain.data.dataset import Dataset
from nntrain.data.tables.columns import FLAGS
from nntrain.data.tables.numerals import number
from nntrain.errors import DataError
from nntrain.heads import Head
from nntrain.options import did_you_mean

WORDS = {word for flags in FLAGS for word in flags}


def are_named(y: Any) -> bool:
    """Whether y is a dictionary of columns, or a DataFrame of which some columns have texts that name classes."""
    if isinstance(y, Mapping):
        return True
    names = list(getattr(y, "columns", ()))
    if len(names) < 2 or len(set(names)) < len(names):
        return False
    return any(_names_classes(_array(y[name])) for name in names)


def _names_classes(column: np.ndarray) -> bool:
    """Whether a column has texts other than numbers, true and false, or yes and no."""
    if column.dtype.kind not in "OUT":
        return False
    texts = {value.strip().lower() for value in column if isinstance(value, str)}
    return any(text not in WORDS and number(text) is None for text in texts)


def note_of(name: str, heads: Sequence[Head]) -> str:
    """What a program's targets were taken for: "y: price: numbers, kind: 3 classes"."""
    kinds = (f"{len(head.classes):,} classes" if head.classes else "numbers" for head in heads)
    return f"{name}: " + ", ".join(f"{head.name}: {kind}" for head, kind in zip(heads, kinds, strict=True))


def named_targets(name: str, y: Any, rows: int) -> tuple[np.ndarray, tuple[Head, ...]]:
    """(rows, heads) float64 and the heads of the columns of y: floats are numbers, anything else is a class; None and NaN are
    missing. Raises DataError.
    """
    columns, heads = [], []
    names = list(y) if isinstance(y, Mapping) else list(y.columns)
    if not names:
        raise DataError("expected at least one target. Received: none", place=name)
    for column in names:
        place = f"{name}[{column!r}]"
        array = _array(y[column])
        if array.ndim != 1 or len(array) != rows:
            expected = f"expected {rows:,} values, one per sample"
            raise DataError(f"{expected}. Received: an array of shape {array.shape}.", place=place)
        values, classes = _column(place, array)
        columns.append(values)
        heads.append(Head(str(column), classes))
    return np.stack(columns, axis=1), tuple(heads)


def with_heads_of_columns(data: Dataset) -> Dataset:
    """The data with a head for each named target that is a number, where they have none."""
    if data.heads or data.classes or not data.target_names or data.per_step:
        return data
    return replace(data, heads=tuple(map(Head, data.target_names)))


def chosen_heads(
    place: str, data: Dataset, wanted: Sequence[tuple[str | int, bool]]
) -> tuple[np.ndarray, tuple[Head, ...]]:
    """The targets (rows, wanted) and their heads: of each name, and whether it is to be a class. Whole numbers are either.

    Raises DataError.
    """
    names = [head.name for head in data.heads]
    target = np.asarray(data.target)
    columns, heads = [], []
    for column, is_class in wanted:
        if column not in names:
            raise DataError(f"no target is named {column!r}.{did_you_mean(column, names)}", place=place)
        at = names.index(str(column))
        values, head = target[:, at], data.heads[at]
        if is_class and not head.classes:
            values, head = _as_classes(values, head)
        if is_class and not head.classes:
            raise DataError(
                f"{column}: its loss predicts classes, and it holds floats",
                "Pass whole numbers or text, or set a loss for numbers, such as mse.",
                place,
            )
        if head.classes and not is_class:
            values, head = _as_numbers(place, values, head)
        columns.append(values)
        heads.append(head)
    return np.stack(columns, axis=1), tuple(heads)


def _as_classes(values: np.ndarray, head: Head) -> tuple[np.ndarray, Head]:
    """Whole numbers as classes; others as they are."""
    known = values[~np.isnan(values)]
    if (known != np.floor(known)).any():
        return values, head
    distinct, labels = np.unique(known, return_inverse=True)
    found = np.full(len(values), np.nan)
    found[~np.isnan(values)] = labels
    return found, replace(head, classes=tuple(f"{value:.0f}" for value in distinct))


def _as_numbers(place: str, values: np.ndarray, head: Head) -> tuple[np.ndarray, Head]:
    try:
        numbers = np.array([*map(float, head.classes), np.nan])
    except ValueError:
        raise DataError(
            f"{head.name}: its loss predicts numbers, and it holds text",
            "Set a loss for classes: cross_entropy, or binary_cross_entropy for two.",
            place,
        ) from None
    return numbers[np.where(np.isnan(values), -1, values).astype(np.int64)], replace(head, classes=())


def _array(values: Any) -> np.ndarray:
    return np.asarray(values.to_numpy() if hasattr(values, "to_numpy") else values)


def _column(place: str, array: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """(rows,) float64 numbers, or numbers of classes and their names; NaN for missing ones."""
    missing = np.zeros(len(array), bool)
    if array.dtype.kind == "O":
        missing = np.array([value is None or value != value or str(value) == "<NA>" for value in array])
        array = np.array(list(array[~missing]))
    kind = array.dtype.kind
    if kind not in "biufUT":
        raise DataError(f"expected numbers or text. Received: {array.dtype.name}.", place=place)
    found = np.full(len(missing), np.nan)
    if kind == "f":
        if np.isinf(array).any():
            raise DataError("expected finite numbers. Received: an infinity.", place=place)
        found[~missing] = array
        return found, ()
    distinct, labels = np.unique(array.astype(np.int64) if kind == "b" else array, return_inverse=True)
    found[~missing] = labels
    return found, tuple(map(str, distinct))
