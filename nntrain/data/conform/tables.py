"""Table encoder: a CSV file in the form of the training data, with its columns, categories and classes matched by name."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from nntrain.data.conform.names import spelled
from nntrain.data.conform.unusable import Unusable, UnusableInput, UnusableSamples
from nntrain.data.dataset import Dataset
from nntrain.data.sources.csv import Csv
from nntrain.data.tables.cells import BadCells, shown_value
from nntrain.data.tables.columns import MISSING, TEXT, Column
from nntrain.data.tables.csv_file import Cells, Name
from nntrain.data.tables.dates import EXAMPLE, DateParts, dates_among
from nntrain.data.tables.features import OneHot, columns, listed
from nntrain.data.tables.kinds import ColumnKind
from nntrain.data.tables.suspicions import look_at
from nntrain.data.tables.table import Table, values_of
from nntrain.data.tables.weighting import row_weights
from nntrain.data.words import Words, words_among
from nntrain.errors import DataError
from nntrain.heads import Head
from nntrain.options import close_to, there_are

NUMBERED = re.compile(r"column ([1-9][0-9]{0,8})")  # the name of a column without a name
Spot = tuple[
    str, int, OneHot | DateParts | Words | None
]  # a column, its first feature, and what its cells become
GAP, UNKNOWN = -1, -2  # labels of cells without a category


class TableEncoder:
    """Encodes a file with the columns of `train`. The options `features`, `text` and `impute` of `csv` are ignored.

    `rows` come from `csv.rows`. The methods raise DataError; if `lenient`, rows with values that the network does not know
    do not: they are in `unusable`.
    """

    def __init__(self, train: Dataset, csv: Csv, rows: Cells, lenient: bool = False):
        self.train, self.lenient = train, lenient
        self.unusable = Unusable(np.zeros(0, bool))  # of the rows that were read
        self.uneven: dict[int, int] = {}  # rows with another number of cells -> that number
        found = columns(train.feature_names, train.one_hot)
        self.numbered = all(
            NUMBERED.fullmatch(name) for name, _, _ in words_among(dates_among(found, ()), train.words)
        )
        if csv.header == "auto" and not self.numbered:
            csv = csv.model_copy(update={"header": True})  # columns are found by name
        self.csv, file = csv, csv.begin(rows)
        self.columns = words_among(dates_among(found, file.names or ()), train.words)
        self.file = replace(file, rows=self._even(file.rows, file.width))

    def _even(self, rows: Cells, width: int) -> Iterator[tuple[int, list[str]]]:
        """The rows, with empty cells in place of those with another number of cells than the header."""
        for place, (line, cells) in enumerate(rows):
            if len(cells) != width:
                self.uneven[place] = len(cells)
            yield line, cells if len(cells) == width else [""] * width

    def inputs(self) -> np.ndarray:
        """(rows, features); where the training's columns have no names, all columns in their order."""
        everything = range(self.file.width)
        if not self.columns:
            unnamed = [(self.file.name(position), position, None) for position in everything]
            x = self._x(self.file.read(everything, (), as_text=(), typed=False), unnamed)
            return x.astype(np.int64) if (x == np.floor(x)).all() else x  # bytes and tokens are whole numbers
        # A file of numbered columns without targets: its columns are the features, in order.
        without_targets = self.numbered and self.file.width == len(self.columns)
        positions = list(everything) if without_targets else self._features()
        as_text = self._text_columns(positions)
        return self._x(
            self.file.read(positions, (), as_text, typed=False, kinds=self._dates(positions)), self.columns
        )

    def dataset(self, weight: Name | None = None) -> Dataset:
        """Inputs, targets and weights; the targets are those of the training unless `csv.target` is set.

        weight: the training's column of weights, which the file may lack. That of `csv.weight` must be there.
        """
        positions, targets = self._features(), self._targets()
        weights = self._weights(weight, targets)
        for (name, _, _), position in zip(self.columns, positions, strict=True):
            if position in targets:
                raise DataError(f"target: {name!r} is a feature of the training data", place=self.csv.path)
        as_text = [*self._text_columns(positions), *targets, *weights]
        dates = self._dates(positions)
        table = self.file.read(positions, [*targets, *weights], as_text, typed=False, kinds=dates)
        of_rows = row_weights(table, table.targets.pop()) if weights else None
        x = self._x(table, self.columns)
        if self.train.heads:
            target = heads_of(table, self.train.heads)
        else:
            target = self._classes(table) if self.train.classes else self._reals(table)
        lacking = [] if weight is None else [f"no column {weight!r}: all rows have the same weight"]
        notes = tuple(table.notes[-1:] if weights else lacking)
        return replace(self.train, x=x, target=target, weight=of_rows, notes=notes)

    def _features(self) -> list[int]:
        """The positions of the training's columns in the file."""
        names = [name for name, _, _ in self.columns]
        positions = [self._position(name) for name in names]
        if missing := [name for name, position in zip(names, positions, strict=True) if position is None]:
            raise UnusableInput(
                f"the columns do not match the training data: missing columns: {listed(missing)}."
                f"{self._similar(missing[0])}",
                place=self.csv.path,
                count=self._count() if self.lenient else 0,
            )
        return [position for position in positions if position is not None]

    def _count(self) -> int:
        """How many rows an output has that answers all samples."""
        return sum(1 for _ in self.file.rows)

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

    def _weights(self, in_training: Name | None, targets: list[int]) -> list[int]:
        """The position of the column of weights, counted from 0; empty without one."""
        if in_training is None:
            return self.csv.weight_positions(self.file, targets)
        position = self._position(in_training) if isinstance(in_training, str) else None
        return [] if position is None else [position]

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
        """A column that is likely meant by `name`: none that the training has under its own name."""
        if self.file.names:
            known = {*(column for column, _, _ in self.columns), *self.train.target_names}
            others = [other for other in self.file.names if other not in known]
            return close_to(name, others) or there_are(name, self.file.names)
        return f" The file has {self.file.width} columns."

    def _text_columns(self, positions: Sequence[int]) -> list[int]:
        return [position for position, (_, _, text) in zip(positions, self.columns, strict=True) if text]

    def _dates(self, positions: Sequence[int]) -> dict[int, ColumnKind]:
        """How columns of dates are written, as in the training data."""
        found = zip(positions, self.columns, strict=True)
        return {at: self.csv._dates[name] for at, (name, _, _) in found if name in self.csv._dates}

    def _x(self, table: Table, columns: Sequence[Spot]) -> np.ndarray:
        x = np.zeros((len(table.lines), len(self.train.feature_names) or len(columns)))
        bad = BadCells(table.path, table.lines)
        even = np.ones(len(x), bool)
        even[[*self.uneven]] = False
        expected = f"expected {self.file.width} columns, as in line {self.file.line}"
        bad.add_texts(np.flatnonzero(~even), lambda row: f"{expected}. Received: {self.uneven[row]}.")
        hint = "Fix the file."
        for (_, start, text), column in zip(columns, table.features, strict=True):
            if isinstance(text, DateParts):
                values = x[:, text.places] = values_of(column, text)
                gaps, expected = np.isnan(values[:, 0]), f"a date such as {EXAMPLE}"
                labels = labels_of(column, ())
                texts = np.flatnonzero(gaps & (labels != GAP))
                gaps = labels == GAP
                bad.add(texts[even[texts]], column.label, expected, column.cell)
            elif isinstance(text, Words):
                missing = column.kinds_of[:-1] == MISSING
                cells = ["" if gap else cell for cell, gap in zip(column.cells, missing, strict=True)]
                x[:, text.places] = text.weights([*cells, ""])[column.places]
                continue
            elif text:
                labels = labels_of(column, text.known)
                if text.unknown_label is not None:
                    labels[labels == UNKNOWN] = text.unknown_label
                x[:, text.places] = text.encoded(labels)
                gaps, expected = labels == GAP, f"one of the training's {listed(text.categories)}"
                bad.add(np.flatnonzero((labels == UNKNOWN) & even), column.label, expected, column.cell)
                if (labels == UNKNOWN).any():
                    hint = "Fix the file: the network only accepts what it was trained on."
            else:
                values = x[:, start] = column.numbers
                texts = column.rows(TEXT)
                gaps, expected = np.isnan(values), "a number"
                gaps[texts] = False
                bad.add(texts[even[texts]], column.label, expected, column.cell)
                if len(texts) and (look := look_at(column)) and look.options:
                    hint = (
                        f"The column looks like {look.what}: set {' or '.join(look.options)} in the source."
                    )
                bad.add(
                    np.flatnonzero(np.isinf(values)), column.label, "a finite number", shown_value(values)
                )
            if self.train.fill is None and (gaps & even).any():
                hint = (
                    "Fix the file: missing values are only filled if the network was trained with `impute`."
                )
                bad.add(np.flatnonzero(gaps & even), column.label, expected, lambda row: "a missing value")
        if not self.lenient:
            bad.raise_if_any(hint, UnusableSamples)
        reasons = tuple(f"{table.path}:{line}: {text}" for line, text in bad.first())
        self.unusable = Unusable(bad.mask, reasons, bad.count)
        x[bad.mask] = 0
        return x

    def _classes(self, table: Table) -> np.ndarray:
        (column,) = table.targets
        labels = labels_of(column, self.train.classes)
        bad = BadCells(table.path, table.lines)
        expected = among(self.train.classes)
        bad.add(np.flatnonzero(labels < 0), column.label, expected, column.cell)
        bad.raise_if_any("Fix the file, or remove such lines.")
        return labels

    def _reals(self, table: Table) -> np.ndarray:
        bad = BadCells(table.path, table.lines)
        found = []
        for column in table.targets:
            flags = column.flags if len(table.targets) > 1 else None
            found.append(column.numbers if flags is None else flags)
            bad.add(np.flatnonzero(~np.isfinite(found[-1])), column.label, "a finite number", column.cell)
        bad.raise_if_any("Fix the file, or remove such lines.")
        return np.stack(found, axis=1)


