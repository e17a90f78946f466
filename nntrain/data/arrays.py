"""Arrays: a data set from NumPy arrays of samples and targets, of any type."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from nntrain.data import weights
from nntrain.data.dataset import Dataset, Reader, Splits
from nntrain.data.finite import require_finite
from nntrain.data.sequences.lengths import check_lengths, real_steps
from nntrain.data.tables.features import listed
from nntrain.data.tables.suspicions import hardly_repeat
from nntrain.errors import DataError
from nntrain.options import Several, mistake

Task = Literal["auto", "classification", "regression"]
Layout = Literal["stored", "image", "vector"]
KINDS = {"O": "Python objects", "U": "text", "S": "bytes", "V": "records"}


class ArrayReader(Reader):
    """Options of the sources that read arrays. uint8 samples are images: 0 to 255 are scaled to [0, 1].

    Whole numbers and text as targets are classes, floats are numbers to predict; `task` overrides this.
    """

    classes: Several[str] | None = Field(
        None, description="the names of classes 0, 1, ...; default: the labels in the data"
    )
    task: Task = Field(
        "auto", description="whether targets are classes or numbers; auto: depends on the array's type"
    )
    as_: Layout = Field(
        "stored",
        alias="as",
        description="stored: samples keep their shape; image: images without a channel axis get one; vector: samples "
        "are flattened",
    )

    @model_validator(mode="after")
    def _classes_are_named_once(self) -> "ArrayReader":
        if self.classes is not None:
            if self.task == "regression":
                raise mistake("`classes` cannot be combined with `task: regression`")
            if len(self.classes) < 2 or len(set(self.classes)) < len(self.classes):
                raise mistake(f"expected at least two different `classes`. Received: {listed(self.classes)}.")
        return self

    def load_like(self, folder: Path, train: Dataset) -> Splits:
        if self.classes is not None or self.task != "auto":
            return self.load(folder)
        try:
            return self.model_copy(update={"task": task_like(self.task, train)}).load(folder)
        except DataError:
            return self.load(folder)  # another kind of target: reported where the two are compared

    def dataset(
        self,
        names: tuple[str, str, str],
        x: np.ndarray,
        target: np.ndarray,
        lengths: np.ndarray | None = None,
    ) -> Dataset:
        """`from_arrays` with these options; `names` of the three arrays, for errors."""
        return from_arrays(names, x, target, lengths, self.classes, self.task, self.as_)


def from_arrays(
    names: tuple[str, str, str],
    x: np.ndarray,
    target: np.ndarray,
    lengths: np.ndarray | None = None,
    classes: tuple[str, ...] | None = None,
    task: Task = "auto",
    layout: Layout = "stored",
    gaps: bool = False,
) -> Dataset:
    """A data set of samples x (count, ...) and targets (count,), (count, outputs) or (count, steps, ...).

    `lengths` (count,) are those of padded sequences. gaps: accept NaN in x. Raises DataError, with the name of the array (of x,
    target or lengths) as place, for arrays that do not match, wrong types, NaN and infinity.
    """
    x_name, target_name, lengths_name = names
    for name, array in ((x_name, x), (target_name, target)):
        if array.ndim == 0:
            raise DataError(
                "expected an array with an axis of samples. Received: a single value.", place=name
            )
        if array.size == 0:
            raise DataError(f"the array has no values: its shape is {array.shape}", place=name)
    if lengths is not None:
        lengths = check_lengths(lengths_name, lengths, x)
        if target.ndim > 1 and target.shape[:2] == x.shape[:2]:  # labels of padding are not classes
            target = np.where(real_steps(lengths, target), target, target[0, 0])
    if len(x) != len(target):
        raise DataError(
            f"expected {len(x):,} targets, one per sample of {x_name}. Received: {len(target):,}.",
            place=target_name,
        )
    x = as_numbers(x_name, x)
    if not gaps:
        require_finite(x_name, x)
    x = _shaped(x_name, x, layout)
    guessed = task == "auto" and classes is None
    classification = target.dtype.kind in "biuU" if task == "auto" else task == "classification"
    if classification or classes is not None:
        dataset = Dataset(x, *_classes(target_name, target, x.shape[1] if x.ndim == 3 else 0, classes))
    else:
        dataset = Dataset(x, _reals(target_name, target))
    if guessed:
        notes, warnings = _remarks(target_name, target, dataset.classes)
        dataset = replace(dataset, notes=notes, warnings=warnings)
    return dataset if lengths is None else replace(dataset, lengths=lengths)


def with_groups(name: str, data: Dataset, groups: np.ndarray) -> Dataset:
    """`data` with the groups (count,), named by whole numbers or text, whose samples are held out together. Raises DataError."""
    if groups.ndim != 1 or groups.dtype.kind not in "biuU":
        raise DataError(
            f"expected groups (count,) of whole numbers or text. Received: {_type_name(groups.dtype)} of shape {groups.shape}.",
            place=name,
        )
    if len(groups) != len(data):
        raise DataError(
            f"expected {len(data):,} groups, one per sample. Received: {len(groups):,}.", place=name
        )
    return replace(data, groups=np.unique(groups, return_inverse=True)[1])


def with_weights(name: str, data: Dataset, weight: np.ndarray, called: str = "weight") -> Dataset:
    """`data` with the weights (count,) of its samples, which notes call `called`. Raises DataError."""
    weight = weights.checked(name, weight, len(data))
    notes = (*data.notes, weights.remark(called, weight))
    return replace(data, weight=weights.with_mean_one(weight), notes=notes)


def task_like(task: Task, train: Dataset) -> Task:
    """The task of another split's source: where it would guess, that of the training split."""
    if task != "auto":
        return task
    return "classification" if train.classes else "regression"


