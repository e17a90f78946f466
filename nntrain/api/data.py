"""Data in memory: arrays instead of a config's source, and arrays for a trained network."""

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np

from nntrain.data.arrays import Task
from nntrain.data.conform.align import align, pad_steps
from nntrain.data.conform.arrays import conform, unlabeled
from nntrain.data.conform.tables import TableEncoder
from nntrain.data.dataset import Dataset
from nntrain.data.in_memory import Data, separated, to_array
from nntrain.data.named_targets import chosen_heads
from nntrain.data.sequences.texts import as_texts
from nntrain.data.sequences.windows import Windows
from nntrain.data.sources.csv import Csv
from nntrain.data.tables.formats.typed import cell_text
from nntrain.errors import DataError
from nntrain.inference.inputs import Samples, as_in_training, usable_array
from nntrain.inference.pictures import Pictures, pictures_of, read_all, samples
from nntrain.inference.texts import text_samples
from nntrain.inference.trained import Trained
from nntrain.options import shown

__all__ = ["Data"]

SOURCE = "data.source=in_memory"  # what an override puts into a config that is trained on arrays


def samples_of(trained: Trained, x: Any, lenient: bool = False) -> Samples:
    """Samples x (rows, *input shape) in the form of the training data; of a DataFrame the columns by name.

    Raises UnusableSamples for values that the network does not know; if `lenient`, such samples are left out.
    """
    train = trained.trained_on
    if train.unit:
        raise DataError("the network is a language model and takes no samples", "Use `generate`.", "x")
    if train.holds_texts and (texts := as_texts("x", x)) is not None:
        return text_samples(trained, texts)
    if train.feature_names and hasattr(x, "columns"):
        table = table_of(trained, x, lenient)
        return Samples.of(unlabeled(train, table.inputs()), table.unusable)
    array, lengths = to_array("x", x), None
    if not array.size:
        raise DataError("expected at least one sample. Received: an empty array", place="x")
    padded: np.ndarray | Windows = array
    if train.lengths is not None:
        lengths = np.full(len(array), array.shape[1] if array.ndim > 1 else 1, np.int32)
        padded = pad_steps("x", train, Dataset(array, np.zeros((len(array), 1)), lengths=lengths)).x
    return usable_array(train, "x", padded, lenient, lengths)


def are_paths(x: Any) -> bool:
    """Whether x is a path or a list of paths."""
    paths = x if isinstance(x, (list, tuple)) else [x]
    return bool(paths) and all(isinstance(path, (str, os.PathLike)) for path in paths)


def pictures_at(trained: Trained, x: Any) -> Pictures:
    """The image files at a path, or at a list of paths; folders stand for the images in them. Raises UserError."""
    paths = [os.fspath(path) for path in (x if isinstance(x, (list, tuple)) else [x])]
    found = pictures_of(trained, paths, "x", sources=False)
    if found is None:
        raise DataError(f"expected arrays, or paths of images. Received: {shown(paths[0])}", place="x")
    return found


def aligned(trained: Trained, x: Any, y: Any, weight: Any = None) -> Dataset:
    """Samples, targets and their weights in the form of the training data; classes are found by name. Raises DataError."""
    train = trained.trained_on
    if train.heads:
        return with_named_targets(trained, x, y, weight)
    task: Task = "classification" if train.classes else "regression"
    if train.holds_texts and (texts := as_texts("x", x)) is not None:
        data = text_samples(trained, texts).data
        labelled = Data(np.zeros((len(texts), 1)), y, weight=weight, task=task).source.dataset
        target = align("y", replace(train, lengths=None), replace(labelled, target_names=())).target
        return replace(data, target=target, weight=labelled.weight)
    if are_paths(x):
        x = samples(trained, read_all(pictures_at(trained, x))).x
    is_table = bool(train.feature_names) and hasattr(x, "columns")
    if is_table or train.fill is not None:  # with gaps, which `Data` refuses
        inputs = table_of(trained, x).inputs() if is_table else samples_of(trained, x).data.x
        labelled = Data(np.zeros((len(inputs), 1)), y, weight=weight, task=task).source.dataset
        target = align("y", train, replace(labelled, target_names=())).target
        return replace(unlabeled(train, inputs), target=target, weight=labelled.weight)
    given = Data(x, y, weight=weight, task=task).source.dataset
    return conform("data", train, replace(given, feature_names=(), target_names=()))


def with_named_targets(trained: Trained, x: Any, y: Any, weight: Any) -> Dataset:
    """`aligned` for a network with several targets: y is a dictionary of their columns, or a DataFrame with them."""
    train = trained.trained_on
    x, y = separated("y", x, y)
    if not isinstance(y, Mapping) and not hasattr(y, "columns"):
        names = ", ".join(head.name for head in train.heads)
        raise DataError(f"expected a dictionary, or a DataFrame, with {names}", place="y")
    inputs = samples_of(trained, x).data.x
    found = Data(np.zeros((len(inputs), 1)), {name: y[name] for name in y}, weight=weight).source.dataset
    wanted = [(head.name, bool(head.classes)) for head in train.heads]
    target, heads = chosen_heads("y", found, wanted)
    named = replace(found, target=target, heads=heads, target_names=train.target_names)
    return replace(unlabeled(train, inputs), target=align("y", train, named).target, weight=found.weight)


def table_of(trained: Trained, frame: Any, lenient: bool = False) -> TableEncoder:
    """A DataFrame as the table of cells that a CSV file of it would be. Raises DataError for one without rows."""
    if not (values := _values(frame)):
        raise DataError("expected at least one sample. Received: no rows", place="x")
    source = trained.config.data.source
    csv = as_in_training(trained, source if isinstance(source, Csv) else Csv(path="x"))
    csv = csv.model_copy(update={"path": "x", "header": True})
    train = trained.trained_on
    of_numbers = {*train.feature_names} - {column.column for column in train.embedded}
    numbers = [str(name) in of_numbers for name in frame.columns]
    cells = [
        [cell_text(value, csv.decimal, number) for value, number in zip(row, numbers, strict=True)]
        for row in values
    ]
    rows = enumerate([[str(name) for name in frame.columns], *cells])  # row 1 is the first below the names
    return TableEncoder(trained.trained_on, csv, iter(rows), lenient)


def _values(frame: Any) -> list[list[Any]]:
    """The rows of a DataFrame; pandas would turn whole numbers into floats next to a column of floats."""
    try:
        array = frame.to_numpy(dtype=object)
    except TypeError:  # other libraries take no type
        array = frame.to_numpy()
    return cast(list[list[Any]], array.tolist())
