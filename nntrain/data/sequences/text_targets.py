"""Text targets: the labels of texts as classes, or as numbers to predict."""

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np

from nntrain.data.arrays import Task
from nntrain.data.dataset import Dataset
from nntrain.data.sequences.labelled_texts import LabelledTexts
from nntrain.data.tables.looks import GAPS, look_of
from nntrain.data.tables.numerals import number
from nntrain.data.tables.suspicions import hardly_repeat
from nntrain.errors import DataError
from nntrain.options import shown

AS_CLASSES = "set `task: classification` if these are names of classes"
AS_NUMBERS = "`task: regression` makes them numbers"


def with_targets(read: Mapping[str, LabelledTexts], task: Task) -> dict[str, Dataset]:
    """The splits with targets, and no samples yet: (count,) class numbers, or (count, 1) numbers. Raises DataError."""
    labels = [label for part in read.values() for label in part.labels]
    chosen = guessed(labels) if task == "auto" else task
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    if task == "auto":
        notes, warnings = _remarks(read["train"].label, labels, chosen)
    classes = classes_of(labels) if chosen == "classification" else ()
    places = {label: place for place, label in enumerate(classes)}
    parts = {}
    for name, part in read.items():
        target = np.array([places[label] for label in part.labels], np.int32) if classes else _numbers(part)
        parts[name] = Dataset(
            np.zeros((len(target), 1)),
            target,
            classes,
            target_names=() if classes else (part.label,),
            origin=Places(part.places),
            notes=(*part.notes, *notes),
            warnings=(*part.warnings, *warnings),
        )
    return parts


def guessed(labels: Sequence[str]) -> Task:
    """Whether they are numbers or marks of missing ones, and not all whole numbers, which are rather those of classes."""
    values = np.array([value for label in set(labels) if (value := number(label)) is not None])
    others = [label for label in set(labels) if number(label) is None]
    is_quantity = (
        np.isfinite(values).all() and (values % 1).any() and all(one.lower() in GAPS for one in others)
    )
    return "regression" if is_quantity else "classification"


def _numbers(part: LabelledTexts) -> np.ndarray:
    """(count, 1) float64. Raises DataError."""
    found = [number(label) for label in part.labels]
    for place, label, value in zip(part.places, part.labels, found, strict=True):
        if value is None or not np.isfinite(value):
            message = f"{part.label}: expected a finite number. Received: {shown(label)}."
            raise DataError(message, f"Fix it, or {AS_CLASSES}.", place)
    return np.array(found, np.float64)[:, None]


def _remarks(name: str, labels: Sequence[str], task: Task) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The notes and the warnings of a guess whether labels are classes."""
    if task == "regression":
        return (f"{name}: numbers; `task: classification` makes them classes",), ()
    distinct = set(labels)
    if any(number(label) is None for label in distinct):
        look = look_of(sorted(distinct))
        if look is None or not look.numerals:
            return (), ()
        return (), (
            f"{name}: {look.example!r} and others look like {look.what}, but are names of classes: write numbers to predict such as "
            "1234.5, or set `task: classification`",
        )
    if not hardly_repeat(len(distinct), len(labels)):
        return (f"{name}: {len(distinct):,} classes; {AS_NUMBERS}",), ()
    return (), (
        f"{name}: {len(distinct):,} numbers in {len(labels):,} texts hardly repeat, but are classes: set `task: regression` if "
        "they are numbers to predict, or `task: classification`",
    )


def classes_of(labels: Sequence[str]) -> tuple[str, ...]:
    """The distinct labels: sorted as numbers if all are whole numbers, else as text."""
    distinct = sorted(set(labels))
    if all(label.isascii() and label.isdigit() for label in distinct):
        distinct.sort(key=lambda label: (int(label), label))
    return tuple(distinct)


class Places:
    """The places of texts: lines of a file, or files."""

    def __init__(self, names: Sequence[str]):
        self._names = np.array(names, object)

    def place(self, row: int) -> str:
        return cast(str, self._names[row])

    def select(self, rows: slice | np.ndarray) -> "Places":
        return Places(self._names[rows].tolist())
