"""Dataset: samples with their targets, in memory or memory-mapped; Splits: training, validation and test data; Reader."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nntrain import kernels
from nntrain.component import Component
from nntrain.data import mapped
from nntrain.data.batch import Batch
from nntrain.data.images.form import ImageForm
from nntrain.data.origin import Origin
from nntrain.data.sequences.texts import Texts
from nntrain.data.sequences.tokenizer import Tokenizer
from nntrain.data.sequences.windows import Windows, take_rows
from nntrain.data.tables.curves import Curve, curved
from nntrain.data.tables.features import OneHot, indicators, name_mismatch
from nntrain.data.words import RawTexts, Words
from nntrain.errors import ConfigError, DataError, Problem
from nntrain.heads import Head, HeadColumn
from nntrain.target_transform import TargetTransform

# gather repeats shift and scale to about this many values: long enough for vectors, short enough for the L1 cache.
REPEATED = 512
CLASSES_SHOWN = 8


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples x (count, *input_shape) and their targets.

    x is float, uint8 (images, 0 to 255 for [0, 1]), or int32 tokens below `vocabulary`. Targets are (count,) int32 class numbers
    where `classes` names them, with one more axis for a class per step, else (count, outputs) reals; with `heads` (count, heads).
    The network's input is (x - shift) * scale; `shift` and `scale` have one value per element of the last axis of x, or a single one.
    `fill`, one value per column, first replaces the NaN of a table with gaps; then `curves` bend some columns. Sequences are (count,
    steps, features), tokens (count, steps); x and target can be Windows of a long array.
    """

    x: np.ndarray | Windows
    target: np.ndarray | Windows
    classes: tuple[str, ...] = ()  # empty for regression
    vocabulary: int = 0  # the number of tokens; 0 where x is not tokens
    shift: np.ndarray = field(default_factory=lambda: np.zeros(1))
    scale: np.ndarray | None = None  # None becomes 1, or 1/255 for uint8
    feature_names: tuple[str, ...] = ()  # of a table's columns; empty: unknown
    one_hot: tuple[OneHot, ...] = ()  # the columns of categories among the features
    scaling: Mapping[str, str] = field(
        default_factory=dict
    )  # of features whose scaling is set: standard, robust, quantile, log, none
    curves: tuple[Curve, ...] = ()  # of features that are bent before shift and scale
    target_names: tuple[str, ...] = ()  # of a table's target columns; empty: unknown
    target_transform: TargetTransform | None = None  # how the loss sees the targets, which stay in their unit
    heads: tuple[Head, ...] = ()  # of several targets of different kinds, a column of `target` each
    impute: str = ""  # the statistic that fills gaps; empty: there are no gaps
    fill: np.ndarray | None = None
    weight: np.ndarray | None = None  # (count,) float64: how much each sample counts; None: all equally
    lengths: np.ndarray | None = None  # (count,) int32: steps before the padding; None: no padding
    series: np.ndarray | None = None  # (count,): the series of each window, in order of time; None: no order
    groups: np.ndarray | None = (
        None  # (count,): samples of a group are held out together; None: each by itself
    )
    times: np.ndarray | None = None  # (count,): the latest samples are held out; None: random ones
    unit: str = ""  # of text: character, byte, word or bpe; the classes are then the tokens
    normalized: bool = False  # of text: to NFC, with marks in their words; not in older checkpoints
    consecutive: bool = False  # row r of a batch continues row r of the batch before
    origin: Origin | None = None  # where the rows are in files
    image_form: ImageForm | None = None  # of image files: how they became samples
    raw_texts: tuple[
        RawTexts, ...
    ] = ()  # of a table's columns of texts, whose features number them until words are known
    words: tuple[Words, ...] = ()  # a table's columns of texts, as the weights of words
    texts: Texts | None = None  # what x becomes the tokens of, once the splits are known
    tokenizer: Tokenizer | None = None  # how texts with a class each became tokens, or a text as byte pairs
    notes: tuple[
        str, ...
    ] = ()  # what reading found, for people: "classes: cat, dog", "3 files skipped: 3 .txt"
    warnings: tuple[
        str, ...
    ] = ()  # what reading found suspicious; each with the line of YAML that settles it

    def __post_init__(self) -> None:
        if self.scale is None:
            object.__setattr__(self, "scale", np.array([1 / 255 if self.is_bytes else 1.0]))

    def __len__(self) -> int:
        return len(self.x)

    @property
    def input_shape(self) -> tuple[int, ...]:
        return self.x.shape[1:]

    @property
    def target_shape(self) -> tuple[int, ...]:
        """Of one sample; () for a class number."""
        return self.target.shape[1:]

    @property
    def per_step(self) -> bool:
        """Whether each step has a target."""
        return len(self.target_shape) == (1 if self.classes else 2)

    @property
    def strata(self) -> tuple[np.ndarray, tuple[str, ...]] | None:
        """The class (count,) of each sample, in proportion to which samples are held out, and the names of the classes; None
        without a class for each sample. Of several targets the first that is a class, with one more class for missing ones.
        """
        if self.classes:
            return None if self.target.ndim > 1 else (np.asarray(self.target), self.classes)
        for place, head in enumerate(self.heads):
            if head.classes:
                labels = np.asarray(self.target)[:, place]
                known = np.where(np.isnan(labels), len(head.classes), labels)
                return known.astype(np.int32), (*head.classes, "(missing)")
        return None

    @property
    def embedded(self) -> tuple[OneHot, ...]:
        """The columns of categories for which the network learns vectors."""
        return tuple(column for column in self.one_hot if column.units)

    @property
    def has_row_weights(self) -> bool:
        """Whether the rows of a batch count differently: by the weights of samples, or 0 for padded steps with a target."""
        return self.weight is not None or (self.lengths is not None and self.per_step)

    @property
    def holds_texts(self) -> bool:
        """Whether each sample is a text with a target, not a part of a text to continue."""
        return self.tokenizer is not None and not self.unit

    @property
    def is_bytes(self) -> bool:
        """Whether x is images of bytes, scaled to [0, 1]. Tokens can be bytes, too."""
        return self.x.dtype == np.uint8 and not self.vocabulary

    @property
    def statistics(self) -> dict[str, np.ndarray]:
        """The statistics computed on the training split: shift, scale and, for a table with gaps, fill."""
        arrays = {"shift": self.shift, "scale": self.scale, "fill": self.fill}
        return {name: array for name, array in arrays.items() if array is not None}

    @cached_property
    def imputed(self) -> np.ndarray | Windows:
        """x with `fill` in place of NaN, and 1 or 0 in features that say whether the one before them is missing."""
        if self.fill is None:
            return self.x
        x = np.asarray(self.x) if isinstance(self.x, Windows) else self.x
        fill = self.fill
        return mapped.changed(x, lambda rows: self._filled(rows, fill))

    def _filled(self, x: np.ndarray, fill: np.ndarray) -> np.ndarray:
        missing = np.isnan(x)
        filled: np.ndarray = np.where(missing, fill, x)
        for place in indicators(self.feature_names):
            filled[..., place] = missing[..., place - 1]
        return filled

    def select(self, indices: slice | np.ndarray) -> "Dataset":
        """The samples at `indices`."""
        arrays = {
            name: getattr(self, name)
            for name in ("x", "target", "weight", "lengths", "series", "groups", "times")
        }
        chosen: dict[str, Any] = {
            name: array[indices] if isinstance(array, Windows) else mapped.take(array, indices)
            for name, array in arrays.items()
            if array is not None
        }
        if self.texts is not None:
            chosen["texts"] = self.texts.select(indices)
        if self.origin is not None and not isinstance(self.x, Windows):  # the stream of windows stays whole
            chosen["origin"] = self.origin.select(indices)
        return replace(self, **chosen)

    def batch(self, rows: int, dtype: npt.DTypeLike) -> Batch:
        """A batch for `rows` samples, uninitialized, for a network of float type `dtype`."""
        steps = self.input_shape[:1] if self.per_step else ()
        return Batch(
            np.empty((rows, *self.input_shape), np.int32 if self.vocabulary else dtype),
            np.empty((rows, *self.target_shape), np.int32 if self.classes else dtype),
            np.empty((rows, *steps), dtype) if self.has_row_weights else None,
            np.empty(rows, np.int32) if self.lengths is not None else None,
        )

    def gather(self, indices: np.ndarray, batch: Batch) -> None:
        """Copies the samples to the first len(indices) rows of `batch`. Raises IndexError for indices outside the data.

        Runs in the calling thread alone, without the GIL for floats and images, so that a loader's thread may call it.
        """
        rows, x = len(indices), self.x
        if self.lengths is not None or isinstance(x, Windows):
            return self._gather_steps(indices, batch)
        if self.vocabulary:
            x.take(indices, 0, batch.x[:rows])
        else:
            kernels.gather.rows.serial(batch.x[:rows].reshape(rows, -1), self._x, indices, *self.repeated)
        self.gather_targets(indices, batch.target)
        self.gather_weights(indices, batch)

    def gather_weights(self, indices: np.ndarray, batch: Batch, real: np.ndarray | None = None) -> None:
        """`gather` for the weights alone; real: (rows, steps) bool, False for padding."""
        if batch.weight is None:
            return
        weight = batch.weight[: len(indices)]
        weight[...] = 1 if real is None or not self.per_step else real
        if self.weight is not None:
            weight *= self.weight[indices].reshape(-1, *[1] * (weight.ndim - 1))

    def gather_targets(self, indices: np.ndarray, target: np.ndarray) -> None:
        """`gather` for the targets alone."""
        rows = len(indices)
        if self.classes:
            np.asarray(self.target).take(indices, 0, target[:rows])
        else:
            kernels.gather.rows.serial(target[:rows].reshape(rows, -1), self._target, indices, *UNCHANGED)

    def gather_raw(self, indices: np.ndarray, out: np.ndarray) -> None:
        """out (rows, *input_shape), float: the samples in the units of x, before shift and scale."""
        kernels.gather.rows.serial(out.reshape(len(out), -1), self._x, indices, *UNCHANGED)

    def scale_raw(self, x: np.ndarray, out: np.ndarray) -> None:
        """out (rows, *input_shape): shift and scale applied to x, float, in the units of the stored samples."""
        rows = len(x)
        kernels.gather.rows.serial(
            out.reshape(rows, -1), x.reshape(rows, -1), np.arange(rows), *self.repeated
        )

    def _gather_steps(self, indices: np.ndarray, batch: Batch) -> None:
        """`gather` for sequences; the batch may have fewer steps than the data."""
        rows, steps = len(indices), batch.x.shape[1]
        x = take_rows(self.x, indices, steps)
        batch.x[:rows] = x if self.vocabulary else (x - self.shift) * self.scale
        batch.target[:rows] = take_rows(self.target, indices, steps if self.per_step else None)
        if self.lengths is None or batch.lengths is None:
            return self.gather_weights(indices, batch)
        np.minimum(self.lengths[indices], steps, out=batch.lengths[:rows])
        real = np.arange(steps) < batch.lengths[:rows, None]
        batch.x[:rows][~real] = 0
        return self.gather_weights(indices, batch, real)

    @cached_property
    def _x(self) -> np.ndarray:
        return for_kernel(curved(np.asarray(self.imputed), self.curves) if self.curves else self.imputed)

    @cached_property
    def _target(self) -> np.ndarray:
        return for_kernel(self.target)

    @cached_property
    def repeated(self) -> tuple[np.ndarray, np.ndarray]:
        """shift and scale, repeated a whole number of times."""
        assert self.scale is not None  # see __post_init__
        channels = max(len(self.shift), len(self.scale))
        times = -(-REPEATED // channels)
        return (
            np.tile(np.broadcast_to(np.asarray(self.shift, np.float64), channels), times),
            np.tile(np.broadcast_to(np.asarray(self.scale, np.float64), channels), times),
        )


UNCHANGED = np.zeros(REPEATED), np.ones(REPEATED)


def for_kernel(array: np.ndarray | Windows) -> np.ndarray:
    """`array` as (rows, values), C-contiguous, and without the read-only flag, for which Numba would compile again.

    The kernel only reads it. A contiguous array is not copied, so a memory-mapped file stays on disk.
    """
    array = np.ascontiguousarray(array)
    return np.asarray(_Writable(array)).reshape(len(array), -1)


class _Writable:
    def __init__(self, array: np.ndarray) -> None:
        self.array = array  # keeps the memory allocated
        self.__array_interface__ = {**array.__array_interface__, "data": (array.ctypes.data, False)}


@dataclass(frozen=True, eq=False)
class Splits:
    """Training data and, where there are such, validation and test data, of the same shapes, features and classes."""

    train: Dataset
    validation: Dataset | None = None
    test: Dataset | None = None

    def __post_init__(self) -> None:
        for name, part in self.parts().items():
            if len(part) == 0:
                raise DataError(f"the {name} split has no samples")
            if reason := mismatch(self.train, part):
                raise DataError(f"the {name} split does not match the training split: {reason}")

    def parts(self) -> dict[str, Dataset]:
        """The splits by name, of train, validation and test."""
        named = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: part for name, part in named.items() if part is not None}

    @property
    def notes(self) -> list[str]:
        """The names of the classes, and the notes of all splits, each once."""
        train = self.train
        classes = [f"classes: {shortened(train.classes)}"] if train.classes and not train.unit else []
        return list(
            dict.fromkeys([*classes, *(note for part in self.parts().values() for note in part.notes)])
        )

    @property
    def warnings(self) -> list[str]:
        """The warnings of all splits, each once."""
        return list(dict.fromkeys(warning for part in self.parts().values() for warning in part.warnings))


