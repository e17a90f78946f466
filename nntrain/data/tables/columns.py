"""The columns of a CSV file, which grow as its rows come in: numbers as such, of texts each one once."""

import math
from collections.abc import Iterable, Iterator, Set

import numpy as np

from nntrain.data.tables.cells import came, number

MISSING, NUMBER, TEXT = 0, 1, 2  # what a cell is


class Column:
    """The cells of one column. With `as_text` numbers are kept as they are written; else a column has to be all numbers."""

    def __init__(self, name: str, label: str, missing: Set[str], as_text: bool = False):
        self.name = name
        self.label = label  # how errors call it
        self.missing = missing  # what stands for a missing value
        self.as_text = as_text
        self.pieces: list[np.ndarray] = []  # float64 numbers, NaN for a gap, or int32 places in `texts`
        self.texts: dict[str, int] = _Numbered()

    def extend(self, cells: tuple[str, ...]) -> None:
        numbers = None if self.as_text else _numbers(cells, self.missing)
        self.pieces.append(
            np.fromiter(map(self.texts.__getitem__, cells), np.int32, len(cells))
            if numbers is None
            else numbers
        )

    def close(self) -> None:
        """After the last row."""
        self.cells = [cell.strip() for cell in self.texts]  # as they come
        values = [math.nan if cell in self.missing else number(cell) for cell in self.cells]
        kinds = [TEXT if value is None else MISSING if math.isnan(value) else NUMBER for value in values]
        # One entry more, which the place -1 finds: that of a gap.
        self.values_of = np.array([*(math.nan if value is None else value for value in values), math.nan])
        self.kinds_of = np.array([*kinds, MISSING])
        self.is_text = self.as_text or (
            TEXT in kinds
            and NUMBER not in kinds
            and not any(piece.dtype == np.float64 and not np.isnan(piece).all() for piece in self.pieces)
        )

    @property
    def numbers(self) -> np.ndarray:
        """(rows,) float64, NaN for a gap or text."""
        values = np.concatenate(
            [piece if piece.dtype == np.float64 else self.values_of[piece] for piece in self.pieces]
        )
        for gap in map(number, self.missing):
            if gap is not None:  # -999 is a number, too, until somebody says what it stands for
                values[values == gap] = math.nan
        return values

    @property
    def places(self) -> np.ndarray:
        """(rows,) int32: each row's place in `cells`, -1 where its cell was read as a number."""
        return np.concatenate(
            [piece if piece.dtype == np.int32 else np.full(len(piece), -1, np.int32) for piece in self.pieces]
        )

    def rows(self, kind: int) -> np.ndarray:
        """The rows of one kind among those that `places` knows."""
        places = self.places
        return np.flatnonzero((self.kinds_of == kind)[places] & (places >= 0))

    def cell(self, row: int) -> str:
        """The cell of a row that `places` knows, as an error shows it."""
        return came(self.cells[self.places[row]])


class Categories:
    """The different texts of a column in order, of text or of number where all are numbers; gaps do not count."""

    def __init__(self, column: Column):
        used = [cell for cell, kind in zip(column.cells, column.kinds_of, strict=False) if kind != MISSING]
        values = {cell: number(cell) for cell in used}
        if None in values.values():
            self.names = tuple(sorted(values))
            place = {name: place for place, name in enumerate(self.names)}
            of = {cell: place[cell] for cell in used}
        else:  # 9 and 9.0 are one
            order = sorted(set(values.values()))
            self.names = tuple(str(int(value)) if value.is_integer() else repr(value) for value in order)
            place = {value: place for place, value in enumerate(order)}
            of = {cell: place[value] for cell, value in values.items()}
        table = np.array([*(of.get(cell, -1) for cell in column.cells), -1], np.int32)
        self.labels = table[column.places]  # (rows,) int32, -1 for a gap


class _Numbered(dict):
    """Numbers texts in the order in which they come first."""

    def __missing__(self, text: str) -> int:
        self[text] = place = len(self)
        return place


def _numbers(cells: tuple[str, ...], missing: Set[str]) -> np.ndarray | None:
    """(rows,) float64, NaN for a gap; None where a cell is text."""
    if "_" in "".join(cells):  # float() takes 1_000
        return None
    for read in (map(float, cells), _with_gaps(cells, missing)):
        try:
            return np.fromiter(read, np.float64, len(cells))
        except ValueError:
            continue
    return None


def _with_gaps(cells: Iterable[str], missing: Set[str]) -> Iterator[float]:
    return (math.nan if cell.strip() in missing else float(cell) for cell in cells)
