"""Align: features and class numbers of another file or split in the order of the training split, matched by name."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from nntrain.data.conform.names import spelled, spelling_hint
from nntrain.data.conform.texts import map_vocabulary
from nntrain.data.dataset import Dataset
from nntrain.data.sequences.windows import Windows, pad_or_cut
from nntrain.data.tables.features import OneHot, listed
from nntrain.errors import DataError


def align(name: str, train: Dataset, other: Dataset) -> Dataset:
    """`other` with the features and class numbers of `train`, matched by name.

    Raises DataError at the place `name` for classes and categories that `train` does not have. Columns that only one of the
    two has remain; `mismatch` reports them.
    """
    if train.unit or other.unit:
        return map_vocabulary(name, train, other)
    return _align_classes(name, train, pad_steps(name, train, align_features(name, train, other)))


def align_features(name: str, train: Dataset, other: Dataset) -> Dataset:
    """`align` for the features alone."""
    if not train.feature_names or not other.feature_names:
        return other
    if train.feature_names == other.feature_names and (train.one_hot == other.one_hot or not train.embedded):
        return other
    if isinstance(other.x, Windows):
        stream = align_features(name, train, replace(other, x=other.x.stream))
        return replace(stream, x=replace(other.x, stream=np.asarray(stream.x)))
    known = {text.column: text for text in train.one_hot}
    found = {feature: other.x[:, position] for position, feature in enumerate(other.feature_names)}
    for text in other.one_hot:
        if (trained := known.pop(text.column, None)) is None:
            if text.column in train.feature_names:
                raise _text_for_numbers(name, text, other)
            continue
        categories = spelled(trained.known, text.known)
        if trained.unknown:
            known_names = {*trained.known}
            categories = [each if each in known_names else trained.categories[-1] for each in categories]
        else:
            _require_known(
                name,
                f"categories in column {text.column!r}",
                trained.categories,
                categories,
                other,
                partial(_rows_of_category, other, text),
            )
        for feature in text.names:
            del found[feature]
        numbers = [*map(trained.categories.index, categories)]
        if text.unknown:  # a category without rows
            numbers.append(-1)
        features = trained.encoded(np.array([*numbers, -1])[text.labels(other.x)])
        found |= dict(zip(trained.names, features.T, strict=True))
    for column in known.keys() & found.keys():
        if not np.isnan(found[column]).all():
            raise _numbers_for_text(name, column, other)
        # A text column without values was read as numbers.
        found |= dict.fromkeys(known[column].names, found.pop(column))
    names = [feature for feature in train.feature_names if feature in found]
    names += [feature for feature in other.feature_names if feature in found and feature not in set(names)]
    x = np.stack([found[feature] for feature in names], axis=1)
    return replace(other, x=x, feature_names=tuple(names), one_hot=train.one_hot)


def _numbers_for_text(name: str, column: str, other: Dataset) -> DataError:
    values = np.asarray(other.x)[:, other.feature_names.index(column)]
    row = int(np.flatnonzero(~np.isnan(values))[0])
    return DataError(
        f"column {column!r}: expected a category, as in training. Received: the number {values[row]:g}.",
        f"Set `categorical: [{column}]` if its numbers are categories, or fix the file.",
        name if other.origin is None else other.origin.place(row),
    )


def _text_for_numbers(name: str, text: OneHot, other: Dataset) -> DataError:
    labels = text.labels(np.asarray(other.x))
    row = int((labels >= 0).argmax())
    return DataError(
        f"column {text.column!r}: expected a number, as in training. Received: {text.categories[labels[row]]!r}.",
        "Fix the file.",
        name if other.origin is None else other.origin.place(row),
    )


def pad_steps(name: str, train: Dataset, other: Dataset) -> Dataset:
    """Sequences `other` padded to the number of steps of `train`. Raises DataError for longer ones."""
    if train.lengths is None or other.lengths is None or not train.input_shape or not other.input_shape:
        return other
    steps = train.input_shape[0]
    if (longest := other.lengths.max(initial=0)) > steps:
        raise DataError(
            f"expected sequences of at most {steps:,} steps, as in training. Received: {longest:,}.",
            f"Train with `steps: {longest}`, or shorten the sequences with `longer`.",
            name,
        )
    x = pad_or_cut(other.x, steps)
    return replace(other, x=x, target=pad_or_cut(other.target, steps) if other.per_step else other.target)


def _align_heads(name: str, train: Dataset, other: Dataset) -> Dataset:
    """`other` with the numbers that the classes of several targets have in `train`."""
    if [head.name for head in train.heads] != [head.name for head in other.heads]:
        return other  # see `mismatch`
    target = np.array(other.target)
    for place, (known, head) in enumerate(zip(train.heads, other.heads, strict=True)):
        if not known.classes or not head.classes:
            continue
        labels, classes = target[:, place], spelled(known.classes, head.classes)
        _require_known(
            name, f"classes of {head.name}", known.classes, classes, other, partial(np.equal, labels)
        )
        numbers = np.array([known.classes.index(label) for label in classes], np.float64)
        there = ~np.isnan(labels)
        labels[there] = numbers[labels[there].astype(np.int64)]
    return replace(other, target=target, heads=train.heads)


def _align_classes(name: str, train: Dataset, other: Dataset) -> Dataset:
    if train.heads and other.heads:
        return _align_heads(name, train, other)
    if not train.classes or not other.classes:
        return other
    classes = spelled(train.classes, other.classes)
    _require_known(
        name, "classes", train.classes, classes, other, lambda label: _stream(other.target) == label
    )
    numbers = np.array([train.classes.index(label) for label in classes], np.int32)
    target = other.target
    if isinstance(target, Windows):
        aligned: np.ndarray | Windows = replace(target, stream=numbers[target.stream])
    else:
        aligned = numbers[target]
    return replace(other, target=aligned, classes=train.classes)


def _require_known(
    name: str,
    what: str,
    known: tuple[str, ...],
    received: Sequence[str],
    other: Dataset,
    rows_of: Callable[[int], np.ndarray],
) -> None:
    """Raises DataError at the first row of `other` with an unknown label; `rows_of` says which rows have a label."""
    unknown = [number for number, label in enumerate(received) if label not in set(known)]
    if not unknown:
        return
    rows = [np.flatnonzero(rows_of(number)) for number in unknown]
    first = min((int(found[0]) for found in rows if len(found)), default=None)
    if other.origin is not None and first is not None:
        if isinstance(other.x, Windows) and not isinstance(other.target, Windows):  # a target per sequence
            first = int(other.x.starts[first])
        name = other.origin.place(first)
    names = [received[number] for number in unknown]
    raise DataError(
        f"unknown {what}: {listed(names)}. The training data has: {listed(known)}.",
        spelling_hint(known, names),
        name,
    )


def _rows_of_category(other: Dataset, text: OneHot, label: int) -> np.ndarray:
    return text.labels(np.asarray(other.x)) == label


def _stream(array: np.ndarray | Windows) -> np.ndarray:
    return array.stream if isinstance(array, Windows) else array
