"""Columns of a CSV file, filled row by row: numbers as float64, text as indices into its distinct values."""

import math
from collections.abc import Iterable, Iterator, Set

import numpy as np

from nntrain.data.tables.cells import number, shown_cell

MISSING, NUMBER, TEXT = 0, 1, 2  # kinds of cells


class Column:
    """The cells of one column. `as_text` keeps numbers as text; otherwise a column of numbers has no text."""

    def __init__(self, name: str, label: str, missing: Set[str], as_text: bool = False):
        self.name = name
        self.label = label  # its name in errors
        self.missing = missing  # the texts that mark a missing value
        self.as_text = as_text
        self.pieces: list[np.ndarray] = []  # float64 numbers with NaN for gaps, or int32 indices into `texts`
        self.texts: dict[str, int] = _Indexed()

    def extend(self, cells: tuple[str, ...]) -> None:
        """Appends the cells of further rows."""
        numbers = None if self.as_text else _numbers(cells, self.missing)
        self.pieces.append(
            np.fromiter(map(self.texts.__getitem__, cells), np.int32, len(cells))
            if numbers is None
            else numbers
        )

    def close(self) -> None:
        """Called after the last row: classifies the cells."""
        self.cells = [cell.strip() for cell in self.texts]  # in order of first occurrence
        values = [math.nan if cell in self.missing else number(cell) for cell in self.cells]
        kinds = [TEXT if value is None else MISSING if math.isnan(value) else NUMBER for value in values]
        # The last entry, at index -1, is that of cells read as numbers.
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
            if gap is not None:  # `missing` can list numbers, such as -999
                values[values == gap] = math.nan
        return values

    @property
    def places(self) -> np.ndarray:
        """(rows,) int32: the index into `cells` of each row, -1 where its cell was read as a number."""
        return np.concatenate(
            [piece if piece.dtype == np.int32 else np.full(len(piece), -1, np.int32) for piece in self.pieces]
        )

    def rows(self, kind: int) -> np.ndarray:
        """The rows with cells of one kind, among those with an index in `places`."""
        places = self.places
        return np.flatnonzero((self.kinds_of == kind)[places] & (places >= 0))

    def cell(self, row: int) -> str:
        """The cell of a row with an index in `places`, as errors show it."""
        return shown_cell(self.cells[self.places[row]])


class Categories:
    """The distinct values of a column without gaps, sorted as numbers if all are numbers, else as text."""

    def __init__(self, column: Column):
        used = [cell for cell, kind in zip(column.cells, column.kinds_of, strict=False) if kind != MISSING]
        numbers = {cell: value for cell in used if (value := number(cell)) is not None}
        if len(numbers) < len(set(used)):
            self.names = tuple(sorted(set(used)))
            label = {name: index for index, name in enumerate(self.names)}
        else:  # 9 and 9.0 are the same category
            order = sorted(set(numbers.values()))
            self.names = tuple(str(int(value)) if value.is_integer() else repr(value) for value in order)
            index = {value: index for index, value in enumerate(order)}
            label = {cell: index[value] for cell, value in numbers.items()}
        table = np.array([*(label.get(cell, -1) for cell in column.cells), -1], np.int32)
        self.labels = table[column.places]  # (rows,) int32, -1 for a gap


class _Indexed(dict[str, int]):
    """The index of each text, in order of first occurrence."""

    def __missing__(self, text: str) -> int:
        self[text] = index = len(self)
        return index


def _numbers(cells: tuple[str, ...], missing: Set[str]) -> np.ndarray | None:
    """(rows,) float64 with NaN for gaps; None where a cell is text."""
    if "_" in "".join(cells):  # float() accepts 1_000
        return None
    for read in (map(float, cells), _with_gaps(cells, missing)):
        try:
            return np.fromiter(read, np.float64, len(cells))
        except ValueError:
            continue
    return None


def _with_gaps(cells: Iterable[str], missing: Set[str]) -> Iterator[float]:
    return (math.nan if cell.strip() in missing else float(cell) for cell in cells)
