"""Inputs: new data for a trained network, brought into the form of its training data."""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from nntrain.data.conform.align import pad_steps
from nntrain.data.conform.arrays import (
    conform,
    conform_array,
    conform_inputs,
    out_of_range,
    out_of_range_text,
    unlabeled,
)
from nntrain.data.conform.sequences import SequenceEncoder
from nntrain.data.conform.tables import TableEncoder
from nntrain.data.conform.unusable import MOST_NAMED, OnError, Unusable, UnusableSamples
from nntrain.data.dataset import Dataset
from nntrain.data.files.npy import read_npy, read_npz
from nntrain.data.finite import not_finite, not_finite_text
from nntrain.data.sequences.lengths import check_lengths
from nntrain.data.sequences.windows import Windows
from nntrain.data.sources.csv import Csv
from nntrain.data.sources.npz import Npz
from nntrain.data.sources.sequences import Sequences
from nntrain.data.sources.text import Text
from nntrain.data.tables.csv_file import Cells
from nntrain.data.tables.kinds import Date
from nntrain.data.transforms.tokenize import tokenize
from nntrain.errors import UserError
from nntrain.inference.given import is_source, read_source
from nntrain.inference.new_files import source_at
from nntrain.inference.trained import Trained

HERE = Path()
FORMAT = (
    "header",
    "delimiter",
    "encoding",
    "sheet",
    "decimal",
    "thousands",
    "units",
    "missing",
)  # options of `csv`


@dataclass(frozen=True)
class Samples:
    """What to predict from, and how to identify its predictions."""

    data: Dataset
    ids: tuple[str, tuple[str, ...]] | None = None  # a column's name and its cell for each sequence
    rows: np.ndarray | None = None  # the row of the output for each prediction; None: in order
    unusable: Unusable | None = None  # of the samples, those that are not in `data`
    count: int = 0  # rows of an output that answers all samples; 0: as many as predictions

    @classmethod
    def of(cls, data: Dataset, unusable: Unusable) -> "Samples":
        """The usable samples of `data`."""
        if not unusable.mask.any():
            return cls(data)
        return cls(data.select(unusable.usable), None, unusable.usable, unusable, len(unusable.mask))


def new_data(trained: Trained, text: str, split: str | None, name: str = "data") -> tuple[str, bool, Dataset]:
    """The name of the split of a source, or of a file or folder, to evaluate on, whether it is the only one, and its samples.

    `name` is what errors call the text. Raises UserError.
    """
    if trained.reconstructs:  # whose targets are the inputs
        return "train", True, new_samples(trained, text, BytesIO(), name).data
    source, folder = read_source(text, name) if is_source(text) else (source_at(trained, text, name), HERE)
    if isinstance(source, Csv) and not isinstance(source, Sequences) and trained.trained_on.feature_names:
        table = as_in_training(trained, source)
        used = trained.config.data.source
        weight = used.weight if isinstance(used, Csv) and "weight" not in source.model_fields_set else None
        with table.rows(folder) as rows:
            parts = {"train": TableEncoder(trained.trained_on, table, rows).dataset(weight)}
    else:
        if isinstance(source, Text) and not trained.trained_on.normalized:
            source = source.as_before_normalization()
        parts = tokenize(source.load_like(folder, trained.trained_on)).parts()
    chosen = split or ("test" if "test" in parts else "train")
    if chosen not in parts:
        message = f"{source.yaml_name} has no {chosen} split"
        raise UserError(message, f"Available: {', '.join(parts)}.", name)
    return chosen, len(parts) == 1, conform(name, trained.trained_on, parts[chosen])


def new_samples(
    trained: Trained, text: str, stdin: BinaryIO, name: str = "input", on_error: OnError = "stop"
) -> Samples:
    """Samples to predict from: a CSV, .npz or .npy file, `-` for CSV on stdin, or a source. Raises UserError.

    Unless `on_error` is "stop", samples that cannot be used are left out.
    """
    train, lenient = trained.trained_on, on_error != "stop"
    if train.unit:
        message = "the network is a language model: it continues a text and takes no samples"
        raise UserError(message, "Use a prompt.", name)
    if is_source(text):
        source, folder = read_source(text, name)
        if isinstance(source, Csv) and train.feature_names:
            return _table(trained, source, folder, lenient)
        parts = source.load(folder).parts()
        return Samples(conform_inputs(name, train, parts.get("test", parts["train"])))
    if text == "-":
        return csv_samples(trained, stdin.read(), "standard input", lenient)
    suffix = Path(text).suffix
    if suffix == ".npy":
        return usable_array(train, text, read_npy(HERE, text), lenient)
    if suffix == ".npz":
        return _npz(trained, text, lenient)
    return _table(trained, Csv(path=text), HERE, lenient)


