"""Rows: the samples of a JSON body, as nested lists, as objects with the names of columns, or as images in base64."""

import base64
import binascii
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np

from nntrain.data.conform.align import pad_steps
from nntrain.data.conform.arrays import unlabeled
from nntrain.data.conform.tables import TableEncoder
from nntrain.data.dataset import Dataset
from nntrain.data.sources.csv import Csv
from nntrain.data.tables.formats.typed import cell_text
from nntrain.errors import DataError
from nntrain.inference.inputs import Samples, as_in_training, usable_array
from nntrain.inference.texts import text_samples
from nntrain.options import shown
from nntrain.report.formats import counted
from nntrain.serve.images import ImageReader
from nntrain.serve.problem import Problem
from nntrain.serve.served import Served

NUMBERS = {int, float, bool}  # types of JSON that become numbers
NAMES_SHOWN = 8
ROWS = "rows"  # what errors call them
DATA_URL = re.compile(r"data:image/[\w.+-]+;base64,")
Found = np.ndarray | Samples


class RowReader:
    """Reads rows of one network. Raises Problem and DataError for what it cannot take."""

    def __init__(self, served: Served, images: ImageReader):
        self.served, self.images = served, images
        self.names = [column.name for column in served.columns]

    def read(self, rows: list[Any], lenient: bool) -> Found:
        first = rows[0]
        if isinstance(first, dict):
            return self._objects(rows, lenient)
        if self.served.data.holds_texts and isinstance(first, str):
            return self._texts(rows)
        if isinstance(first, str) and not self.served.columns:
            return self._images(rows)
        return self._lists(rows, lenient)

    def _texts(self, rows: list[Any]) -> Found:
        for place, row in enumerate(rows):
            if not isinstance(row, str):
                raise Problem(422, f"rows[{place}]: expected a text, as in rows[0]. Received: {shown(row)}.")
        return text_samples(self.served.trained, rows)

    def _objects(self, rows: list[Any], lenient: bool) -> Found:
        if not self.names:
            message = (
                "rows[0]: expected a list. Received: an object, but the columns of this model have no names."
            )
            raise Problem(422, message)
        if self.served.sequential:
            raise Problem(
                422, "rows: objects are rows of a table. Send sequences as nested lists, or as CSV."
            )
        if self.served.plain and (array := self._quick(rows)) is not None:
            return array
        for place, row in enumerate(rows):
            if not isinstance(row, dict):
                raise Problem(
                    422, f"rows[{place}]: expected an object, as in rows[0]. Received: {shown(row)}."
                )
        present = [name for name in self.names if any(name in row for row in rows)]
        unexpected = [name for name in rows[0] if name not in present]
        header = [*present, *unexpected] if len(present) < len(self.names) else present
        return self._table(header, [[row.get(name) for name in header] for row in rows], lenient)

    def _quick(self, rows: list[dict[str, Any]]) -> np.ndarray | None:
        """(rows, features) for rows that have all columns, each of its type; None for others, which need a closer look."""
        x = np.zeros((len(rows), len(self.served.data.feature_names)))
        try:
            for column in self.served.columns:
                if column.date is not None or column.words is not None:
                    return None
                values = [row[column.name] for row in rows]
                if column.text is None:
                    if not NUMBERS.issuperset(map(type, values)):
                        return None
                    x[:, column.start] = values
                else:
                    index = self._indices[column.name]
                    labels = np.array([index[value] for value in values])
                    x[:, column.text.places] = column.text.encoded(labels)
        except (KeyError, TypeError, ValueError, OverflowError):
            return None
        return x

    @cached_property
    def _indices(self) -> dict[str, dict[str, int]]:
        """The number of each category of each column."""
        found = {}
        for column in self.served.columns:
            if column.text is not None:
                found[column.name] = {name: place for place, name in enumerate(column.text.categories)}
        return found

    def _table(self, header: list[str], rows: list[list[Any]], lenient: bool) -> Samples:
        """As the file would be read that has these cells; row 1 is the first one in errors."""
        trained, train = self.served.trained, self.served.data
        table = as_in_training(trained, Csv(path=ROWS)).model_copy(update={"path": ROWS, "header": True})
        cells = [[self._cell(value, place, table.decimal) for value in row] for place, row in enumerate(rows)]
        encoder = TableEncoder(train, table, enumerate([header, *cells]), lenient)
        try:
            return Samples.of(unlabeled(train, encoder.inputs()), encoder.unusable)
        except DataError as error:
            error.hint = error.hint.replace("Fix the file", "Fix the rows")
            raise

    @staticmethod
    def _cell(value: Any, row: int, decimal: str) -> str:
        if isinstance(value, (list, dict)):
            raise Problem(422, f"rows[{row}]: expected numbers and text. Received: {shown(value)}.")
        return cell_text(value, decimal)

    def _lists(self, rows: list[Any], lenient: bool) -> Found:
        if (array := numbers(rows)) is not None:
            return array if self._is_as_stored(array) else self._array(array, lenient)
        if self.served.kind == "table" and all(
            isinstance(row, list) and len(row) == len(self.names) for row in rows
        ):
            return self._table(self.names, rows, lenient)
        if self.served.data.lengths is not None:
            return self._padded(rows, lenient)
        raise Problem(422, self._misfit(rows))

    def _is_as_stored(self, array: np.ndarray) -> bool:
        """Whether the array has the form of the training data, so that it needs nothing but scaling."""
        train = self.served.data
        return (
            self.served.plain
            and not train.is_bytes
            and not train.embedded
            and array.shape[1:] == train.input_shape
        )

    def _array(self, array: np.ndarray, lenient: bool) -> Found:
        train, lengths = self.served.data, None
        if self.served.kind == "table" and array.shape[1:] not in ((len(self.names),), train.input_shape):
            raise Problem(422, self._misfit(array.tolist()))
        if train.is_bytes and (pixels := as_bytes(array, train.input_shape)) is not None:
            return pixels
        if self.served.kind == "table" and train.one_hot and array.shape[1:] == (len(self.names),):
            return self._table(self.names, array.tolist(), lenient)
        if train.lengths is not None:
            lengths = np.full(len(array), array.shape[1] if array.ndim > 1 else 1, np.int32)
            array = np.asarray(
                pad_steps(ROWS, train, Dataset(array, np.zeros((len(array), 1)), lengths=lengths)).x
            )
        elif array.ndim == 1:
            raise Problem(422, self._misfit(array.tolist()))
        return usable_array(train, ROWS, array, lenient, lengths)

    def _padded(self, rows: list[Any], lenient: bool) -> Samples:
        """Sequences of different lengths."""
        train = self.served.data
        steps, parts = train.input_shape[0], []
        for place, row in enumerate(rows):
            part = numbers(row) if isinstance(row, list) and row else None
            if part is None or part.shape[1:] != train.input_shape[1:]:
                raise Problem(422, self._misfit([row], place))
            parts.append(part)
            if len(part) > steps:
                message = f"rows[{place}]: expected at most {steps:,} steps. Received: {len(part):,}."
                raise Problem(422, message)
        x = np.zeros((len(parts), *train.input_shape), np.result_type(*parts))
        for row, part in zip(x, parts, strict=True):
            row[: len(part)] = part
        lengths = np.array([len(part) for part in parts], np.int32)
        return usable_array(train, ROWS, x, lenient, lengths)

    def _misfit(self, rows: list[Any], first: int = 0) -> str:
        """What is wrong with nested lists that are no samples."""
        if self.served.kind == "table":
            return self._wrong_width(rows)
        shape = list(self.served.data.input_shape)
        expected = f"expected numbers of shape {shape}"
        for place, row in enumerate(rows, first):
            if not isinstance(row, list):
                return f"rows[{place}]: {expected}. Received: {shown(row)}."
            if (odd := next(not_numbers(row), None)) is not None:
                return f"rows[{place}]: {expected}. Received: {odd[0]} among them."
        return f"rows: {expected}. Received: lists of different lengths, or in more levels."

    def _wrong_width(self, rows: list[Any]) -> str:
        expected = f"expected {counted(len(self.names), 'value')}: {', '.join(self.names[:NAMES_SHOWN])}"
        more = f" and {len(self.names) - NAMES_SHOWN:,} more" if len(self.names) > NAMES_SHOWN else ""
        for place, row in enumerate(rows):
            if not isinstance(row, list) or len(row) != len(self.names):
                received = f"{len(row):,}" if isinstance(row, list) else shown(row)
                return f"rows[{place}]: {expected}{more}. Received: {received}."
        return f"rows: {expected}{more}. Received: lists in more levels."

    def _images(self, rows: list[Any]) -> np.ndarray:
        return self.images.read([(f"rows[{place}]", decoded(row, place)) for place, row in enumerate(rows)])


