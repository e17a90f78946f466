"""Output: predictions as CSV text, as an .npz file, or as text."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nntrain.errors import UserError
from nntrain.files import write_atomic
from nntrain.inference.predict import Predictions

ROWS_AT_ONCE = 4096  # as text a number takes 128 bytes


class OutputExists(UserError):
    """The output file exists, and overwriting it was not asked for."""


def check_output(file: Path, overwrite: bool, suffixes: Sequence[str] = (".csv", ".npz")) -> None:
    """Raises UserError unless the file can be written."""
    if file.suffix not in suffixes:
        raise UserError(f"expected a name that ends in {' or '.join(suffixes)}", place=str(file))
    if not file.parent.is_dir():
        raise UserError(f"there is no folder {file.parent}", place=str(file))
    if file.is_dir():
        raise UserError("this is a folder", place=str(file))
    if file.exists() and not overwrite:
        raise OutputExists("this file exists", "Choose another name, or overwrite it.", str(file))


def write(file: Path, predictions: Predictions) -> None:
    """As CSV or npz, by the file's name; whole or not at all. Raises UserError."""
    if file.suffix == ".npz":
        data = io.BytesIO()
        np.savez(data, **predictions.arrays())  # type: ignore[arg-type]  # names come from a dict
        write_bytes(file, data.getvalue())
    else:
        write_bytes(file, csv_text(predictions.columns()).encode(errors="backslashreplace"))


def write_bytes(file: Path, data: bytes) -> None:
    """Whole or not at all. Raises UserError."""
    try:
        write_atomic(file, data)
    except OSError as error:
        raise UserError(f"cannot write the file: {error.strerror}", place=str(file)) from None


def csv_text(table: list[tuple[str, np.ndarray]]) -> str:
    """Numbers have as many digits as tell them apart from all others of their type; NaN is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([name for name, _ in table])
    rows = len(table[0][1])
    for start in range(0, rows, ROWS_AT_ONCE):
        parts = (_cells(column[start : start + ROWS_AT_ONCE]) for _, column in table)
        writer.writerows(zip(*parts, strict=True))
    return text.getvalue()


def _cells(values: np.ndarray) -> np.ndarray:
    texts = values.astype(str)
    return np.where(np.isnan(values), "", texts) if values.dtype.kind == "f" else texts