def shortened(names: tuple[str, ...]) -> str:
    """ "cat, dog", or the first eight and the number of the others."""
    more = f" and {len(names) - CLASSES_SHOWN:,} more" if len(names) > CLASSES_SHOWN else ""
    return ", ".join(names[:CLASSES_SHOWN]) + more


def mismatch(train: Dataset, other: Dataset) -> str:
    """Why a network for `train` cannot take `other`; empty where it can."""
    if reason := name_mismatch(train.feature_names, other.feature_names):
        return reason
    if bool(other.classes) != bool(train.classes):
        expected, received = ("classes", "numbers") if train.classes else ("numbers", "classes")
        return f"expected targets that are {expected}. Received: {received} (see `task`)."
    if reason := name_mismatch(train.classes, other.classes, "class", "classes"):
        return reason
    if reason := heads_mismatch(train.heads, other.heads):
        return reason
    for what in ("unit", "input_shape", "target_shape", "vocabulary"):
        wanted, found = getattr(train, what), getattr(other, what)
        if found != wanted:
            return f"expected {what.replace('_', ' ')} {wanted}. Received: {found}."
    return ""


def heads_mismatch(train: tuple[Head, ...], other: tuple[Head, ...]) -> str:
    """Why several targets are not those of the training; empty where they are."""
    if bool(train) != bool(other):
        expected, received = ("several targets", "one") if train else ("one target", "several")
        return f"expected {expected}. Received: {received}."
    expected_names, names = (tuple(head.name for head in heads) for heads in (train, other))
    if reason := name_mismatch(expected_names, names, "target", "targets"):
        return reason
    reasons = (
        name_mismatch(first.classes, second.classes, "class", "classes")
        for first, second in zip(train, other, strict=True)
    )
    return next((f"{head.name}: {reason}" for head, reason in zip(train, reasons, strict=True) if reason), "")


