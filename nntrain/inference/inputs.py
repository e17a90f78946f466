"""Inputs: new data for a trained network, brought into the form of its training data."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from nntrain.data.conform.align import pad_steps
from nntrain.data.conform.arrays import conform, conform_array, conform_inputs, unlabeled
from nntrain.data.conform.sequences import SequenceEncoder
from nntrain.data.conform.tables import TableEncoder
from nntrain.data.dataset import Dataset
from nntrain.data.files.npy import read_npy, read_npz
from nntrain.data.finite import require_finite
from nntrain.data.sequences.lengths import check_lengths
from nntrain.data.sequences.windows import Windows
from nntrain.data.sources.csv import Csv
from nntrain.data.sources.npz import Npz
from nntrain.data.sources.sequences import Sequences
from nntrain.data.sources.text import Text
from nntrain.data.tables.rows import read_rows
from nntrain.errors import UserError
from nntrain.inference.given import is_source, read_source
from nntrain.inference.trained import Trained

HERE = Path()


@dataclass(frozen=True)
class Samples:
    """What to predict from, and how to identify its predictions."""

    data: Dataset
    ids: tuple[str, tuple[str, ...]] | None = None  # a column's name and its cell for each sequence
    order: np.ndarray | None = None  # (rows,): the file's row of each step, if each step has a prediction


def new_data(trained: Trained, text: str, split: str | None, name: str = "data") -> tuple[str, Dataset]:
    """The split of a source to evaluate on, with its name. `name` is what errors call the text. Raises UserError."""
    source, folder = read_source(text, name)
    if isinstance(source, Csv) and not isinstance(source, Sequences) and trained.trained_on.feature_names:
        table = as_in_training(trained, source)
        with table.rows(folder) as rows:
            parts = {"train": TableEncoder(trained.trained_on, table, rows).dataset()}
    else:
        if isinstance(source, Text) and not trained.trained_on.normalized:
            source = source.as_before_normalization()
        parts = source.load(folder).parts()
    chosen = split or ("test" if "test" in parts else "train")
    if chosen not in parts:
        message = f"{source.yaml_name} has no {chosen} split"
        raise UserError(message, f"Available: {', '.join(parts)}.", name)
    return chosen, conform(name, trained.trained_on, parts[chosen])


def new_samples(trained: Trained, text: str, stdin: BinaryIO, name: str = "input") -> Samples:
    """Samples to predict from: a CSV, .npz or .npy file, `-` for CSV on stdin, or a source. Raises UserError."""
    train = trained.trained_on
    if train.unit:
        message = "the network is a language model: it continues a text and takes no samples"
        raise UserError(message, "Use a prompt.", name)
    if is_source(text):
        source, folder = read_source(text, name)
        if isinstance(source, Csv) and train.feature_names:
            return _table(trained, source, folder)
        parts = source.load(folder).parts()
        return Samples(conform_inputs(name, train, parts.get("test", parts["train"])))
    if text == "-":
        table = as_in_training(trained, Csv(path="standard input"))
        with TextIOWrapper(BytesIO(stdin.read()), encoding="utf-8-sig", newline="") as lines:
            return _rows(train, table, read_rows(table.path, lines, table.delimiter))
    suffix = Path(text).suffix
    if suffix == ".npy":
        return Samples(_array(train, text, read_npy(HERE, text)))
    if suffix == ".npz":
        return Samples(_npz(trained, text))
    return _table(trained, Csv(path=text), HERE)


def _table(trained: Trained, source: Csv, folder: Path) -> Samples:
    table = as_in_training(trained, source)
    with table.rows(folder) as rows:
        return _rows(trained.trained_on, table, rows)


def _rows(train: Dataset, table: Csv, rows: Iterator[tuple[int, list[str]]]) -> Samples:
    if not isinstance(table, Sequences):
        return Samples(
            unlabeled(train, conform_array(table.path, train, TableEncoder(train, table, rows).inputs()))
        )
    found = SequenceEncoder(train, table, rows)
    x, lengths = found.sequences()
    data = unlabeled(train, x, lengths)
    if train.per_step:
        return Samples(data, order=found.groups.order)
    return Samples(data, ids=(found.id_name, found.groups.names) if found.id_name else None)


def _npz(trained: Trained, file: str) -> Dataset:
    """The samples of an .npz file, with their lengths if the training data had lengths."""
    train, source = trained.trained_on, trained.config.data.source
    as_trained = source if isinstance(source, Npz) else Npz(path=file)
    if train.lengths is None:
        return _array(train, f"{file}: {as_trained.x}", *read_npz(HERE, file, (as_trained.x,)))
    x, lengths = read_npz(HERE, file, (as_trained.x, as_trained.lengths or "lengths"))
    lengths = check_lengths(f"{file}: {as_trained.lengths or 'lengths'}", lengths, x)
    padded = pad_steps(file, train, Dataset(x, np.zeros((len(x), 1)), lengths=lengths)).x
    return replace(_array(train, f"{file}: {as_trained.x}", padded), lengths=lengths)


def _array(train: Dataset, name: str, x: np.ndarray | Windows) -> Dataset:
    inputs = conform_array(name, train, x)
    require_finite(name, cast(np.ndarray, inputs))
    return unlabeled(train, inputs)


def as_in_training(trained: Trained, source: Csv) -> Csv:
    """The source with the training source's options for the file's format, unless it sets its own."""
    used = trained.config.data.source
    if not isinstance(used, Csv):
        return source
    if isinstance(used, Sequences):
        return used.model_copy(update={name: getattr(source, name) for name in source.model_fields_set})
    written = {
        name: getattr(used, name)
        for name in ("header", "delimiter", "missing")
        if name not in source.model_fields_set
    }
    return source.model_copy(update=written)
