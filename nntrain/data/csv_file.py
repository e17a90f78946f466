"""CSV files: tables of numbers with one column to predict."""

import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import chain, islice
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, ValidationError, WrapValidator

from nntrain.data.csv_rows import BadCells, came, number, read_rows
from nntrain.data.dataset import Dataset, Reader, Splits
from nntrain.data.files import opened
from nntrain.errors import UserError
from nntrain.options import Several, did_you_mean, mistake, shown

MOST_CLASSES = 20  # whole numbers with more different values than this are taken as quantities


def _expecting(expected: str) -> WrapValidator:
    """Pydantic names each branch of a union in its errors; the user wants one line."""
    def check(value: Any, handler: Any) -> Any:
        try:
            return handler(value)
        except ValidationError:
            raise mistake(f"expected {expected}. Received: {shown(value)}.") from None
    return WrapValidator(check)


Column = str | int


class Csv(Reader, name="csv"):
    """A table in a text file, plain or gzip-compressed: a sample a line, numbers as features, and one column to predict.

    Columns go by their name in the header or by number, from 1, or back from -1. `task: auto` makes classes of text and of
    whole numbers with at most 20 different values, and takes other numbers as they are. Classes are in order of text, or of
    number. Text is UTF-8; cells may be quoted with "; lines without anything are skipped.
    """

    path: str = Field(min_length=1, description="the file")
    target: Annotated[Column | None, _expecting("the name or the number of a column")] = Field(
        None, description="the column to predict; default: the last")
    header: Annotated[Literal["auto"] | bool, _expecting("`auto`, true or false")] = Field(
        "auto", description="whether the first line names the columns; auto: where one of its cells is not a number but the "
        "cell below is, or none is")
    delimiter: Literal["auto", ",", ";", "tab"] = Field("auto", description="what separates cells; auto: what the first line has "
                                                        "most of")
    task: Literal["auto", "classification", "regression"] = Field("auto", description="whether the target is a class or a number")
    features: Annotated[Literal["all"] | Several[Column], _expecting("`all` or a list of names or numbers of columns")] = Field(
        "all", description="the columns to predict from; all: every column but the target")

    def load(self, folder: Path) -> Splits:
        with opened(folder, self.path) as file, TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
            table = self._read(read_rows(self.path, text, self.delimiter))
        target, classes = self._target(table)
        return Splits(train=Dataset(table.x, target, classes))

    def _read(self, rows: Iterator[tuple[int, list[str]]]) -> "_Table":
        start = list(islice(rows, 2))
        if not start:
            raise UserError(f"{self.path}: the file is empty.")
        first_line, first = start[0]
        names = None
        if _is_header([row for _, row in start]) if self.header == "auto" else self.header:
            names = [cell.strip() for cell in first]
            del start[0]
            if not start:
                raise UserError(f"{self.path}: the file has a header and no lines after it.")
            self._no_name_twice(names, first_line)
        if len(first) < 2:
            raise UserError(f"{self.path}: expected at least two columns, a feature and the target. Received: one. "
                            "If cells are separated by something else, say so with `delimiter`.")
        target = -1 if self.target is None else self.target
        target = self._position("target", target, names, len(first))
        features = self._features(names, len(first), target)
        return self._body(chain(start, rows), len(first), first_line, features, target, names)

    def _body(self, rows, width: int, first_line: int, features: list[int], target: int, names: list[str] | None) -> "_Table":
        labels = [_label(names, column) for column in features]
        pick = itemgetter(*features) if len(features) > 1 else lambda row: (row[features[0]],)
        values, cells, lines = array("d"), [], array("q")
        bad = BadCells(self.path)
        for line, row in rows:
            if len(row) != width:
                raise UserError(f"{self.path}:{line}: expected {width} columns as in line {first_line}. Received: {len(row)}.")
            picked = pick(row)
            try:
                if "_" in "".join(picked):  # float() takes 1_000
                    raise ValueError
                values.extend(map(float, picked))
            except ValueError:
                del values[len(lines) * len(features):]
                values.extend(bad.sift(line, picked, labels))
            cells.append(row[target])
            lines.append(line)
        bad.tell("Features must be numbers: mend the file, or choose other columns with `features`.")
        x = np.frombuffer(values).reshape(len(lines), len(features))
        for sample, column in np.argwhere(~np.isfinite(x)):
            bad.add(lines[sample], labels[column], "a finite number", str(x[sample, column]))
        bad.tell("Features must be finite: mend the file, or choose other columns with `features`.")
        return _Table(x, cells, lines, _label(names, target))

    def _no_name_twice(self, names: list[str], line: int) -> None:
        for column, name in enumerate(names):
            if name and names.index(name) != column:
                raise UserError(f"{self.path}:{line}: columns {names.index(name) + 1} and {column + 1} are both named {name!r}.")

    def _features(self, names: list[str] | None, width: int, target: int) -> list[int]:
        if self.features == "all":
            features = [column for column in range(width) if column != target]
            if names and (nameless := [column for column in features if not names[column]]):
                # What a table program writes there is mostly the line's number, which can give the target away.
                raise UserError(f"{self.path}: column {nameless[0] + 1} has no name. Name it, or choose columns with `features`.")
            return features
        features = [self._position("features", column, names, width) for column in self.features]
        if not features:
            raise UserError(f"{self.path}: features: expected at least one column. Received: an empty list.")
        for column in features:
            if column == target:
                raise UserError(f"{self.path}: features: {_label(names, column)} is the target.")
            if features.count(column) > 1:
                raise UserError(f"{self.path}: features: {_label(names, column)} is there twice.")
        return features

    def _position(self, option: str, column: Column, names: list[str] | None, width: int) -> int:
        """Counted from 0."""
        if isinstance(column, int):
            if column == 0 or abs(column) > width:
                raise UserError(f"{self.path}: {option}: expected a column from 1 to {width}, or from -1 back to -{width}. "
                                f"Received: {column}.")
            return column - 1 if column > 0 else width + column
        if names is None:
            raise UserError(f"{self.path}: {option}: the file has no header that could name {column!r}. "
                            "Give the column's number.")
        if column not in names:
            raise UserError(f"{self.path}: {option}: no column is named {column!r}.{did_you_mean(column, names)}")
        return names.index(column)

    def _target(self, table: "_Table") -> tuple[np.ndarray, tuple[str, ...]]:
        """The target and the names of its classes, none for regression."""
        cells = [cell.strip() for cell in table.cells]
        numbers = {cell: number(cell) for cell in set(cells)}
        known = {value for value in numbers.values() if value is not None and math.isfinite(value)}
        few = len(known) <= MOST_CLASSES and all(value.is_integer() for value in known)
        classes = few if self.task == "auto" else self.task == "classification"
        unusable = {cell for cell, value in numbers.items()
                    if cell == "" or (not classes if value is None else not math.isfinite(value))}
        if unusable:
            bad = BadCells(self.path)
            for line, cell in zip(table.lines, cells, strict=True):
                if cell in unusable:
                    bad.add(line, table.target, "a class" if classes else "a finite number", came(cell))
            bad.tell("Mend the file" + ("." if classes else ", or say `task: classification` if these are names of classes."))
        if not classes:
            return np.array([numbers[cell] for cell in cells])[:, None], ()
        if None in numbers.values():  # text
            order = sorted(numbers)
            of = {cell: label for label, cell in enumerate(order)}
            names = tuple(order)
        else:
            values = sorted(known)
            place = {value: label for label, value in enumerate(values)}
            of = {cell: place[value] for cell, value in numbers.items()}
            names = tuple(str(int(value)) if value.is_integer() else repr(value) for value in values)
        if len(names) == 1:
            raise UserError(f"{self.path}: {table.target}: expected at least two classes. Received: {names[0]!r} in every line.")
        return np.array([of[cell] for cell in cells], np.int32), names


@dataclass(frozen=True)
class _Table:
    """What was read."""

    x: np.ndarray  # (samples, features)
    cells: list[str]  # the target's, as they stand
    lines: array  # where each sample stands in the file
    target: str  # how errors call the target's column


def _label(names: list[str] | None, column: int) -> str:
    """How errors call a column."""
    return f"column {names[column]!r}" if names else f"column {column + 1}"


def _is_header(rows: list[list[str]]) -> bool:
    """Whether the first of one or two rows names the columns."""
    numbers = [[number(cell) is not None for cell in row] for row in rows]
    if not any(numbers[0]):
        return True
    return any(below and not above for above, below in zip(numbers[0], numbers[-1], strict=False))