class Reader(Component, family="source"):
    """A source of samples: packaged data, a known data set, your own files, or synthetic data."""

    def load(self, folder: Path) -> Splits:
        """Reads the data; relative paths count from `folder`. Raises DataError for files that cannot be used."""
        raise NotImplementedError

    def load_like(self, folder: Path, train: Dataset) -> Splits:
        """`load` of data that join `train`, or that a network trained on `train` is evaluated on."""
        return self.load(folder)

    def for_folds(self, group: str | int | None) -> "Reader":
        """The reader whose training split is cut into folds; `group` names the column of its `groups`. Raises ConfigError."""
        if group is None:
            return self
        message = f"{self.yaml_name} has no column that names groups"
        raise ConfigError([Problem(("data", "fold", "group"), message, "Remove `group`.")])

    def for_targets(self, columns: Sequence[HeadColumn]) -> "Reader":
        """The reader that has these columns as its targets. Raises ConfigError."""
        message = f"{self.yaml_name} has a target of its own"
        hint = "Use `csv`, whose columns they can be, or set `loss` in place of `targets`."
        raise ConfigError([Problem(("targets",), message, hint)])

    def by_time(self, time: str | int) -> "Reader":
        """The reader with the `times` of its samples, from the column of this name. Raises ConfigError."""
        message = f"{self.yaml_name} has no column that orders its samples"
        raise ConfigError([Problem(("data", "split_by", "time"), message, "Remove `time`.")])