def decoded(value: Any, place: int) -> bytes:
    """The bytes of an image in base64, with or without `data:image/png;base64,` before it. Raises Problem."""
    if not isinstance(value, str):
        raise Problem(422, f"rows[{place}]: expected base64, as in rows[0]. Received: {shown(value)}.")
    start = DATA_URL.match(value)
    try:
        return base64.b64decode(value[start.end() :] if start else value, validate=True)
    except (binascii.Error, ValueError):
        raise Problem(422, f"rows[{place}]: not base64", "Encode the bytes of the image file.") from None


def numbers(rows: list[Any]) -> np.ndarray | None:
    """Nested lists of numbers as an array of int64 or float64; None where they hold anything else, or are ragged.

    Not by `np.array(rows)`: it gives each cell the width of the longest text among them.
    """
    cells = np.array(rows, dtype=object)
    types = set(map(type, cells.ravel().tolist()))
    if not types or not NUMBERS.issuperset(types):
        return None
    try:
        return cells.astype(np.float64 if float in types else np.int64)
    except OverflowError:
        pass
    try:
        return cells.astype(np.float64)
    except OverflowError:
        raise Problem(422, "rows: a number is too large") from None


def as_bytes(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
    """Whole numbers from 0 to 255 as images (count, *shape), which may have no axis for a single channel; None for others."""
    if array.shape[1:] != shape and (*array.shape[1:], 1) != shape:
        return None
    if array.dtype.kind == "f" or array.min() < 0 or array.max() > 255:
        return None
    return array.astype(np.uint8).reshape(len(array), *shape)


def not_numbers(value: list[Any]) -> Iterator[tuple[str]]:
    """Each value in nested lists that is not a number, as errors show it."""
    open_lists = [iter(value)]
    while open_lists:
        for entry in open_lists[-1]:
            if isinstance(entry, list):
                open_lists.append(iter(entry))
                break
            if type(entry) not in NUMBERS:
                yield ("null" if entry is None else shown(entry),)
        else:
            open_lists.pop()
