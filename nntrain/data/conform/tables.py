"""Table encoder: a CSV file in the form of the training data, with its columns, categories and classes matched by name."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nntrain.data.dataset import Dataset
from nntrain.data.sources.csv import Csv
from nntrain.data.tables.cells import BadCells, number, shown_value
from nntrain.data.tables.columns import MISSING, TEXT, Column
from nntrain.data.tables.csv_file import Rows
from nntrain.data.tables.features import columns, listed
from nntrain.data.tables.table import Table
from nntrain.errors import DataError
from nntrain.options import did_you_mean

NUMBERED = re.compile(r"column ([1-9][0-9]{0,8})")  # the name of a column without a name
GAP, UNKNOWN = -1, -2  # labels of cells without a category


class TableEncoder:
    """Encodes a file with the columns of `train`. The options `features`, `text` and `impute` of `csv` are ignored.

    `rows` come from `csv.rows`. The methods raise DataError.
    """

    def __init__(self, train: Dataset, csv: Csv, rows: Rows):
        self.train = train
        self.columns = columns(train.feature_names, train.one_hot)
        self.numbered = all(NUMBERED.fullmatch(name) for name, _, _ in self.columns)
        if csv.header == "auto" and not self.numbered:
            csv = csv.model_copy(update={"header": True})  # columns are found by name
        self.csv, self.file = csv, csv.begin(rows)

    def inputs(self) -> np.ndarray:
        """(rows, features); where the training's columns have no names, all columns in their order."""
        everything = range(self.file.width)
        if not self.columns:
            x, _, _ = self.file.read(everything, (), as_text=()).x(one_hot=False, gaps=False)
            return x.astype(np.int64) if (x == np.floor(x)).all() else x  # bytes and tokens are whole numbers
        # A file of numbered columns without targets: its columns are the features, in order.
        without_targets = self.numbered and self.file.width == len(self.columns)
        positions = list(everything) if without_targets else self._features()
        return self._x(self.file.read(positions, (), self._text_columns(positions)))

    def dataset(self) -> Dataset:
        """Inputs and targets; the targets are those of the training unless `csv.target` is set."""
        positions, targets = self._features(), self._targets()
        for (name, _, _), position in zip(self.columns, positions, strict=True):
            if position in targets:
                raise DataError(f"target: {name!r} is a feature of the training data", place=self.csv.path)
        table = self.file.read(positions, targets, [*self._text_columns(positions), *targets])
        target = self._classes(table) if self.train.classes else self._reals(table)
        return replace(self.train, x=self._x(table), target=target)

    def _features(self) -> list[int]:
        """The positions of the training's columns in the file."""
        names = [name for name, _, _ in self.columns]
        positions = [self._position(name) for name in names]
        if missing := [name for name, position in zip(names, positions, strict=True) if position is None]:
            raise DataError(
                f"the columns do not match the training data: missing columns: {listed(missing)}."
                f"{self._similar(missing[0])}",
                place=self.csv.path,
            )
        return [position for position in positions if position is not None]

    def _targets(self) -> list[int]:
        names = self.train.target_names
        if self.csv.target is None:
            positions = []
            for name in names:
                position = self._position(name)
                if position is None:
                    raise DataError(
                        f"missing target column {name!r}.{self._similar(name)}", place=self.csv.path
                    )
                positions.append(position)
            return positions
        positions = self.csv.targets(self.file)
        if len(positions) != len(names):
            raise DataError(
                f"target: expected {len(names)} column{'s' * (len(names) != 1)}, as in training. Received: {len(positions)}.",
                place=self.csv.path,
            )
        return positions

    def _position(self, name: str) -> int | None:
        """The position of a column, counted from 0; None where it is missing."""
        if self.file.names and name in self.file.names:
            return self.file.names.index(name)
        found = NUMBERED.fullmatch(name)
        if not found or int(found[1]) > self.file.width:
            return None
        position = int(found[1]) - 1
        named = self.file.names is not None and bool(self.file.names[position])
        return position if self.numbered or not named else None

    def _similar(self, name: str) -> str:
        if self.file.names:
            return did_you_mean(name, self.file.names)
        return f" The file has {self.file.width} columns."

    def _text_columns(self, positions: Sequence[int]) -> list[int]:
        return [position for position, (_, _, text) in zip(positions, self.columns, strict=True) if text]

    def _x(self, table: Table) -> np.ndarray:
        x = np.zeros((len(table.lines), len(self.train.feature_names)))
        bad = BadCells(table.path, table.lines)
        hint = "Fix the file: the network only accepts what it was trained on."
        for (_, start, text), column in zip(self.columns, table.features, strict=True):
            if text:
                labels = labels_of(column, text.categories)
                known = np.flatnonzero(labels >= 0)
                x[known, start + labels[known]] = 1
                x[labels == GAP, text.places] = np.nan
                gaps, expected = labels == GAP, f"one of the training's {listed(text.categories)}"
                bad.add(np.flatnonzero(labels == UNKNOWN), column.label, expected, column.cell)
            else:
                values = x[:, start] = column.numbers
                texts = column.rows(TEXT)
                gaps, expected = np.isnan(values), "a number"
                gaps[texts] = False
                bad.add(texts, column.label, expected, column.cell)
                bad.add(
                    np.flatnonzero(np.isinf(values)), column.label, "a finite number", shown_value(values)
                )
            if self.train.fill is None and gaps.any():
                hint = (
                    "Fix the file: missing values are only filled if the network was trained with `impute`."
                )
                bad.add(np.flatnonzero(gaps), column.label, expected, lambda row: "a missing value")
        bad.raise_if_any(hint)
        return x

    def _classes(self, table: Table) -> np.ndarray:
        (column,) = table.targets
        labels = labels_of(column, self.train.classes)
        bad = BadCells(table.path, table.lines)
        expected = f"one of the training's classes {listed(self.train.classes)}"
        bad.add(np.flatnonzero(labels < 0), column.label, expected, column.cell)
        bad.raise_if_any("Fix the file, or remove such lines.")
        return labels

    def _reals(self, table: Table) -> np.ndarray:
        bad = BadCells(table.path, table.lines)
        for column in table.targets:
            bad.add(
                np.flatnonzero(~np.isfinite(column.numbers)), column.label, "a finite number", column.cell
            )
        bad.raise_if_any("Fix the file, or remove such lines.")
        return np.stack([column.numbers for column in table.targets], axis=1)


def labels_of(column: Column, known: Sequence[str]) -> np.ndarray:
    """(rows,) int32: the index in `known` of each row's text, GAP, or UNKNOWN. If all are numbers, 9 and 9.0 are the same."""
    values = [number(name) for name in known]

    def key(cell: str) -> str | float | None:
        return cell if None in values else number(cell)

    labels = {key(name): label for label, name in enumerate(known)}
    found = [
        GAP if kind == MISSING else labels.get(key(cell), UNKNOWN)
        for cell, kind in zip(column.cells, column.kinds_of, strict=False)
    ]
    return np.array([*found, GAP], np.int32)[column.places]
