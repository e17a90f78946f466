"""Predicting: what a trained network says of new samples, as a table or as arrays."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nntrain.data.dataset import Dataset
from nntrain.errors import UserError
from nntrain.inference.evaluate import ROWS, predictions
from nntrain.inference.inputs import Samples
from nntrain.losses import Loss
from nntrain.metrics.metric import predicted_classes
from nntrain.run.checkpoint import write_atomic
from nntrain.run.stored import Stored

LINES_AT_ONCE = 4096  # as text a number takes 128 bytes


@dataclass(frozen=True)
class Answers:
    """What a network says, a row a sample: of classes their names, and how likely each is where that was asked for."""

    names: tuple[str, ...]  # of all classes, or of the targets
    said: np.ndarray | None = None  # (rows,) class numbers
    values: np.ndarray | None = None  # (rows, names): probabilities, or what is predicted of each target
    ids: tuple[str, tuple[str, ...]] | None = (
        None  # the name of the column that tells sequences apart, and its cell for each row
    )

    def columns(self) -> dict[str, np.ndarray]:
        """A table: what tells sequences apart, then `class` and `p(NAME)`, or the targets by their names."""
        table = {} if self.ids is None else {self.ids[0]: np.array(self.ids[1])}
        if self.said is None:
            return table | dict(zip(self.names, self.values.T, strict=True))
        table |= {"class": np.array(self.names)[self.said]}
        if self.values is not None:
            table |= {f"p({name})": column for name, column in zip(self.names, self.values.T, strict=True)}
        return table

    def arrays(self) -> dict[str, np.ndarray]:
        """`class` (rows,), `classes` (classes,), `probabilities` (rows, classes); or `values` (rows, targets), `targets`.

        With `ids` (rows,) where a column tells sequences apart.
        """
        arrays = {} if self.ids is None else {"ids": np.array(self.ids[1])}
        if self.said is None:
            return arrays | {"values": self.values, "targets": np.array(self.names)}
        arrays |= {"class": np.array(self.names)[self.said], "classes": np.array(self.names)}
        return arrays if self.values is None else arrays | {"probabilities": self.values}


def check_probabilities(stored: Stored) -> None:
    """Raises UserError where the network was not trained to give any."""
    loss = stored.config.loss
    if not stored.trained_on.classes:
        raise UserError("--probabilities: the network predicts numbers, not classes. Leave it out.")
    if not loss.probabilistic:
        raise UserError(
            f"--probabilities: {loss.yaml_name} trains distances from a border, not probabilities. Leave it out, or "
            "train with binary_cross_entropy."
        )


def predict(stored: Stored, samples: Samples, probabilities: bool = False) -> Answers:
    """What the network says of each sample, or of each of its steps, in their order.

    Raises UserError where it says nothing finite.
    """
    loss, data = stored.config.loss, samples.data
    outputs = predictions(stored.network(ROWS), data)  # (rows, outputs), or (rows, steps, outputs)
    if data.per_step:
        real = slice(None) if data.lengths is None else np.arange(outputs.shape[1]) < data.lengths[:, None]
        outputs = outputs[real].reshape(-1, outputs.shape[-1])
        if samples.order is not None:
            outputs = outputs[np.argsort(samples.order, kind="stable")]
    require_finite(outputs)
    return replace(_answers(loss, data, outputs, probabilities), ids=samples.ids)


def _answers(loss: Loss, data: Dataset, outputs: np.ndarray, probabilities: bool) -> Answers:
    if data.classes:
        said = predicted_classes(outputs)
        values = loss.probabilities(outputs).astype(outputs.dtype) if probabilities else None
        return Answers(data.classes, said.astype(np.int64), values)
    with np.errstate(over="ignore"):
        values = loss.values(outputs).astype(outputs.dtype)
    require_finite(values)
    return Answers(target_names(data), values=values)


def require_finite(values: np.ndarray) -> None:
    """Raises UserError with the first row of (rows, outputs) that has NaN or infinity."""
    finite = np.isfinite(values).all(axis=1)
    if not finite.all():
        raise UserError(
            f"INPUT: sample {finite.argmin() + 1}: what the network makes of it is not a finite number. "
            "Are its values much larger than those of the training?"
        )


def target_names(data: Dataset) -> tuple[str, ...]:
    """As the data name them; else `target`, or `target_1`, `target_2` ..."""
    count = data.target_shape[-1]
    return data.target_names or (
        ("target",) if count == 1 else tuple(f"target_{number}" for number in range(1, count + 1))
    )


def check_output(file: Path, overwrite: bool, suffixes: Sequence[str] = (".csv", ".npz")) -> None:
    """Raises UserError unless the file can be written."""
    if file.suffix not in suffixes:
        raise UserError(f"--output {file}: expected a name that ends in {' or '.join(suffixes)}.")
    if not file.parent.is_dir():
        raise UserError(f"--output {file}: there is no folder {file.parent}.")
    if file.is_dir():
        raise UserError(f"--output {file}: this is a folder.")
    if file.exists() and not overwrite:
        raise UserError(
            f"--output {file}: this file exists. Give another name, or replace it by --overwrite."
        )


def write(file: Path, answers: Answers) -> None:
    """As CSV or npz, by the file's name, and whole or not at all. Raises UserError."""
    write_bytes(
        file, npz_bytes(answers.arrays()) if file.suffix == ".npz" else csv_text(answers.columns()).encode()
    )


def write_bytes(file: Path, data: bytes) -> None:
    """Whole or not at all. Raises UserError."""
    try:
        write_atomic(file, data)
    except OSError as error:
        raise UserError(f"--output {file}: cannot write the file: {error.strerror}.") from None


def csv_text(table: dict[str, np.ndarray]) -> str:
    """Numbers have as many digits as tell them apart from all others of their type."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table)
    rows = len(next(iter(table.values())))
    for start in range(0, rows, LINES_AT_ONCE):
        writer.writerows(
            zip(
                *(column[start : start + LINES_AT_ONCE].astype(str) for column in table.values()), strict=True
            )
        )
    return text.getvalue()


def npz_bytes(arrays: dict[str, np.ndarray]) -> bytes:
    data = io.BytesIO()
    np.savez(data, **arrays)
    return data.getvalue()
