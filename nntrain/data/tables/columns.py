"""Columns of a CSV file, filled row by row: numbers as float64, text as indices into its distinct values."""

import math
import re
from collections.abc import Collection, Iterable, Iterator
from copy import copy

import numpy as np

from nntrain.data.tables.cells import shown_cell
from nntrain.data.tables.numerals import PLAIN, Numerals, number
from nntrain.data.tables.spool import Pieces, Spool

MISSING, NUMBER, TEXT = 0, 1, 2  # kinds of cells
BOOLEANS = {"true": 1.0, "false": 0.0}
FLAGS = (BOOLEANS, {"yes": 1.0, "no": 0.0})  # of targets
LEADING_ZERO = re.compile(r"0\d{3,}")  # shorter ones can be months, days and hours


class Column:
    """The cells of one column. `as_text` keeps numbers as text; otherwise a column of numbers has no text.

    `typed_text`: the file says that it is text, which is kept as well. True and false, in any capitals, are the numbers 1 and 0.
    """

    def __init__(
        self,
        name: str,
        label: str,
        missing: Collection[str],
        as_text: bool = False,
        typed_text: bool = False,
        numerals: Numerals = PLAIN,
        spool: Spool | None = None,
    ):
        self.name = name
        self.label = label  # its name in errors
        self.missing = missing  # the texts that mark a missing value
        self.as_text = as_text
        self.typed_text = typed_text and not as_text
        self.padded = ""  # a number with leading zeros, such as 01234, among the first rows
        self.numerals = numerals
        # float64 numbers with NaN for gaps, or int32 indices into `texts`
        self.pieces: list[np.ndarray] | Pieces = [] if spool is None else Pieces(spool)
        self.texts: dict[str, int] = _Indexed()
        self.marks: dict[str, None] = {}  # the texts of missing values

    @property
    def called(self) -> str | int:
        """The column in a config: its name, or its number where it has none."""
        return self.name if self.label != self.name else int(self.name.removeprefix("column "))

    def extend(self, cells: tuple[str, ...]) -> None:
        """Appends the cells of further rows."""
        numbers = None if self.as_text or self.typed_text else self.numerals.numbers(cells, self.missing)
        if numbers is not None:
            if not self.pieces:
                self.padded = next(filter(LEADING_ZERO.fullmatch, map(str.strip, cells)), "")
            self.marks |= dict.fromkeys(cells[row].strip() for row in np.flatnonzero(np.isnan(numbers)))
        self.pieces.append(
            np.fromiter(map(self.texts.__getitem__, cells), np.int32, len(cells))
            if numbers is None
            else numbers
        )

    def extend_cells(self, cells: tuple[str, ...] | np.ndarray) -> None:
        """Appends cells, or float64 numbers with NaN for gaps."""
        if isinstance(cells, np.ndarray):
            self.extend_numbers(cells)
        else:
            self.extend(cells)

    def extend_numbers(self, numbers: np.ndarray) -> None:
        """Appends float64 numbers, NaN for gaps."""
        self.pieces.append(numbers)
        if np.isnan(numbers).any():
            self.marks[""] = None

    def flush(self) -> None:
        """Ends a group of rows; see `Pieces`."""
        if isinstance(self.pieces, Pieces):
            self.pieces.flush()

    def extend_texts(self, places: np.ndarray) -> None:
        """Appends texts, as indices (int32) into `texts`."""
        self.pieces.append(places)

    def close(self) -> None:
        """Called after the last row: classifies the cells."""
        self.flush()
        self.cells = [cell.strip() for cell in self.texts]  # in order of first occurrence
        gaps = [cell in self.missing for cell in self.cells]
        self.marks |= dict.fromkeys(cell for cell, gap in zip(self.cells, gaps, strict=True) if gap)
        read = self._boolean if self._is_boolean(gaps) else self.numerals.number
        values = [
            math.nan if gap or (value := read(cell)) is None else value
            for cell, gap in zip(self.cells, gaps, strict=True)
        ]
        # The last entry, at index -1, is that of cells read as numbers.
        self.values_of = np.array([*values, math.nan])
        has_numbers = np.isfinite(self.values_of).any() or any(
            piece.dtype == np.float64 and not np.isnan(piece).all() for piece in self.pieces
        )
        # Without a finite number, 'inf' is a name.
        is_number = ~np.isnan(self.values_of) & has_numbers
        self.kinds_of = np.where([*gaps, True], MISSING, np.where(is_number, NUMBER, TEXT))
        is_text = self.typed_text and not all(gaps)
        self.is_text = self.as_text or is_text or (TEXT in self.kinds_of and not has_numbers)

    def _is_boolean(self, gaps: list[bool]) -> bool:
        """Whether all cells but gaps are true or false, in any capitals."""
        if self.as_text or any(
            piece.dtype == np.float64 and not np.isnan(piece).all() for piece in self.pieces
        ):
            return False
        values = {cell.lower() for cell, gap in zip(self.cells, gaps, strict=True) if not gap}
        return bool(values) and values <= BOOLEANS.keys()

    @staticmethod
    def _boolean(cell: str) -> float | None:
        return BOOLEANS.get(cell.lower())

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
    def flags(self) -> np.ndarray | None:
        """(rows,) float64: 1 and 0 for true and false, or yes and no, in any capitals, NaN for a gap; None for any other column."""
        texts = {cell.lower() for cell in self.distinct(TEXT)}
        values = next((flags for flags in FLAGS if texts <= flags.keys()), None)
        if not texts or values is None or self.distinct(NUMBER):
            return None
        return np.array([*(values.get(cell.lower(), math.nan) for cell in self.cells), math.nan])[self.places]

    @property
    def places(self) -> np.ndarray:
        """(rows,) int32: the index into `cells` of each row, -1 where its cell was read as a number."""
        return np.concatenate(
            [piece if piece.dtype == np.int32 else np.full(len(piece), -1, np.int32) for piece in self.pieces]
        )

    @property
    def count(self) -> int:
        """The number of rows."""
        return sum(map(len, self.pieces))

    def blocks(self) -> Iterator["Column"]:
        """The column in parts, one after the other, each of which knows the distinct cells of all."""
        for arrays in self.pieces.groups() if isinstance(self.pieces, Pieces) else (self.pieces,):
            block = copy(self)
            block.pieces = list(arrays)
            yield block

    def rows(self, kind: int) -> np.ndarray:
        """The rows with cells of one kind, among those with an index in `places`."""
        places = self.places
        return np.flatnonzero((self.kinds_of == kind)[places] & (places >= 0))

    def cell(self, row: int) -> str:
        """The cell of a row with an index in `places`, as errors show it."""
        return shown_cell(self.cells[self.places[row]])

    def distinct(self, kind: int) -> list[str]:
        """The distinct cells of one kind, in order of first occurrence, among those with an index in `places`."""
        return list(
            dict.fromkeys(cell for cell, of in zip(self.cells, self.kinds_of, strict=False) if of == kind)
        )


class Categories:
    """The distinct cells of a column without gaps, as written, sorted as numbers if all are numbers, else as text."""

    def __init__(self, column: Column):
        used = {cell for cell, kind in zip(column.cells, column.kinds_of, strict=False) if kind != MISSING}
        self.names = tuple(sorted_names(used, column.numerals))
        label = {name: index for index, name in enumerate(self.names)}
        gaps = column.kinds_of == MISSING
        found = [-1 if gap else label[cell] for cell, gap in zip(column.cells, gaps, strict=False)]
        self.label_of = np.array([*found, -1], np.int32)  # of each distinct cell, -1 for a gap
        self.labels = self.label_of[column.places]  # (rows,) int32


def sorted_names(names: Iterable[str], numerals: Numerals = PLAIN) -> list[str]:
    """The names in numeric order if all are numbers, else as text; 1, 1.0 and 01 are three names."""
    values = {name: numerals.number(name) for name in names}
    if None in values.values():
        return sorted(values)
    return sorted(values, key=lambda name: (values[name], name))


class _Indexed(dict[str, int]):
    """The index of each text, in order of first occurrence."""

    def __missing__(self, text: str) -> int:
        self[text] = index = len(self)
        return index
