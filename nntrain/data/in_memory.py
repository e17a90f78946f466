"""In-memory data: a Python program's own arrays, in place of a config's `data` section."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from nntrain.data.arrays import Layout, Task, from_arrays, task_like, with_groups, with_weights
from nntrain.data.dataset import Dataset, Splits
from nntrain.data.folds.fold import Fold
from nntrain.data.frame_options import FrameOptions
from nntrain.data.loading import load_splits
from nntrain.data.named_targets import are_named, named_targets, note_of
from nntrain.data.sequences.texts import as_texts
from nntrain.data.sequences.tokenizer import Recipe
from nntrain.data.sources.text_classes import TextClasses, of_texts
from nntrain.data.split_by import SplitBy
from nntrain.data.tables import frames
from nntrain.data.tables.features import OneHot
from nntrain.data.tables.formats.typed import is_missing
from nntrain.errors import ConfigError, DataError, Problem
from nntrain.heads import Head
from nntrain.options import did_you_mean

Pair = tuple[Any, ...] | Mapping[str, Any]  # (x, y), (x, y, lengths), or a dictionary of NAMES
TOKENS = ("unit", "vocabulary", "min_count", "lowercase", "max_length")
NAMES = ("x", "y", "lengths", "weight")
FRACTION = "expected a fraction between 0 and 1, a tuple (x, y) of arrays, or a dictionary of arrays"


@dataclass(frozen=True, eq=False)
class ArraySource:
    """Arrays as a source: `load` returns them as a training split, as `npz` does with the arrays of a file."""

    dataset: Dataset
    yaml_name = "arrays"

    def load(self, folder: Path) -> Splits:
        return Splits(self.dataset)

    def load_like(self, folder: Path, train: Dataset) -> Splits:
        return self.load(folder)

    def for_folds(self, group: str | int | None) -> "ArraySource":
        if group is None:
            return self
        message = "arrays in memory have no column that names groups"
        raise ConfigError([Problem(("data", "fold", "group"), message, "Pass `group` to `nntrain.Data`.")])

    def by_time(self, time: str | int) -> "ArraySource":
        message = "arrays in memory have no column that orders the samples"
        raise ConfigError(
            [Problem(("data", "split_by", "time"), message, "Pass `validation` and `test` samples.")]
        )


class Data:
    """Samples x and targets y from memory, split and scaled like the data of a config.

    x (count, ...) are tables, images or sequences; y are class numbers or names (int, bool, str), or numbers to predict (float),
    one row per sample, or one row per step of each. If x is a DataFrame, y can be the name of its column, or a list of names. For the
    `targets` of a config, y is a dictionary of columns, or a DataFrame: floats are numbers, and text and truth values are classes;
    whole numbers are what their loss predicts.
    `test` and `validation` are fractions of the samples, tuples (x, y), or dictionaries {"x": x, "y": y, "weight": weight}.
    `lengths` (count,) are those of padded sequences; a tuple of such is (x, y, lengths).
    `weight` (count,), at least 0, says how much each sample counts in the loss, the scores and the statistics; only the ratios matter.
    `group` (count,) names a group for each sample; fractions and folds hold out whole groups. uint8 counts as images, 0 to 255 for
    [0, 1]. Arrays, nested lists, and DataFrames and Series of pandas and Polars are accepted, whose columns of text, dates and
    booleans become numbers as those of a `csv`; arrays are not copied where their type fits.

    Of a DataFrame, `columns` says what its columns hold, as in a `csv`: {"city": {"categorical": {"embed": "auto"}}, "zip":
    "categorical", "day": "date", "income": {"number": "log"}, "id": "ignore"}. `impute` ("mean", "median", "most_frequent") fills
    missing values, `missing` lists texts that mark them, `missing_indicator` adds a feature that says where, and text="error"
    refuses columns of text. Several columns y of booleans, or of yes and no, are targets of 1 and 0.

    x can also be texts, a list or a column of them, which become tokens as in `source: text_classes`. `tokens` are the options of that
    source: {"unit": "bpe", "vocabulary": 5000}, `min_count`, `lowercase`, `max_length`.

    Raises DataError for arrays of different lengths, other types, NaN, and empty arrays.
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        *,
        test: float | Pair | None = None,
        validation: float | Pair | None = None,
        classes: Sequence[str] | None = None,
        lengths: Any = None,
        weight: Any = None,
        group: Any = None,
        task: Task = "auto",
        layout: Layout = "stored",
        standardize: bool = False,
        tokens: Mapping[str, Any] | None = None,
        columns: Mapping[str, Any] | None = None,
        impute: str | None = None,
        missing: Sequence[str] | None = None,
        missing_indicator: bool | None = None,
        text: str | None = None,
    ):
        if classes is not None:
            classes = tuple(map(str, classes))
            if task == "regression":
                raise DataError("cannot be combined with task='regression'", place="classes")
            if len(classes) < 2 or len(set(classes)) < len(classes):
                raise DataError(
                    f"expected at least two different names. Received: {classes}.", place="classes"
                )

        recipe = None if tokens is None else _recipe(tokens)
        options = FrameOptions.of(
            {
                "columns": columns,
                "impute": impute,
                "missing": missing,
                "missing_indicator": missing_indicator,
                "text": text,
            }
        )
        x, y = separated("y", x, y)
        if are_named(y) and (classes is not None or task != "auto"):
            option = "task" if classes is None else "classes"
            raise DataError("cannot be combined with several named targets", "Remove it.", option)
        dataset = _dataset("", x, y, lengths, weight, classes, task, layout, options, recipe=recipe)
        if tokens is not None and dataset.texts is None:
            raise DataError("expected texts x, which become tokens", place="tokens")
        if group is not None:
            dataset = with_groups("group", dataset, to_array("group", group))
        self.source = ArraySource(dataset)
        same_task = task_like(task, self.source.dataset)

        def held_out(prefix: str, x: Any, y: Any, lengths: Any, weight: Any) -> Dataset:
            train = self.source.dataset
            known = (train.feature_names, train.one_hot) if train.feature_names else None
            x, y = separated(f"{prefix}y", x, y)
            return _dataset(
                prefix,
                x,
                y,
                lengths,
                weight,
                classes,
                same_task,
                layout,
                options,
                known,
                recipe,
                of_heads=bool(train.heads),
            )

        def split(name: str, chosen: float | Pair | None) -> float | ArraySource | None:
            if chosen is None:
                return None
            if isinstance(chosen, Mapping):
                if unknown := [key for key in chosen if key not in NAMES]:
                    raise DataError(
                        f"expected arrays named {', '.join(NAMES)}. Received: {unknown[0]!r}.", place=name
                    )
                x, y, lengths, weight = (chosen.get(key) for key in NAMES)
                return ArraySource(held_out(f"{name}: ", x, y, lengths, weight))
            if isinstance(chosen, (tuple, list)):
                if len(chosen) not in (2, 3):
                    raise DataError(f"{FRACTION}. Received: {len(chosen)} values.", place=name)
                x, y, lengths = (*chosen, None)[:3]
                return ArraySource(held_out(f"{name}: ", x, y, lengths, None))
            if isinstance(chosen, bool) or not isinstance(chosen, (int, float, np.number)):
                raise DataError(f"{FRACTION}. Received: {type(chosen).__name__}.", place=name)
            if not 0 < chosen < 1:
                raise DataError(f"{FRACTION}. Received: {chosen}.", place=name)
            return float(chosen)

        self.test = split("test", test)
        self.validation = split("validation", validation)
        self.standardize = standardize
        self.train_on_validation = False
        self.fold: Fold | None = None
        self.split_by: SplitBy | None = None
        self.target_transform: str | None = None
        self.class_weights: str | None = None

    def load_for(self, options: Any, folder: Path, seed: int) -> tuple[Splits, dict[str, np.ndarray]]:
        """The splits for a config's `data` section `options`, which holds where these data set nothing."""
        own = {
            "source": self.source,
            "test": self.test,
            "validation": self.validation,
            "standardize": self.standardize,
        }
        chosen = options.model_copy(update={name: value for name, value in own.items() if value})
        return load_splits(chosen, folder, seed)

    def load(self, seed: int = 0) -> tuple[Splits, dict[str, np.ndarray]]:
        """The splits, and for each split taken from x the rows there. Raises DataError."""
        try:
            return load_splits(self, Path(), seed)
        except ConfigError as error:
            raise DataError(error.message, error.hint, error.place) from None


