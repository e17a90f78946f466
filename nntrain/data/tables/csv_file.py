"""CSV file: the header and the rows of an open file, and the columns chosen from it."""

import re
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Literal

from nntrain.data.tables.columns import Column
from nntrain.data.tables.features import yaml_text
from nntrain.data.tables.formats.fast import FastCsv
from nntrain.data.tables.formats.typed import TypedRows
from nntrain.data.tables.header import header_of
from nntrain.data.tables.kinds import ColumnKind, Date
from nntrain.data.tables.numerals import Numerals
from nntrain.data.tables.rows import Rows
from nntrain.data.tables.spool import ROWS, Spool
from nntrain.data.tables.table import Table
from nntrain.errors import DataError
from nntrain.options import did_you_mean

ROWS_AT_ONCE = 256  # few enough to stay in the cache: 12 million numbers take 5 s, 10 s with 4096
ROWS_AT_FIRST = 100  # that show whether the first is a header

KEY = re.compile(r"-?[0-9]{1,9}")  # a number of a column, as text
Name = str | int  # of a column: its name in the header, or its number
Cells = Iterable[tuple[int, list[str]]]  # (line number, cells) of each row


@dataclass(frozen=True)
class Format:
    """How a file is written: its header, the texts that mark a missing value, and its numbers."""

    header: Literal["auto"] | bool
    gaps: dict[str, None]  # in order
    numerals: Numerals


