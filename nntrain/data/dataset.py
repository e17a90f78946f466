"""Dataset: samples with their targets, in memory or memory-mapped; Splits: the two or three parts that a reader gives."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from nntrain import kernels
from nntrain.component import Component
from nntrain.data.batch import Batch
from nntrain.data.sequences.windows import Windows, take_rows
from nntrain.data.tables.features import OneHot, name_mismatch
from nntrain.errors import UserError

# gather repeats shift and scale to about this many values: long enough for vectors, short enough for the L1 cache.
REPEATED = 512


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples x (count, *input_shape) and their targets.

    x is float, or uint8 for images (0 to 255 stand for [0, 1]), or int32 for tokens below `vocabulary`. The target is
    (count,) int32 class numbers where `classes` names them, one more axis where each step has one, else (count, outputs)
    reals. `shift` and `scale`, one for each value of the last axis of x or a single one, turn x into what the network
    sees: (x - shift) * scale. A table may have gaps, NaN in x; then `fill`, one for each column, takes their place first.
    Sequences are (count, steps, features), or (count, steps) tokens; both x and the target can be Windows of a long array.
    """

    x: np.ndarray | Windows
    target: np.ndarray | Windows
    classes: tuple[str, ...] = ()  # empty for regression
    vocabulary: int = 0  # how many tokens there are; 0 where x is not tokens
    shift: np.ndarray = field(default_factory=lambda: np.zeros(1))
    scale: np.ndarray | None = None  # None: 1, or 1/255 for uint8
    feature_names: tuple[str, ...] = ()  # of a table's columns; empty where they are unknown
    one_hot: tuple[OneHot, ...] = ()  # which of the features are together one column of text
    target_names: tuple[str, ...] = ()  # of the columns of targets; empty where they are unknown
    impute: str = ""  # the statistic that is to fill gaps; empty where there are none
    fill: np.ndarray | None = None
    lengths: np.ndarray | None = (
        None  # (count,) int32: how many steps of each sequence are real; None where all are
    )
    series: np.ndarray | None = (
        None  # (count,): which series a sample is cut from, in order of time; None: samples have no order
    )
    unit: str = ""  # of text: character, byte or word; the classes are then the tokens
    consecutive: bool = False  # a row of a batch goes on where that row of the batch before ended

    def __post_init__(self):
        if self.scale is None:
            object.__setattr__(self, "scale", np.array([1 / 255 if self.is_bytes else 1.0]))

    def __len__(self) -> int:
        return len(self.x)

    @property
    def input_shape(self) -> tuple[int, ...]:
        return self.x.shape[1:]

    @property
    def target_shape(self) -> tuple[int, ...]:
        """Of one sample: () for a class number."""
        return self.target.shape[1:]

    @property
    def per_step(self) -> bool:
        """Whether each step has a target."""
        return len(self.target_shape) == (1 if self.classes else 2)

    @property
    def is_bytes(self) -> bool:
        """Whether 0 to 255 stand for [0, 1]; tokens may be bytes, too."""
        return self.x.dtype == np.uint8 and not self.vocabulary

    @property
    def statistics(self) -> dict[str, np.ndarray]:
        """What was measured on the train part and belongs to a trained network: shift, scale, and fill where there is one."""
        arrays = {"shift": self.shift, "scale": self.scale, "fill": self.fill}
        return {name: array for name, array in arrays.items() if array is not None}

    @cached_property
    def imputed(self) -> np.ndarray:
        """x with `fill` in its gaps."""
        return self.x if self.fill is None else np.where(np.isnan(self.x), self.fill, self.x)

    def select(self, indices: slice | np.ndarray) -> "Dataset":
        """Some of the samples."""
        arrays = {name: getattr(self, name) for name in ("x", "target", "lengths", "series")}
        return replace(self, **{name: array[indices] for name, array in arrays.items() if array is not None})

    def batch(self, rows: int, dtype) -> Batch:
        """Buffers for `rows` samples, for a network of float type `dtype`."""
        padded = self.lengths is not None
        return Batch(
            np.empty((rows, *self.input_shape), np.int32 if self.vocabulary else dtype),
            np.empty((rows, *self.target_shape), np.int32 if self.classes else dtype),
            np.empty((rows, self.input_shape[0]), dtype) if padded and self.per_step else None,
            np.empty(rows, np.int32) if padded else None,
        )

    def gather(self, indices: np.ndarray, batch: Batch) -> None:
        """Fills the first len(indices) rows of `batch` with these samples. Raises IndexError beyond the data.

        Runs in the calling thread alone, and for floats and images without the GIL, so that a loader may call it.
        """
        rows = len(indices)
        if self.lengths is not None or isinstance(self.x, Windows):
            return self._gather_steps(indices, batch)
        if self.vocabulary:
            self.x.take(indices, 0, batch.x[:rows])
        else:
            kernels.gather.rows.serial(batch.x[:rows].reshape(rows, -1), self._x, indices, *self._repeated)
        self.gather_targets(indices, batch.target)

    def gather_targets(self, indices: np.ndarray, target: np.ndarray) -> None:
        """The same for the targets alone."""
        rows = len(indices)
        if self.classes:
            self.target.take(indices, 0, target[:rows])
        else:
            kernels.gather.rows.serial(target[:rows].reshape(rows, -1), self._target, indices, *UNCHANGED)

    def gather_raw(self, indices: np.ndarray, out: np.ndarray) -> None:
        """Fills out (rows, *input_shape), of a float type, with these samples in the units of x."""
        kernels.gather.rows.serial(out.reshape(len(out), -1), self._x, indices, *UNCHANGED)

    def scale_raw(self, x: np.ndarray, out: np.ndarray) -> None:
        """Fills out (rows, *input_shape) with what the network sees of x, floats in the units of the stored samples."""
        rows = len(x)
        kernels.gather.rows.serial(
            out.reshape(rows, -1), x.reshape(rows, -1), np.arange(rows), *self._repeated
        )

    def _gather_steps(self, indices: np.ndarray, batch: Batch) -> None:
        """The same for sequences, of which the batch may take fewer steps than there are."""
        rows, steps = len(indices), batch.x.shape[1]
        x = take_rows(self.x, indices, steps)
        batch.x[:rows] = x if self.vocabulary else (x - self.shift) * self.scale
        batch.target[:rows] = take_rows(self.target, indices, steps if self.per_step else None)
        if self.lengths is None:
            return
        np.minimum(self.lengths[indices], steps, out=batch.lengths[:rows])
        padded = np.arange(steps) >= batch.lengths[:rows, None]
        batch.x[:rows][padded] = 0
        if batch.weight is not None:
            batch.weight[:rows] = ~padded

    @cached_property
    def _x(self) -> np.ndarray:
        return for_kernel(self.imputed)

    @cached_property
    def _target(self) -> np.ndarray:
        return for_kernel(self.target)

    @cached_property
    def _repeated(self) -> tuple[np.ndarray, np.ndarray]:
        """shift and scale, repeated; the length stays a multiple of their own."""
        channels = max(len(self.shift), len(self.scale))
        times = -(-REPEATED // channels)
        return (
            np.tile(np.broadcast_to(np.asarray(self.shift, np.float64), channels), times),
            np.tile(np.broadcast_to(np.asarray(self.scale, np.float64), channels), times),
        )


UNCHANGED = np.zeros(REPEATED), np.ones(REPEATED)


def for_kernel(array: np.ndarray) -> np.ndarray:
    """`array` as (rows, values), C-contiguous, and never marked read-only: Numba would compile once more for that mark.

    The kernel only reads it. Nothing is copied that is contiguous already, so a memory-mapped file stays one.
    """
    array = np.ascontiguousarray(array)
    return np.asarray(_Writable(array)).reshape(len(array), -1)


class _Writable:
    def __init__(self, array: np.ndarray):
        self.array = array  # keeps the memory alive
        self.__array_interface__ = {**array.__array_interface__, "data": (array.ctypes.data, False)}


@dataclass(frozen=True, eq=False)
class Splits:
    """What a reader gives; test and validation are None where the source brings none. The parts must be alike."""

    train: Dataset
    validation: Dataset | None = None
    test: Dataset | None = None

    def __post_init__(self):
        for name, part in self.parts().items():
            if len(part) == 0:
                raise UserError(f"the {name} part has no samples.")
            if how := mismatch(self.train, part):
                raise UserError(f"the {name} part does not fit the train part: {how}")

    def parts(self) -> dict[str, Dataset]:
        """The parts that there are, by name: train, validation, test."""
        named = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: part for name, part in named.items() if part is not None}


def mismatch(train: Dataset, other: Dataset) -> str:
    """In what `other` differs from the train part, as a sentence, or nothing where a network can take both."""
    if how := name_mismatch(train.feature_names, other.feature_names):
        return f"{how}."
    if bool(other.classes) != bool(train.classes):
        kinds = ("numbers", "classes") if train.classes else ("classes", "numbers")
        return f"its targets are {kinds[0]}, not {kinds[1]}. Say which with `task`."
    for what in ("unit", "input_shape", "target_shape", "classes", "vocabulary"):
        expected, came = getattr(train, what), getattr(other, what)
        if came != expected:
            return f"expected {what.replace('_', ' ')} {expected}. Received: {came}."
    return ""


class Reader(Component, family="source"):
    """Where the samples come from: data that comes with the program, a known data set, files of yours, or made-up data."""

    def load(self, folder: Path) -> Splits:
        """Reads the data; relative paths count from `folder`. Raises UserError for bad files."""
        raise NotImplementedError