def _dataset(
    prefix: str,
    x: Any,
    y: Any,
    lengths: Any,
    weight: Any,
    classes: tuple[str, ...] | None,
    task: Task,
    layout: Layout,
    options: FrameOptions,
    known: tuple[tuple[str, ...], tuple[OneHot, ...]] | None = None,
    recipe: Recipe | None = None,
    of_heads: bool = False,
) -> Dataset:
    """of_heads: whether the training data have several named targets.

    known: the features of the training data and the text columns among them. recipe: how texts become tokens."""
    names = (f"{prefix}x", f"{prefix}y", f"{prefix}lengths")
    if (texts := as_texts(names[0], x)) is not None:
        if lengths is not None:
            raise DataError("texts have no lengths of their own", "Remove `lengths`.", names[2])
        if options.given:
            raise DataError("options of columns require a DataFrame x. Received: texts.", place=names[0])
        zeros = np.zeros((len(texts), 1))
        labelled = _dataset(prefix, zeros, y, None, weight, classes, task, "stored", options)
        return of_texts(replace(labelled, feature_names=()), texts, recipe or TextClasses().recipe())
    encoded: frames.EncodedFrame | None = None
    if options.given and not hasattr(x, "columns"):
        message = f"options of columns require a DataFrame x. Received: {type(x).__name__}."
        raise DataError(message, place=names[0])
    if frames.is_mixed(x) or options.given:
        encoded = frames.EncodedFrame(x, known, options.reading(x))
        x = encoded.x
    flags: tuple[str, ...] = ()  # notes on them
    named: np.ndarray | None = None
    heads: tuple[Head, ...] = ()
    targets = _column_names(y, (len(y.columns),)) if hasattr(y, "columns") else _column_names(y, (1,))
    if are_named(y) or (of_heads and hasattr(y, "columns")):
        task = "auto"
        named, heads = named_targets(names[1], y, len(x))
        y = np.zeros(len(x))
    elif len(getattr(y, "columns", ())) > 1:
        y, flags = frames.several_targets(names[1], y)
    arrays = [
        None if value is None else to_array(name, value)
        for name, value in zip(names, (x, y, lengths), strict=True)
    ]
    if arrays[0] is None or arrays[1] is None:
        raise DataError("expected an array. Received: None.", place=names[0 if arrays[0] is None else 1])
    gaps = encoded is not None and options.csv.impute is not None
    dataset = from_arrays(names, arrays[0], arrays[1], arrays[2], classes, task, layout, gaps)
    dataset = replace(dataset, notes=(*dataset.notes, *flags))
    if weight is not None:
        name = f"{prefix}weight"
        dataset = with_weights(name, dataset, to_array(name, weight), name)
    if named is not None:
        dataset = replace(
            dataset,
            target=named,
            heads=heads,
            target_names=tuple(head.name for head in heads),
            notes=(*dataset.notes[1:], note_of(names[1], heads)),
        )
    elif not dataset.classes and dataset.target.shape[1:] == (len(targets),):
        dataset = replace(dataset, target_names=targets)
    if encoded is None:
        return replace(dataset, feature_names=_column_names(x, dataset.x.shape[1:]))
    return options.applied(dataset, encoded)


