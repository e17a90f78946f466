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
    lost = np.zeros(len(rows), bool)
    absent: list[str] = []
    columns: list[
        tuple[OneHot, np.ndarray, np.ndarray]
    ] = []  # with the categories that occur, and those of the rows
    for text in data.one_hot:
        labels = text.labels(rows)
        occurs = _occurring(text, labels[inside])
        gone = ~np.append(occurs, True)[labels]  # label -1 is a missing category
        if text.unknown_label is None:
            lost |= gone
            names = np.array(text.categories)[~occurs]
            absent += [f"{name!r} in column {text.column!r}" for name in names.tolist()]
        else:
            labels = np.where(gone, text.unknown_label, labels)
        kept[text.places] = True if text.units else occurs
        columns.append((text, occurs, labels))
    if all(occurs.all() for _, occurs, _ in columns):
        return Measured(data)
    values = rows.copy()
    for text, occurs, labels in columns:
        number = np.where(occurs, np.cumsum(occurs) - 1, -1) if text.units else np.arange(len(occurs))
        values[:, text.places] = text.encoded(np.append(number, -1)[labels])
    values = np.ascontiguousarray(values[:, kept])
    found = replace(
        data,
        x=replace(x, stream=values) if isinstance(x, Windows) else values,
        feature_names=_only(data.feature_names, kept),
        one_hot=tuple(
            replace(text, categories=_only(text.categories, occurs), start=int(kept[: text.start].sum()))
            for text, occurs, _ in columns
        ),
    )
    if not absent:
        return Measured(found)
    more = f" and {len(absent) - NAMES_SHOWN:,} more" if len(absent) > NAMES_SHOWN else ""
    what = f"categor{'ies' if len(absent) > 1 else 'y'}: {', '.join(absent[:NAMES_SHOWN])}{more}"
    return Measured(found, x.holding(lost) if isinstance(x, Windows) else lost, what)


def _occurring(text: OneHot, labels: np.ndarray) -> np.ndarray:
    """(categories,) bool: those that occur, and that of unknown ones; all of a column without a value, which imputation reports."""
    occurs = np.bincount(labels[labels >= 0], minlength=len(text.categories)) > 0
    if not occurs.any():
        return np.ones(len(occurs), bool)
    if text.unknown_label is not None:
        occurs[text.unknown_label] = True
    return occurs


def _only(names: tuple[str, ...], kept: np.ndarray) -> tuple[str, ...]:
    return tuple(name for name, keep in zip(names, kept, strict=True) if keep)
