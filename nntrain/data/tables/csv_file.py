"""CSV file: the header and the rows of an open file, and the columns chosen from it."""

from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Literal

from nntrain.data.tables.cells import number
from nntrain.data.tables.columns import Column
from nntrain.data.tables.table import Table
from nntrain.errors import DataError
from nntrain.options import did_you_mean

ROWS_AT_ONCE = 256  # few enough to stay in the cache: 12 million numbers take 5 s, 10 s with 4096

Name = str | int  # of a column: its name in the header, or its number
Rows = Iterator[tuple[int, list[str]]]  # (line number, cells)


@dataclass(frozen=True)
class CsvFile:
    """A file whose header has been read. Positions of columns count from 0. The methods raise DataError."""

    path: str
    names: list[str] | None  # of the columns; None: no header
    width: int  # the number of columns
    line: int  # of the first row
    rows: Rows  # without the header
    gaps: frozenset[str]  # the texts that mark a missing value

    @staticmethod
    def begin(path: str, rows: Rows, header: Literal["auto"] | bool, gaps: frozenset[str]) -> "CsvFile":
        """Reads the header. Raises DataError for a file without values, or with two columns of the same name."""
        start = list(islice(rows, 2))
        if not start:
            raise DataError("the file is empty", place=path)
        line, first = start[0]
        names = header_of([row for _, row in start], header, gaps)
        if names is not None:
            del start[0]
            if not start:
                raise DataError("the file has a header and no lines after it", place=path)
            for position, name in enumerate(names):
                if name and names.index(name) != position:
                    raise DataError(
                        f"columns {names.index(name) + 1} and {position + 1} are both named {name!r}",
                        place=f"{path}:{line}",
                    )
        return CsvFile(path, names, len(first), line, chain(start, rows), gaps)

    def read(self, features: Sequence[int], targets: Sequence[int], as_text: Collection[int]) -> Table:
        """All rows of the columns at these positions. `as_text`: the positions of columns whose numbers are kept as text."""
        columns = {
            position: Column(
                self.name(position), self.label(position), self.gaps, as_text=position in as_text
            )
            for position in (*features, *targets)
        }
        lines = self._fill(columns)
        of_features = [columns[position] for position in features]
        return Table(self.path, of_features, [columns[position] for position in targets], lines)

    def _fill(self, columns: dict[int, Column]) -> "array[int]":
        """Reads all rows into `columns`, by position; returns the line number of each row."""
        lines = array("q")
        while piece := list(islice(self.rows, ROWS_AT_ONCE)):
            numbers, cells = zip(*piece, strict=True)
            if set(map(len, cells)) != {self.width}:
                line, row = next((line, row) for line, row in piece if len(row) != self.width)
                raise DataError(
                    f"expected {self.width} columns, as in line {self.line}. Received: {len(row)}.",
                    place=f"{self.path}:{line}",
                )
            lines.extend(numbers)
            by_column = list(zip(*cells, strict=True))
            for position, column in columns.items():
                column.extend(by_column[position])
        for column in columns.values():
            column.close()
        return lines

    def features(self, chosen: Literal["all"] | Iterable[Name], targets: Collection[int]) -> list[int]:
        """The positions of the features: `chosen`, or all columns but the targets."""
        if chosen != "all":
            features = self.positions("features", chosen)
            if both := [position for position in features if position in targets]:
                raise DataError(f"features: {self.label(both[0])} is a target", place=self.path)
            return features
        features = [position for position in range(self.width) if position not in targets]
        if not features:
            raise DataError(
                f"target: all {self.width} columns are targets", "Leave one as a feature.", self.path
            )
        if self.names and (nameless := [position for position in features if not self.names[position]]):
            # Spreadsheet programs write line numbers there, which can reveal the target.
            raise DataError(
                f"column {nameless[0] + 1} has no name",
                "Name the column, or choose columns with `features`.",
                self.path,
            )
        return features

    def positions(self, option: str, chosen: Iterable[Name]) -> list[int]:
        """The positions of the columns that `option` chooses, each once."""
        positions = [self._position(option, column) for column in chosen]
        if twice := [position for place, position in enumerate(positions) if position in positions[:place]]:
            raise DataError(f"{option}: duplicate column: {self.label(twice[0])}", place=self.path)
        return positions

    def _position(self, option: str, column: Name) -> int:
        if isinstance(column, int):
            if column == 0 or abs(column) > self.width:
                raise DataError(
                    f"{option}: expected a column from 1 to {self.width}, or from -1 to -{self.width}. Received: "
                    f"{column}.",
                    place=self.path,
                )
            return column - 1 if column > 0 else self.width + column
        if self.names is None:
            raise DataError(
                f"{option}: the file has no header with a column {column!r}",
                "Use the column's number.",
                self.path,
            )
        if column not in self.names:
            raise DataError(
                f"{option}: no column is named {column!r}.{did_you_mean(column, self.names)}", place=self.path
            )
        return self.names.index(column)

    def name(self, position: int) -> str:
        return self.names[position] if self.names and self.names[position] else f"column {position + 1}"

    def label(self, position: int) -> str:
        """A column's name in errors."""
        if self.names and self.names[position]:
            return f"column {self.names[position]!r}"
        return f"column {position + 1}"


def header_of(
    rows: list[list[str]], header: Literal["auto"] | bool, gaps: frozenset[str]
) -> list[str] | None:
    """The names in the first of one or two rows; None where it is not a header."""
    if not (_is_header(rows, gaps) if header == "auto" else header):
        return None
    return [cell.strip() for cell in rows[0]]


def _is_header(rows: list[list[str]], gaps: frozenset[str]) -> bool:
    """Whether the first row has no number, or text above a number. Gaps are neither."""
    above, below = rows[0], rows[-1]
    if not any(number(cell) is not None for cell in above):
        return True
    return any(
        number(name) is None and name.strip() not in gaps and number(cell) is not None
        for name, cell in zip(above, below, strict=False)
    )