@dataclass(frozen=True)
class CsvFile:
    """A file whose header has been read. Positions of columns count from 0. The methods raise DataError."""

    path: str
    names: list[str] | None  # of the columns; None: no header
    width: int  # the number of columns
    line: int  # of the first row
    rows: Iterator[tuple[int, list[str]]]  # without the header
    source: Cells  # of all rows
    format: Format
    begun: int = 0  # rows that were read to find the header

    @staticmethod
    def begin(path: str, source: Cells, format: Format) -> "CsvFile":
        """Reads the header. Raises DataError for a file without values, or with two columns of the same name."""
        rows = iter(source)
        start = list(islice(rows, ROWS_AT_FIRST))
        if not start:
            raise DataError("the file is empty", place=path)
        line, first = start[0]
        header = True if isinstance(source, TypedRows) else format.header
        names = header_of(
            [row for _, row in start], header, format.gaps, format.numerals.number, f"{path}:{line}"
        )
        if names is not None:
            del start[0]
            if not start:
                raise DataError("the file has a header and no lines after it", place=path)
            firsts: dict[str, int] = {}
            for position, name in enumerate(names):
                if name and firsts.setdefault(name, position) != position:
                    raise DataError(
                        f"columns {firsts[name] + 1} and {position + 1} are both named {name!r}",
                        place=f"{path}:{line}" if line else path,  # files with types have no line of names
                    )
        return CsvFile(path, names, len(first), line, chain(start, rows), source, format, len(start))

    @property
    def notes(self) -> list[str]:
        """What was passed over at the start of the file."""
        return self.source.notes if isinstance(self.source, Rows | TypedRows) else []

    @property
    def text(self) -> Collection[int]:
        """The positions of the columns whose type in the file is text."""
        return self.source.text if isinstance(self.source, TypedRows) else ()

    @property
    def unended(self) -> bool:
        """Whether the file, whose rows have been read, ends without a line break."""
        return isinstance(self.source, Rows) and self.source.unended

    def read(
        self,
        features: Sequence[int],
        targets: Sequence[int],
        as_text: Collection[int],
        typed: bool = True,
        kinds: Mapping[int, ColumnKind] | None = None,
        spool: Spool | None = None,
    ) -> Table:
        """All rows of the columns at these positions. `as_text`: the positions of columns whose numbers are kept as text.

        typed: columns of text stay text where the file has types, even if they look like numbers. kinds: what the option `columns`
        says of columns. spool: where the columns are kept; None: in memory.
        """
        columns = {
            position: Column(
                self.name(position),
                self.label(position),
                self.format.gaps,
                as_text=position in as_text,
                typed_text=typed and position in self.text,
                numerals=self.format.numerals,
                spool=spool,
            )
            for position in (*features, *targets)
        }
        lines = self._fill(columns, spool)
        for position, kind in (kinds or {}).items():
            if isinstance(kind, Date) and position in columns:
                columns[position].cells = list(map(kind.iso, columns[position].cells))
        of_features = [columns[position] for position in features]
        return Table(
            self.path,
            of_features,
            [columns[position] for position in targets],
            lines,
            cut=columns.get(self.width - 1) if self.unended else None,
            notes=self.notes,
            kinds=None if kinds is None else {self.name(position): kind for position, kind in kinds.items()},
            spool=spool,
        )

    def _fill(self, columns: dict[int, Column], spool: Spool | None) -> "array[int]":
        """Reads all rows into `columns`, by position; returns the line number of each row."""
        lines = array("q")
        self._extend(columns, islice(self.rows, self.begun), lines)
        rows = self.rows if spool is None else self._by_blocks(columns, lines, spool)
        while self._extend(columns, islice(rows, ROWS), lines):
            if spool is not None:
                spool.end_group(columns.values())
        for column in columns.values():
            column.close()
        return lines

    def _by_blocks(
        self, columns: dict[int, Column], lines: "array[int]", spool: Spool
    ) -> Iterator[tuple[int, list[str]]]:
        """Adds rows to the columns that can be read faster than one by one; returns the others."""
        source = self.source
        if isinstance(source, TypedRows) and source.blocks is not None:
            numbers = {at for at, column in columns.items() if not (column.as_text or column.typed_text)}
            for block in source.blocks(len(lines), columns, numbers):
                for at, column in columns.items():
                    column.extend_cells(block[at])
                lines.extend(range(lines[-1] + 1, lines[-1] + 1 + len(next(iter(block.values())))))
                spool.end_group(columns.values())
            return iter(())
        if isinstance(source, Rows) and source.encoding is None:
            fast = FastCsv(source.file, lines[-1], source.mark, self.width, self.format.numerals, columns)
            if fast.begin():
                for count in fast:
                    lines.extend(range(fast.line - count + 1, fast.line + 1))
                    spool.end_group(columns.values())
                return source.resumed(fast.rest, fast.line)
        return self.rows

    def _extend(self, columns: dict[int, Column], rows: Cells, lines: "array[int]") -> int:
        """Adds rows to the columns, and their line numbers to `lines`; returns how many."""
        rows, before = iter(rows), len(lines)
        while piece := list(islice(rows, ROWS_AT_ONCE)):
            numbers, cells = zip(*piece, strict=True)
            if set(map(len, cells)) != {self.width}:
                line, row = next((line, row) for line, row in piece if len(row) != self.width)
                last = self.unended and line == numbers[-1] and len(row) < self.width
                hint = "Remove the comment." if row[0].startswith("#") else ""
                raise DataError(
                    f"expected {self.width} columns, as in line {self.line}. Received: {len(row)}.",
                    "The last line has no line break: the file may be truncated." if last else hint,
                    f"{self.path}:{line}",
                )
            lines.extend(numbers)
            by_column = list(zip(*cells, strict=True))
            for position, column in columns.items():
                column.extend(by_column[position])
        return len(lines) - before

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

    def of_key(self, key: Name) -> Name:
        """The column that a key of a mapping calls so: keys of YAML are text, also where they are numbers of columns."""
        if isinstance(key, int) or key in (self.names or ()) or not KEY.fullmatch(key):
            return key
        return int(key) if self.names is None or 0 < abs(int(key)) <= self.width else key

    def _position(self, option: str, column: Name) -> int:
        if isinstance(column, int):
            if column == 0 or abs(column) > self.width:
                is_name = self.names is not None and str(column) in self.names
                raise DataError(
                    f"{option}: expected a column from 1 to {self.width}, or from -1 to -{self.width}. Received: "
                    f"{column}.",
                    f"Write `{yaml_text(str(column))}` for the column of this name." if is_name else "",
                    self.path,
                )
            position = column - 1 if column > 0 else self.width + column
            self._require_unambiguous(option, column, position)
            return position
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

    def _require_unambiguous(self, option: str, column: int, position: int) -> None:
        """Raises DataError for a number that is the name of another column."""
        if not self.names or str(column) not in self.names or self.names[position] == str(column):
            return
        by_name, by_position = (
            yaml_text(str(column)),
            yaml_text(self.names[position] or position - self.width),
        )
        raise DataError(
            f"{option}: {column} is the position of {self.label(position)} and the name of another column",
            f"Write `{by_name}` for the column of this name, or `{by_position}` for {self.label(position)}.",
            self.path,
        )

    def name(self, position: int) -> str:
        return self.names[position] if self.names and self.names[position] else f"column {position + 1}"

    def label(self, position: int) -> str:
        """A column's name in errors."""
        if self.names and self.names[position]:
            return f"column {self.names[position]!r}"
        return f"column {position + 1}"
