"""Conform data sets and arrays: features, classes, shape, type and scaling as in the training data."""

import math
from dataclasses import replace

import numpy as np

from nntrain.data.arrays import as_numbers
from nntrain.data.conform.align import align, align_features, pad_steps
from nntrain.data.conform.texts import map_vocabulary
from nntrain.data.conform.unusable import UnusableSamples
from nntrain.data.dataset import Dataset, mismatch
from nntrain.data.finite import require_finite
from nntrain.data.sequences.windows import Windows
from nntrain.data.tables.features import OneHot, name_mismatch
from nntrain.errors import DataError

FIT = "the data does not match the training data"


def conform(name: str, train: Dataset, other: Dataset) -> Dataset:
    """`other` in the form of `train`: features and classes matched by name, gaps filled and values scaled as in training.

    Raises DataError at the place `name` for data that does not match.
    """
    x = conform_inputs(name, train, other).x
    other = align(name, train, other)
    if reason := mismatch(train, replace(other, x=x, vocabulary=train.vocabulary)):
        raise DataError(f"{FIT}: {reason}", place=name)
    return replace(
        train,
        x=x,
        target=other.target,
        weight=other.weight,
        lengths=other.lengths,
        series=other.series,
        notes=other.notes,
        warnings=other.warnings,
    )


def conform_inputs(name: str, train: Dataset, other: Dataset) -> Dataset:
    """`conform` for the inputs alone; the targets of `other` are ignored."""
    other = (
        map_vocabulary(name, train, other)
        if train.unit
        else pad_steps(name, train, align_features(name, train, other))
    )
    if reason := name_mismatch(train.feature_names, other.feature_names):
        raise DataError(f"{FIT}: {reason}", place=name)
    x = other.x if other.feature_names and train.feature_names else conform_array(name, train, other.x)
    if other.impute and train.fill is None:  # the source allows gaps, but training had no values for them
        require_finite(name, np.asarray(x))
    return unlabeled(train, x, other.lengths)


def unlabeled(train: Dataset, x: np.ndarray | Windows, lengths: np.ndarray | None = None) -> Dataset:
    """A data set of the inputs x, which already have the form of `train`, with targets of zeros and without weights.

    Sequences without lengths have full length.
    """
    if train.lengths is not None and lengths is None:
        lengths = np.full(len(x), train.input_shape[0], np.int32)
    target = np.zeros((len(x), *train.target_shape), train.target.dtype)
    return replace(train, x=x, target=target, weight=None, lengths=lengths)


def conform_array(name: str, train: Dataset, x: np.ndarray | Windows) -> np.ndarray | Windows:
    """x in the shape and type of `train`; vectors become images, and images vectors. Raises DataError."""
    if (
        isinstance(x, Windows)
        and x.shape[1:] == train.input_shape
        and (x.dtype.kind == "f") == (not train.vocabulary)
    ):
        return x
    x = np.asarray(x)
    shape, expected = x.shape[1:], train.input_shape
    same_size = math.prod(shape) == math.prod(expected)
    either_is_flat = len(shape) <= 1 or len(expected) <= 1
    same_axes = either_is_flat or _without_ones(shape) == _without_ones(expected)
    if x.ndim == 0 or not same_size or not same_axes:
        raise DataError(
            f"expected samples of shape {expected}, as in training. Received: {shape}.", place=name
        )
    x = x.reshape(len(x), *expected)
    if train.vocabulary:
        return _integers(name, x, train.vocabulary, np.int32)
    if train.is_bytes:
        return x if x.dtype == np.uint8 else _integers(name, x, 256, np.uint8)
    if x.dtype == np.uint8:
        raise DataError(
            "expected numbers, as in training. Received: bytes (uint8), which are scaled to [0, 1].",
            "Convert the array to float32, in the unit of the training data.",
            name,
        )
    x = as_numbers(name, x)
    for column in train.embedded:
        _require_categories(name, x[..., column.start], column)
    return x


def _require_categories(name: str, values: np.ndarray, column: OneHot) -> None:
    """Raises UnusableSamples for values that are not numbers of the column's categories."""
    last = len(column.categories) - 1
    good = np.isnan(values) | ((values >= 0) & (values <= last) & (values == np.floor(values)))
    if not good.all():
        sample = int(np.logical_not(good).reshape(len(good), -1).any(axis=1).argmax())
        raise UnusableSamples(
            f"sample {sample + 1}: column {column.column!r}: expected the number of a category, from 0 to {last}. Received: "
            f"{values[sample]:g}.",
            place=name,
        )


def _without_ones(shape: tuple[int, ...]) -> list[int]:
    return [size for size in shape if size != 1]


def _integers(name: str, x: np.ndarray, limit: int, dtype: type) -> np.ndarray:
    if x.dtype.kind not in "iu":
        raise DataError(
            f"expected whole numbers from 0 to {limit - 1}, as in training. Received: {x.dtype.name}.",
            place=name,
        )
    if x.min() < 0 or x.max() >= limit:
        raise UnusableSamples(out_of_range_text(x, int(_out_of_range(x, limit).argmax()), limit), place=name)
    return np.ascontiguousarray(x, dtype)


def out_of_range(train: Dataset, x: np.ndarray | Windows) -> tuple[np.ndarray, int]:
    """(samples,) bool: those with tokens or bytes that training does not have, and their limit; 0 for other data."""
    limit = train.vocabulary or 256 * train.is_bytes
    if not limit or isinstance(x, Windows) or x.dtype.kind not in "iuf":
        return np.zeros(len(x), bool), 0
    return _out_of_range(x, limit), limit


def _out_of_range(x: np.ndarray, limit: int) -> np.ndarray:
    good = (x >= 0) & (x < limit)
    if x.dtype.kind == "f":
        good &= x == np.floor(x)
    return np.logical_not(good.reshape(len(x), -1).all(axis=1))


def out_of_range_text(x: np.ndarray, sample: int, limit: int) -> str:
    """ "sample 3: expected whole numbers from 0 to 9, as in training. Received: 12."."""
    values = x[sample].reshape(-1)
    value = next(value for value in values.tolist() if not 0 <= value < limit or value % 1)
    return f"sample {sample + 1}: expected whole numbers from 0 to {limit - 1}, as in training. Received: {value}."
