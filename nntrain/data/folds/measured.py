"""Measured: categories and vocabulary of a fold's training part, without what only occurs in the other samples."""

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.data.conform.texts import counted
from nntrain.data.dataset import Dataset
from nntrain.data.sequences.windows import Windows
from nntrain.data.sources.text import Text
from nntrain.data.tables.features import NAMES_SHOWN, OneHot


@dataclass(frozen=True)
class Measured:
    """A data set in the form that the training part of a fold gives it."""

    data: Dataset
    unknown: np.ndarray | None = (
        None  # (count,) bool: samples with a value that the training part lacks; None: no such
    )
    what: str = ""  # "categories: 'Rome' in column 'city'", for people


def measured_on(source: Any, folder: Path, data: Dataset, train: np.ndarray) -> Measured:
    """`data` with the categories, or the vocabulary, that the samples `train` have."""
    if isinstance(source, Text):
        return _vocabulary_of(source, folder, data, train)
    return _categories_of(data, train) if data.one_hot else Measured(data)


def _vocabulary_of(source: Text, folder: Path, data: Dataset, train: np.ndarray) -> Measured:
    x, target = data.x, data.target
    assert isinstance(x, Windows)
    assert isinstance(target, Windows)
    found, unknown = source.with_vocabulary_until(folder, data, int(target.ends[train].max()))
    if unknown is None:
        return Measured(found)
    names = Counter(data.classes[token] for token in x.stream[unknown])
    return Measured(found, x.holding(unknown) | target.holding(unknown), counted(names))


def _categories_of(data: Dataset, train: np.ndarray) -> Measured:
    x = data.x
    rows = x.stream if isinstance(x, Windows) else np.asarray(x)  # (rows, features)
    inside = x[train].covered() if isinstance(x, Windows) else train
    kept = np.ones(rows.shape[1], bool)
    absent: list[str] = []
    for text in data.one_hot:
        occurs = (rows[inside, text.places] == 1).any(axis=0)  # NaN where the text is missing
        if occurs.any():  # else the column has no value, which the imputation reports
            kept[text.places] = occurs
            names = np.array(text.categories)[~occurs]
            absent += [f"{name!r} in column {text.column!r}" for name in names.tolist()]
    if not absent:
        return Measured(data)
    has_unknown = (rows[:, ~kept] == 1).any(axis=1)
    values = np.ascontiguousarray(rows[:, kept])
    found = replace(
        data,
        x=replace(x, stream=values) if isinstance(x, Windows) else values,
        feature_names=_only(data.feature_names, kept),
        one_hot=tuple(
            OneHot(text.column, _only(text.categories, kept[text.places]), int(kept[: text.start].sum()))
            for text in data.one_hot
        ),
    )
    more = f" and {len(absent) - NAMES_SHOWN:,} more" if len(absent) > NAMES_SHOWN else ""
    what = f"categor{'ies' if len(absent) > 1 else 'y'}: {', '.join(absent[:NAMES_SHOWN])}{more}"
    return Measured(found, x.holding(has_unknown) if isinstance(x, Windows) else has_unknown, what)


def _only(names: tuple[str, ...], kept: np.ndarray) -> tuple[str, ...]:
    return tuple(name for name, keep in zip(names, kept, strict=True) if keep)
