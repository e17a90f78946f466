"""Inputs: new data for a trained network, brought into the form of those that it was trained on."""

from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import BinaryIO

import numpy as np

from nntrain.config.given import is_source, read_source
from nntrain.data.csv_file import Csv
from nntrain.data.csv_like import TableLike
from nntrain.data.csv_rows import read_rows
from nntrain.data.dataset import Dataset
from nntrain.data.finite import require_finite
from nntrain.data.like import inputs_like, like, samples_like, without_targets
from nntrain.data.npy import read_npy, read_npz
from nntrain.data.npz import Npz
from nntrain.errors import UserError
from nntrain.training.stored import Stored

HERE = Path()


def new_data(stored: Stored, text: str, split: str | None) -> tuple[str, Dataset]:
    """Samples with targets for `eval --data`, and which part of the source they are. Raises UserError."""
    option = "--data"
    source, folder = read_source(text, option)
    if isinstance(source, Csv) and stored.trained_on.feature_names:
        table = as_in_training(stored, source)
        with table.rows(folder) as rows:
            parts = {"train": TableLike(stored.trained_on, table, rows).data()}
    else:
        parts = source.load(folder).parts()
    chosen = split or ("test" if "test" in parts else "train")
    if chosen not in parts:
        raise UserError(f"{option}: {source.yaml_name} brings no {chosen} part. There are: {', '.join(parts)}.")
    return chosen, like(option, stored.trained_on, parts[chosen])


def new_samples(stored: Stored, text: str, stdin: BinaryIO) -> Dataset:
    """Samples for `predict`: of a CSV file, or of stdin for `-`, of an .npz or .npy file, or of a source. Raises UserError."""
    train = stored.trained_on
    if is_source(text):
        source, folder = read_source(text, "INPUT")
        if isinstance(source, Csv) and train.feature_names:
            return _table(stored, source, folder)
        parts = source.load(folder).parts()
        return inputs_like("INPUT", train, parts.get("test", parts["train"]))
    if text == "-":
        table = as_in_training(stored, Csv(path="standard input"))
        with TextIOWrapper(BytesIO(stdin.read()), encoding="utf-8-sig", newline="") as lines:
            rows = read_rows(table.path, lines, table.delimiter)
            return without_targets(train, samples_like(table.path, train, TableLike(train, table, rows).samples()))
    suffix = Path(text).suffix
    if suffix == ".npy":
        return _array(train, text, read_npy(HERE, text))
    if suffix == ".npz":
        source = stored.config.data.source
        name = source.x if isinstance(source, Npz) else "x"
        return _array(train, f"{text}: {name}", *read_npz(HERE, text, (name,)))
    return _table(stored, Csv(path=text), HERE)


def _table(stored: Stored, source: Csv, folder: Path) -> Dataset:
    train, table = stored.trained_on, as_in_training(stored, source)
    with table.rows(folder) as rows:
        return without_targets(train, samples_like(table.path, train, TableLike(train, table, rows).samples()))


def _array(train: Dataset, name: str, x: np.ndarray) -> Dataset:
    x = samples_like(name, train, x)
    require_finite(name, x)
    return without_targets(train, x)


def as_in_training(stored: Stored, source: Csv) -> Csv:
    """The source with the options that say how a file is written, where it does not say so, as those of the training."""
    trained = stored.config.data.source
    if not isinstance(trained, Csv):
        return source
    written = {name: getattr(trained, name) for name in ("header", "delimiter", "missing") if name not in source.model_fields_set}
    return source.model_copy(update=written)