def _remarks(
    name: str, target: np.ndarray, classes: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The notes and the warnings of a guess whether targets are classes."""
    if not classes:
        return (f"{name}: numbers",), ()
    is_number = target.dtype.kind in "iu"
    other = "; `task: regression` makes them numbers" if is_number else ""
    notes = (f"{name}: {len(classes):,} classes{other}",)
    if not is_number or not hardly_repeat(len(classes), target.size):
        return notes, ()
    warning = (
        f"{name}: {len(classes):,} whole numbers in {target.size:,} targets hardly repeat, but are classes: set "
        "`task: regression` if they are numbers, or `task: classification`"
    )
    return notes, (warning,)


def as_numbers(name: str, x: np.ndarray) -> np.ndarray:
    """x as uint8, float32 or float64 in C order, copied only where needed. Raises DataError for other types."""
    kind, size = x.dtype.kind, x.dtype.itemsize
    if kind not in "biuf":
        raise DataError(f"expected numbers. Received: {_type_name(x.dtype)}.", place=name)
    dtype: type = np.float64
    if x.dtype == np.uint8:
        dtype = np.uint8
    elif kind == "b" or (kind == "f" and size <= 4):
        dtype = np.float32
    return np.ascontiguousarray(x, dtype)


def _type_name(dtype: np.dtype) -> str:
    return KINDS.get(dtype.kind, dtype.name)


def _shaped(name: str, x: np.ndarray, layout: Layout) -> np.ndarray:
    if x.ndim == 1 or layout == "vector":
        return x.reshape(len(x), -1)
    if layout == "image":
        if x.ndim not in (3, 4):
            raise DataError(
                "expected images (count, height, width) or (count, height, width, channels). Received: shape "
                f"{x.shape}.",
                place=name,
            )
        return x if x.ndim == 4 else x[..., None]
    return x


def _reals(name: str, target: np.ndarray) -> np.ndarray:
    """(rows, outputs), or (rows, steps, outputs)."""
    if target.dtype.kind not in "biuf":
        raise DataError(f"expected numbers to predict. Received: {_type_name(target.dtype)}.", place=name)
    if target.ndim > 3:
        raise DataError(
            "expected targets (count,), (count, outputs) or (count, steps, outputs). Received: shape "
            f"{target.shape}.",
            place=name,
        )
    target = np.ascontiguousarray(target, np.float32 if target.dtype == np.float32 else np.float64)
    require_finite(name, target)
    return target[:, None] if target.ndim == 1 else target


def _classes(
    name: str, target: np.ndarray, steps: int, classes: tuple[str, ...] | None
) -> tuple[np.ndarray, tuple[str, ...]]:
    """(rows,) or (rows, steps) int32 class numbers, and the names of the classes."""
    if target.ndim == 2 and target.shape[1] == 1:
        target = target[:, 0]
    if target.ndim > 2 or (target.ndim == 2 and target.shape[1] != steps):
        raise DataError(
            f"expected one class per sample, or per step of each sample. Received: shape {target.shape}.",
            "Set `task: regression` if the numbers are not classes.",
            name,
        )
    if target.dtype.kind not in "biufU":
        raise DataError(f"expected class numbers or names. Received: {_type_name(target.dtype)}.", place=name)
    if target.dtype.kind == "f":
        whole = np.isfinite(target) & (target == np.floor(target))
        if not whole.all():
            raise DataError(f"expected whole numbers as classes. Received: {target[~whole][0]}.", place=name)
        target = target.astype(np.int64)
    occurring, labels = np.unique(target, return_inverse=True)
    labels = labels.reshape(target.shape)
    values = occurring.astype(np.int64) if target.dtype.kind == "b" else occurring
    names = tuple(str(value) for value in values)
    if classes is None:
        return labels.astype(np.int32), names
    if target.dtype.kind == "U":
        known = {label: number for number, label in enumerate(classes)}
    else:
        known = {str(number): number for number in range(len(classes))}
    if unknown := [label for label in names if label not in known]:
        raise DataError(f"unknown classes: {listed(unknown)}. Known: {listed(known)}.", place=name)
    return np.array([known[label] for label in names], np.int32)[labels], classes