def csv_samples(trained: Trained, content: bytes, name: str, lenient: bool) -> Samples:
    """The samples of a CSV file's content, which errors call `name`. Raises DataError."""
    table = as_in_training(trained, Csv(path=name))
    if is_utf8(content):  # whatever the training's file was
        table = table.model_copy(update={"encoding": None})
    return _rows(trained.trained_on, table, table.rows_of(BytesIO(content)), lenient)


def is_utf8(content: bytes) -> bool:
    """Whether bytes are text in UTF-8."""
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _table(trained: Trained, source: Csv, folder: Path, lenient: bool) -> Samples:
    table = as_in_training(trained, source)
    with table.rows(folder) as rows:
        return _rows(trained.trained_on, table, rows, lenient)


def _rows(train: Dataset, table: Csv, rows: Cells, lenient: bool) -> Samples:
    if not isinstance(table, Sequences):
        encoder = TableEncoder(train, table, rows, lenient)
        x, unusable = in_range(table.path, train, encoder.inputs(), lenient)
        unusable = encoder.unusable | unusable
        return Samples.of(unlabeled(train, conform_array(table.path, train, x)), unusable)
    found = SequenceEncoder(train, table, rows, lenient)
    x, lengths = found.sequences()
    data, unusable = unlabeled(train, x, lengths), found.unusable
    if train.per_step:
        return Samples(data, None, found.groups.order, unusable, found.steps)
    ids = (found.id_name, found.names) if found.id_name else None
    return Samples(data, ids, unusable.usable, unusable, len(unusable.mask))


def _npz(trained: Trained, file: str, lenient: bool) -> Samples:
    """The samples of an .npz file, with their lengths if the training data had lengths."""
    train, source = trained.trained_on, trained.config.data.source
    as_trained = source if isinstance(source, Npz) else Npz(path=file)
    name = f"{file}: {as_trained.x}"
    if train.lengths is None:
        return usable_array(train, name, read_npz(HERE, file, (as_trained.x,))[0], lenient)
    x, lengths = read_npz(HERE, file, (as_trained.x, as_trained.lengths or "lengths"))
    lengths = check_lengths(f"{file}: {as_trained.lengths or 'lengths'}", lengths, x)
    padded = pad_steps(file, train, Dataset(x, np.zeros((len(x), 1)), lengths=lengths)).x
    return usable_array(train, name, padded, lenient, lengths)


def usable_array(
    train: Dataset,
    name: str,
    x: np.ndarray | Windows,
    lenient: bool,
    lengths: np.ndarray | None = None,
) -> Samples:
    """The samples of an array; NaN is a gap for a network whose training filled gaps.

    Raises UnusableSamples for other NaN and for infinity; if `lenient`, such samples are left out.
    """
    x, unusable = in_range(name, train, x, lenient)
    inputs = cast(np.ndarray, conform_array(name, train, x))
    values = inputs if train.fill is None else np.where(np.isnan(inputs), 0, inputs)
    mask = np.zeros(len(inputs), bool)
    mask[list(not_finite(values))] = True
    bad = np.flatnonzero(mask)
    texts = [not_finite_text(values, sample) for sample in bad[:MOST_NAMED]]
    if texts and not lenient:
        raise UnusableSamples(texts[0], place=name)
    reasons = tuple(f"{name}: {text}" for text in texts)
    unusable = unusable | Unusable(mask, reasons, len(bad))
    return Samples.of(unlabeled(train, inputs, lengths), unusable)


def in_range(
    name: str, train: Dataset, x: np.ndarray | Windows, lenient: bool
) -> tuple[np.ndarray | Windows, Unusable]:
    """x with zeros for the samples that have unknown tokens, if `lenient`, and these samples."""
    mask, limit = out_of_range(train, x)
    bad = np.flatnonzero(mask)
    if not lenient or not len(bad) or isinstance(x, Windows):
        return x, Unusable(np.zeros(len(x), bool))
    reasons = tuple(f"{name}: {out_of_range_text(x, sample, limit)}" for sample in bad[:MOST_NAMED])
    known = np.where(mask.reshape(-1, *[1] * (x.ndim - 1)), 0, x)
    whole = known if x.dtype.kind in "iu" or (known != np.floor(known)).any() else known.astype(np.int64)
    return whole, Unusable(mask, reasons, len(bad))


def as_in_training(trained: Trained, source: Csv) -> Csv:
    """The source with the training source's options for the file's format, unless it sets its own."""
    used = trained.config.data.source
    if not isinstance(used, Csv):
        return source
    if isinstance(used, Sequences):
        return used.model_copy(update={name: getattr(source, name) for name in source.model_fields_set})
    written = {name: getattr(used, name) for name in FORMAT if name not in source.model_fields_set}
    found = source.model_copy(update=written)
    found._dates = {
        called: kind
        for name, kind in used.columns.items()
        if isinstance(kind, Date)
        for called in (str(name), f"column {name}")
    }
    return found
