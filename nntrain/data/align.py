"""Align: a part from another file, its columns and classes brought into the train part's order."""

from dataclasses import replace

import numpy as np

from nntrain.data.dataset import Dataset
from nntrain.data.sequences.tokens import renumbered
from nntrain.data.sequences.windows import Windows, resized
from nntrain.data.tables.features import listed
from nntrain.errors import UserError


def align(name: str, train: Dataset, other: Dataset) -> Dataset:
    """`other`, which is to be the part `name`, with features and class numbers as in `train`, matched by name.

    Raises UserError for classes and categories that the train part does not know. Columns that only one of the two has are
    left for `Splits` to refuse.
    """
    if train.unit or other.unit:
        return renumbered(name, train, other)
    return _classes(name, train, same_steps(name, train, align_features(name, train, other)))


def align_features(name: str, train: Dataset, other: Dataset) -> Dataset:
    """`align` for the features alone."""
    if not train.feature_names or not other.feature_names or train.feature_names == other.feature_names:
        return other
    if isinstance(other.x, Windows):
        flat = align_features(name, train, replace(other, x=other.x.stream))
        return replace(flat, x=replace(other.x, stream=flat.x))
    known = {text.column: text for text in train.one_hot}
    source = {feature: other.x[:, place] for place, feature in enumerate(other.feature_names)}
    for text in other.one_hot:
        if text.column in known:
            _require_known(f"{name}: column {text.column!r}", known[text.column].categories, text.categories)
            # A category that does not occur here is a column of 0, or NaN where the text is missing.
            absent = np.where(np.isnan(other.x[:, text.start]), np.nan, 0)
            source |= {
                feature: absent
                for feature in train.feature_names[known[text.column].places]
                if feature not in source
            }
    for column in known.keys() & source.keys():
        if np.isnan(
            source[column]
        ).all():  # without a value in it, a column of text looks like one of numbers
            source |= dict.fromkeys(train.feature_names[known[column].places], source.pop(column))
    names = [feature for feature in train.feature_names if feature in source]
    names += [feature for feature in other.feature_names if feature in source and feature not in set(names)]
    x = np.stack([source[feature] for feature in names], axis=1)
    return replace(other, x=x, feature_names=tuple(names), one_hot=train.one_hot)


def same_steps(name: str, train: Dataset, other: Dataset) -> Dataset:
    """Sequences `other` padded to as many steps as those of `train` have. Raises UserError for longer ones."""
    if train.lengths is None or other.lengths is None or not train.input_shape or not other.input_shape:
        return other
    steps = train.input_shape[0]
    if (longest := other.lengths.max(initial=0)) > steps:
        raise UserError(
            f"{name}: expected sequences of at most {steps:,} steps, as in the training. Received: {longest:,}. "
            f"Train with `steps: {longest}`, or say what to do with them by `longer`."
        )
    per_step = {"x", "target"} if other.per_step else {"x"}
    return replace(other, **{which: resized(getattr(other, which), steps) for which in per_step})


def _classes(name: str, train: Dataset, other: Dataset) -> Dataset:
    if not train.classes or not other.classes:
        return other
    _require_known(name, train.classes, other.classes, "classes ")
    numbers = np.array([train.classes.index(label) for label in other.classes], np.int32)
    if isinstance(other.target, Windows):
        target = replace(other.target, stream=numbers[other.target.stream])
    else:
        target = numbers[other.target]
    return replace(other, target=target, classes=train.classes)


def _require_known(place: str, known: tuple[str, ...], came: tuple[str, ...], what: str = "") -> None:
    if unknown := [label for label in came if label not in set(known)]:
        raise UserError(
            f"{place}: expected the train part's {what}{listed(known)}. Received: {listed(unknown)} besides."
        )