def _recipe(tokens: Mapping[str, Any]) -> Recipe:
    """Raises DataError for unknown options, or values that do not fit."""
    if unknown := [name for name in tokens if name not in TOKENS]:
        raise DataError(f"expected options {', '.join(TOKENS)}. Received: {unknown[0]!r}.", place="tokens")
    try:
        return TextClasses.model_validate(dict(tokens)).recipe()
    except ValidationError as error:
        message = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise DataError(message, place=".".join(map(str, ("tokens", *error.errors()[0]["loc"])))) from None


def separated(name: str, x: Any, y: Any) -> tuple[Any, Any]:
    """x and y, of which y can be the name of a column of x, or a list of names, where x is a DataFrame. Raises DataError."""
    chosen = [y] if isinstance(y, str) else y
    if not hasattr(x, "columns") or not isinstance(chosen, list) or not chosen or _repeat(chosen):
        if isinstance(y, str):
            raise DataError(f"expected an array, or a DataFrame x with a column {y!r}", place=name)
        return x, y
    if not all(isinstance(column, str) and column in x.columns for column in chosen):
        if isinstance(y, str):
            raise DataError(f"no column is named {y!r}.{did_you_mean(y, map(str, x.columns))}", place=name)
        return x, y
    others = [column for column in x.columns if column not in chosen]
    return x[others], x[y]


def _repeat(values: list[Any]) -> bool:
    """Whether they are rather the class of each sample than names of columns."""
    return len(set(map(str, values))) < len(values)


def to_array(name: str, value: Any) -> np.ndarray:
    """A NumPy array of numbers or text from an array, nested lists, a DataFrame or a Series. Raises DataError."""
    try:
        array = value.to_numpy() if hasattr(value, "to_numpy") else np.asarray(value)
    except (ValueError, TypeError) as error:  # nested lists of different lengths
        raise DataError(f"expected an array of one shape: {error}", place=name) from None
    if array.dtype.kind == "T" or (array.dtype.kind == "O" and _all_text(array.ravel())):
        return array.astype(str)
    if array.dtype.kind == "O":
        gaps = np.flatnonzero([is_missing(value) for value in array.ravel()])
        if len(gaps) and array.ndim == 1 and _all_text(np.delete(array, gaps)):
            raise DataError(
                f"sample {gaps[0] + 1}: expected text. Received: a missing value.",
                "Fill or remove missing values.",
                name,
            )
        raise DataError(
            "expected an array of numbers or text. Received: Python objects.",
            "Convert it, such as with `astype(float)`; encode columns of text as numbers first.",
            name,
        )
    return array


def _all_text(values: Iterable[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


def _column_names(value: Any, shape: tuple[int, ...]) -> tuple[str, ...]:
    """The names of a DataFrame's columns, or a Series' own; empty where there are none."""
    columns = getattr(value, "columns", None)
    found = list(columns) if columns is not None else [getattr(value, "name", None)]
    names = tuple(name for name in found if isinstance(name, str))
    return names if len(names) == len(found) == len(set(names)) and shape == (len(names),) else ()
