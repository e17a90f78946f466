"""Frames: the columns of a DataFrame, of pandas or alike, as the features of a table; text is one-hot encoded."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nntrain.data.tables.features import OneHot, listed
from nntrain.errors import DataError


def has_text(frame: Any) -> bool:
    """Whether x is a DataFrame with a column that holds no numbers."""
    is_frame = hasattr(frame, "columns") and hasattr(frame, "__getitem__")
    return is_frame and any(_is_text(frame[name]) for name in frame.columns)


def encoded(
    frame: Any, known: Sequence[OneHot] | None = None
) -> tuple[np.ndarray, tuple[str, ...], tuple[OneHot, ...]]:
    """(rows, features) float64, the names of the features, and the text columns among them.

    known: the text columns of the training data, whose categories are the only ones. Raises DataError.
    """
    names: list[str] = []
    texts: list[OneHot] = []
    parts: list[np.ndarray] = []
    trained = None if known is None else {text.column: text.categories for text in known}
    for called in frame.columns:
        name, column = str(called), frame[called]
        if name in trained if trained is not None else _is_text(column):
            values = _texts(name, column)
            categories = tuple(np.unique(values).tolist()) if trained is None else trained[name]
            if unknown := sorted(set(values.tolist()) - set(categories)):
                message = (
                    f"unknown categories: {listed(unknown)}. The training data has: {listed(categories)}."
                )
                raise DataError(message, place=f"column {name!r}")
            texts.append(OneHot(name, categories, len(names)))
            names += [f"{name}={category}" for category in categories]
            parts.append((values[:, None] == np.array(categories)).astype(np.float64))
        else:
            names.append(name)
            parts.append(_numbers(name, column)[:, None])
    return np.concatenate(parts, axis=1), tuple(names), tuple(texts)


def _is_text(column: Any) -> bool:
    if getattr(column.dtype, "name", "") == "category":
        return True
    values = np.asarray(column)
    if values.dtype.kind == "O":
        return any(isinstance(value, str) for value in values)
    return values.dtype.kind in "UT"


def _texts(name: str, column: Any) -> np.ndarray:
    values = np.asarray(column, dtype=object)
    missing = [row for row, value in enumerate(values) if value is None or value != value]
    if missing:
        message = f"row {missing[0] + 1}: expected a category. Received: a missing value."
        raise DataError(message, "Fill or remove missing values.", f"column {name!r}")
    return np.array([str(value) for value in values])


def _numbers(name: str, column: Any) -> np.ndarray:
    values = np.asarray(column)
    try:
        if values.dtype.kind not in "biufO":  # NumPy turns times into numbers
            raise TypeError
        values = values.astype(np.float64)
    except (TypeError, ValueError):
        message = f"expected numbers or text. Received: {column.dtype}."
        raise DataError(message, place=f"column {name!r}") from None
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        message = f"row {wrong[0] + 1}: expected a finite number. Received: {values[wrong[0]]:g}."
        raise DataError(message, "Fill or remove missing values.", f"column {name!r}")
    return values
