"""Like: what must be known of the data that a network was trained on, to bring others into their form."""

import math
from dataclasses import replace
from typing import Any

import numpy as np

from nntrain.data.align import align, align_features, same_steps
from nntrain.data.arrays import samples
from nntrain.data.dataset import Dataset, misfit
from nntrain.data.finite import require_finite
from nntrain.data.sequences.tokens import renumbered
from nntrain.data.sequences.windows import Windows
from nntrain.data.tables.features import OneHot, difference
from nntrain.errors import UserError


def described(train: Dataset) -> dict[str, Any]:
    """What JSON can hold of it; the arrays that belong to it are `train.measured`."""
    return {
        "input_shape": train.input_shape,
        "target_shape": train.target_shape,
        "classes": train.classes,
        "vocabulary": train.vocabulary,
        "bytes": train.is_bytes,
        "feature_names": train.feature_names,
        "one_hot": [
            {"column": text.column, "categories": text.categories, "start": text.start}
            for text in train.one_hot
        ],
        "target_names": train.target_names,
        "impute": train.impute,
        "unit": train.unit,
        "consecutive": train.consecutive,
        "lengths": train.lengths is not None,
    }


def without_samples(told: dict[str, Any], measured: dict[str, np.ndarray]) -> Dataset:
    """The data set that was `described`, but for its samples."""
    dtype = np.uint8 if told["bytes"] else np.int32 if told["vocabulary"] else np.float64
    return Dataset(
        np.zeros((0, *told["input_shape"]), dtype),
        np.zeros((0, *told["target_shape"]), np.int32 if told["classes"] else np.float64),
        classes=tuple(told["classes"]),
        vocabulary=told["vocabulary"],
        feature_names=tuple(told["feature_names"]),
        one_hot=tuple(
            OneHot(text["column"], tuple(text["categories"]), text["start"]) for text in told["one_hot"]
        ),
        target_names=tuple(told["target_names"]),
        impute=told["impute"],
        unit=told["unit"],
        consecutive=told["consecutive"],
        lengths=np.zeros(0, np.int32) if told["lengths"] else None,
        **measured,
    )


def like(name: str, train: Dataset, other: Dataset) -> Dataset:
    """`other` as the network that was trained on `train` takes it: features and classes matched by name, gaps filled and
    values scaled as they were. Raises UserError, which calls it by `name`, for what does not fit.
    """
    x = inputs_like(name, train, other).x
    other = align(name, train, other)
    if how := misfit(train, replace(other, x=x, vocabulary=train.vocabulary)):
        raise UserError(f"{name}: the data do not fit those of the training: {how}")
    return replace(train, x=x, target=other.target, lengths=other.lengths, series=other.series)


def inputs_like(name: str, train: Dataset, other: Dataset) -> Dataset:
    """The same for the samples alone, whatever the targets are."""
    other = (
        renumbered(name, train, other)
        if train.unit
        else same_steps(name, train, align_features(name, train, other))
    )
    if how := difference(train.feature_names, other.feature_names):
        raise UserError(f"{name}: the columns do not fit those of the training: {how}.")
    x = other.x if other.feature_names and train.feature_names else samples_like(name, train, other.x)
    if other.impute and train.fill is None:  # the source lets gaps pass, which nothing fills
        require_finite(name, x)
    return without_targets(train, x, other.lengths)


def without_targets(train: Dataset, x: np.ndarray | Windows, lengths: np.ndarray | None = None) -> Dataset:
    """A data set like `train` of the samples x, which fit; its targets say nothing. Sequences without lengths are whole."""
    if train.lengths is not None and lengths is None:
        lengths = np.full(len(x), train.input_shape[0], np.int32)
    return replace(
        train, x=x, target=np.zeros((len(x), *train.target_shape), train.target.dtype), lengths=lengths
    )


def samples_like(name: str, train: Dataset, x: np.ndarray | Windows) -> np.ndarray | Windows:
    """x in the shape and of the type that `train` has: a vector can become an image, and an image a vector. Raises UserError."""
    if (
        isinstance(x, Windows)
        and x.shape[1:] == train.input_shape
        and (x.dtype.kind == "f") == (not train.vocabulary)
    ):
        return x
    x = np.asarray(x)
    came, expected = x.shape[1:], train.input_shape
    same_values = math.prod(came) == math.prod(expected)
    either_is_flat = len(came) <= 1 or len(expected) <= 1
    if (
        x.ndim == 0
        or not same_values
        or not (either_is_flat or _without_ones(came) == _without_ones(expected))
    ):
        raise UserError(
            f"{name}: expected samples of the shape {expected}, as in the training. Received: {came}."
        )
    x = x.reshape(len(x), *expected)
    if train.vocabulary:
        return _whole(name, x, train.vocabulary, np.int32)
    if train.is_bytes:
        return x if x.dtype == np.uint8 else _whole(name, x, 256, np.uint8)
    if x.dtype == np.uint8:
        raise UserError(
            f"{name}: expected numbers as in the training. Received: bytes (uint8), which stand for 0 to 1. "
            "Convert them to float32 in the unit of the training."
        )
    return samples(name, x)


def _without_ones(shape: tuple[int, ...]) -> list[int]:
    return [size for size in shape if size != 1]


def _whole(name: str, x: np.ndarray, limit: int, dtype: type) -> np.ndarray:
    if x.dtype.kind not in "iu" or x.min() < 0 or x.max() >= limit:
        came = f"{x.min()} to {x.max()}" if x.dtype.kind in "iu" else x.dtype.name
        raise UserError(
            f"{name}: expected whole numbers from 0 to {limit - 1}, as in the training. Received: {came}."
        )
    return np.ascontiguousarray(x, dtype)