def among(classes: Sequence[str]) -> str:
    return f"one of the training's classes {listed(classes)}"


def heads_of(table: Table, heads: Sequence[Head]) -> np.ndarray:
    """(rows, heads) float64: the targets as those of the training, NaN where one is missing and may be. Raises DataError."""
    bad, found = BadCells(table.path, table.lines), []
    for column, head in zip(table.targets, heads, strict=True):
        if head.classes:
            labels = labels_of(column, head.classes)
            values, gaps, wrong = np.where(labels < 0, np.nan, labels), labels == GAP, labels == UNKNOWN
        else:
            values = column.numbers if column.flags is None else column.flags
            gaps = (column.kinds_of == MISSING)[column.places]
            wrong = ~np.isfinite(values) & ~gaps
        refused = wrong if head.optional else wrong | gaps
        expected = among(head.classes) if head.classes else "a finite number"
        bad.add(np.flatnonzero(refused), column.label, expected, column.cell)
        found.append(values)
    bad.raise_if_any("Fix the file, or remove such lines.")
    return np.stack(found, axis=1)


def labels_of(column: Column, known: Sequence[str]) -> np.ndarray:
    """(rows,) int32: the index in `known` of each row's text, GAP, or UNKNOWN."""
    labels = {name: label for label, name in enumerate(known)}
    cells = spelled(known, column.cells)
    found = [
        GAP if kind == MISSING else labels.get(cell, UNKNOWN)
        for cell, kind in zip(cells, column.kinds_of, strict=False)
    ]
    return np.array([*found, GAP], np.int32)[column.places]
