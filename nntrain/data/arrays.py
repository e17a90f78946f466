"""Arrays: a data set from two NumPy arrays, samples and targets, whatever their type."""

from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from nntrain.data.dataset import Dataset, Reader
from nntrain.data.finite import require_finite
from nntrain.data.tables.features import listed
from nntrain.errors import UserError
from nntrain.options import Several, mistake


class ArrayReader(Reader):
    """What the readers of arrays share. Bytes (uint8) count as images, 0 to 255 for 0 to 1.

    Targets of whole numbers or text are classes, those of floats are numbers to predict; `task` says otherwise.
    """

    classes: Several[str] | None = Field(
        None, description="the names of the classes 0, 1, ...; default: the labels that occur"
    )
    task: Literal["auto", "classification", "regression"] = Field(
        "auto", description="whether the target is a class or a number; auto: by the type of its array"
    )
    as_: Literal["stored", "image", "vector"] = Field(
        "stored",
        alias="as",
        description="samples of the shape that they have, or images, which get a channel where they have "
        "none, or vectors",
    )

    @model_validator(mode="after")
    def _classes_are_named_once(self):
        if self.classes is not None:
            if self.task == "regression":
                raise mistake("`classes` does not go with `task: regression`.")
            if len(self.classes) < 2 or len(set(self.classes)) < len(self.classes):
                raise mistake(f"expected at least two different `classes`. Received: {listed(self.classes)}.")
        return self

    def dataset(self, x_name: str, x: np.ndarray, target_name: str, target: np.ndarray) -> Dataset:
        """Raises UserError, which calls the arrays by their names, for what does not fit together or is not finite."""
        if x.ndim == 0 or target.ndim == 0:
            raise UserError(
                f"{target_name if x.ndim else x_name}: expected an array with an axis of samples. "
                "Received: a single value."
            )
        if len(x) != len(target):
            raise UserError(
                f"{target_name}: expected {len(x):,} targets, one for each sample of {x_name}. "
                f"Received: {len(target):,}."
            )
        x = as_numbers(x_name, x)
        require_finite(x_name, x)
        x = self._shaped(x_name, x)
        classification = target.dtype.kind in "biuU" if self.task == "auto" else self.task == "classification"
        if classification or self.classes is not None:
            return Dataset(x, *_classes(target_name, target, x.shape[1] if x.ndim == 3 else 0, self.classes))
        return Dataset(x, _reals(target_name, target))

    def _shaped(self, name: str, x: np.ndarray) -> np.ndarray:
        if x.ndim == 1 or self.as_ == "vector":
            return x.reshape(len(x), -1)
        if self.as_ == "image":
            if x.ndim not in (3, 4):
                raise UserError(
                    f"{name}: expected images (count, height, width) or (count, height, width, channels). "
                    f"Received: the shape {x.shape}."
                )
            return x if x.ndim == 4 else x[..., None]
        return x


def _called(dtype: np.dtype) -> str:
    return {"U": "text", "S": "bytes", "V": "records"}.get(dtype.kind, dtype.name)


def as_numbers(name: str, x: np.ndarray) -> np.ndarray:
    """uint8, float32 or float64, in C order; not copied where it is so already. Raises UserError for what is no number."""
    kind, size = x.dtype.kind, x.dtype.itemsize
    if kind not in "biuf":
        raise UserError(f"{name}: expected numbers. Received: {_called(x.dtype)}.")
    dtype = (
        np.uint8
        if x.dtype == np.uint8
        else np.float32
        if kind == "b" or (kind == "f" and size <= 4)
        else np.float64
    )
    return np.ascontiguousarray(x, dtype)


def _reals(name: str, target: np.ndarray) -> np.ndarray:
    """(rows, outputs), or (rows, steps, outputs)."""
    if target.dtype.kind not in "biuf":
        raise UserError(f"{name}: expected numbers to predict. Received: {_called(target.dtype)}.")
    if target.ndim > 3:
        raise UserError(
            f"{name}: expected targets (count,), (count, outputs) or (count, steps, outputs). "
            f"Received: the shape {target.shape}."
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
        raise UserError(
            f"{name}: expected a class for each sample, or for each of its steps. "
            f"Received: the shape {target.shape}. Say `task: regression` where the numbers are not classes."
        )
    if target.dtype.kind not in "biufU":
        raise UserError(f"{name}: expected class numbers or names. Received: {_called(target.dtype)}.")
    if target.dtype.kind == "f":
        whole = np.isfinite(target) & (target == np.floor(target))
        if not whole.all():
            raise UserError(f"{name}: expected whole numbers for classes. Received: {target[~whole][0]}.")
        target = target.astype(np.int64)
    occurring, labels = np.unique(target, return_inverse=True)
    labels = labels.reshape(target.shape)
    names = tuple(
        str(value) for value in (occurring.astype(np.int64) if target.dtype.kind == "b" else occurring)
    )
    if classes is None:
        return labels.astype(np.int32), names
    known = (
        {label: number for number, label in enumerate(classes)}
        if target.dtype.kind == "U"
        else {str(number): number for number in range(len(classes))}
    )
    if unknown := [label for label in names if label not in known]:
        raise UserError(f"{name}: expected the classes {listed(known)}. Received: {listed(unknown)} besides.")
    return np.array([known[label] for label in names], np.int32)[labels], classes
