"""A CSV file for a trained network: columns found by the names, categories and classes by the texts that it was trained on."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from nntrain.data.dataset import Dataset
from nntrain.data.sources.csv import Csv
from nntrain.data.tables.cells import BadCells, number
from nntrain.data.tables.columns import MISSING, TEXT, Column
from nntrain.data.tables.features import columns, listed
from nntrain.data.tables.table import Table
from nntrain.errors import UserError
from nntrain.options import did_you_mean

NUMBERED = re.compile(r"column ([1-9][0-9]{0,8})")  # what a column without a name is called
GAP, UNKNOWN = -1, -2  # labels of cells that have none


class TableEncoder:
    """A file whose columns are to be those of `train`. What `csv` says of features, text and gaps does not matter.

    `rows` are (line number, cells), as from `csv.rows`. Everything raises UserError.
    """

    def __init__(self, train: Dataset, csv: Csv, rows: Iterator[tuple[int, list[str]]]):
        self.train = train
        self.columns = columns(train.feature_names, train.one_hot)
        self.numbered = all(NUMBERED.fullmatch(name) for name, _, _ in self.columns)
        if csv.header == "auto" and not self.numbered:
            csv = csv.model_copy(
                update={"header": True}
            )  # the first line must name the columns, whatever it looks like
        self.csv, self.head = csv, csv.head(rows)

    def inputs(self) -> np.ndarray:
        """(rows, features); where the training's columns have no names, every column in its order."""
        if not self.columns:
            x, _, _ = self.csv.filled(self.head, range(self.head.width), (), as_text=()).x(
                one_hot=False, gaps=False
            )
            return x.astype(np.int64) if (x == np.floor(x)).all() else x  # bytes and tokens are whole
        alone = self.numbered and self.head.width == len(
            self.columns
        )  # features go by their numbers, but for lack of targets
        places = list(range(self.head.width)) if alone else self._features()
        return self._x(self.csv.filled(self.head, places, (), self._texts(places)))

    def dataset(self) -> Dataset:
        """Samples with targets, which are those of the training unless `csv.target` says otherwise. The columns have names."""
        places = self._features()
        targets = self._targets()
        if both := [
            name for (name, _, _), place in zip(self.columns, places, strict=True) if place in targets
        ]:
            raise UserError(f"{self.csv.path}: target: {both[0]!r} is a feature of the training.")
        table = self.csv.filled(self.head, places, targets, [*self._texts(places), *targets])
        return replace(
            self.train,
            x=self._x(table),
            target=self._classes(table) if self.train.classes else self._reals(table),
        )

    def _features(self) -> list[int]:
        """Where in the file the training's columns are."""
        places = [self._place(name) for name, _, _ in self.columns]
        if lacking := [
            name for (name, _, _), place in zip(self.columns, places, strict=True) if place is None
        ]:
            raise UserError(
                f"{self.csv.path}: the columns do not fit those of the training: it lacks {listed(lacking)}."
                f"{self._hint(lacking[0])}"
            )
        return places

    def _targets(self) -> list[int]:
        names, count = self.train.target_names, len(self.train.target_names)
        if self.csv.target is None:
            places = [self._place(name) for name in names]
            if None in places:
                lacking = names[places.index(None)]
                raise UserError(f"{self.csv.path}: it lacks the target {lacking!r}.{self._hint(lacking)}")
            return places
        places = self.csv.targets(self.head)
        if len(places) != count:
            raise UserError(
                f"{self.csv.path}: target: expected as many columns as in the training, {count}. "
                f"Received: {len(places)}."
            )
        return places

    def _place(self, name: str) -> int | None:
        """Counted from 0; None where there is no such column."""
        if self.head.names and name in self.head.names:
            return self.head.names.index(name)
        found = NUMBERED.fullmatch(name)
        if not found or int(found[1]) > self.head.width:
            return None
        place = int(found[1]) - 1
        return place if self.numbered or not (self.head.names and self.head.names[place]) else None

    def _hint(self, name: str) -> str:
        return (
            did_you_mean(name, self.head.names) if self.head.names else f" It has {self.head.width} columns."
        )

    def _texts(self, places: Sequence[int]) -> list[int]:
        return [place for place, (_, _, text) in zip(places, self.columns, strict=True) if text]

    def _x(self, table: Table) -> np.ndarray:
        x = np.zeros((len(table.lines), len(self.train.feature_names)))
        bad = BadCells(table.path, table.lines)
        way_out = "Mend the file: the network takes only what it was trained on."
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
                    np.flatnonzero(np.isinf(values)),
                    column.label,
                    "a finite number",
                    lambda row, of=values: str(of[row]),
                )
            if self.train.fill is None and gaps.any():
                way_out += (
                    "" if "impute" in way_out else " Gaps are filled where the training did so, by `impute`."
                )
                bad.add(np.flatnonzero(gaps), column.label, expected, lambda row: "a missing value")
        bad.tell(way_out)
        return x

    def _classes(self, table: Table) -> np.ndarray:
        (column,) = table.targets
        labels = labels_of(column, self.train.classes)
        bad = BadCells(table.path, table.lines)
        expected = f"one of the training's classes {listed(self.train.classes)}"
        bad.add(np.flatnonzero(labels < 0), column.label, expected, column.cell)
        bad.tell("Mend the file, or leave such lines out.")
        return labels

    def _reals(self, table: Table) -> np.ndarray:
        bad = BadCells(table.path, table.lines)
        for column in table.targets:
            bad.add(
                np.flatnonzero(~np.isfinite(column.numbers)), column.label, "a finite number", column.cell
            )
        bad.tell("Mend the file, or leave such lines out.")
        return np.stack([column.numbers for column in table.targets], axis=1)


def labels_of(column: Column, known: Sequence[str]) -> np.ndarray:
    """(rows,) int32: the place of each row's text among `known`, or GAP, or UNKNOWN. Where all are numbers, 9 and 9.0 are one."""
    values = [number(name) for name in known]
    key = (lambda cell: cell) if None in values else number
    places = {key(name): place for place, name in enumerate(known)}
    labels = [
        GAP if kind == MISSING else places.get(key(cell), UNKNOWN)
        for cell, kind in zip(column.cells, column.kinds_of, strict=False)
    ]
    return np.array([*labels, GAP], np.int32)[column.places]
