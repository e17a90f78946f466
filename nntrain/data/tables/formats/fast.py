"""Fast: the columns of a large CSV file, block by block, as pyarrow parses them, with the values that `Rows` would give them.

A block that is not plain, such as one with a quote within a cell, ends the fast part: `Rows` reads the rest.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from io import BufferedReader, BytesIO, RawIOBase
from typing import Any, BinaryIO, cast

import numpy as np

from nntrain.data.tables.columns import Column
from nntrain.data.tables.numerals import PLAIN, Numerals

BLOCK = 1 << 23  # bytes
PIECE = 256  # rows of a column of numbers and text, as when rows are read one by one
LONE_RETURN = re.compile(rb"\r(?!\n)")
Cells = np.ndarray | Any  # numbers, or pyarrow's strings


@dataclass
class FastCsv:
    """Adds rows of an open file to columns, by position, as far as they are plain. Iterates over the number of rows of each block."""

    file: BinaryIO
    line: int  # the last one that has been read
    mark: str  # the delimiter
    width: int
    numerals: Numerals
    columns: Mapping[int, Column]
    rest: BinaryIO = field(default_factory=BytesIO)  # what is left after the iteration, from line + 1 on
    numbers: set[int] = field(default_factory=set)  # columns that have been numbers, apart from empty cells
    mixed: set[int] = field(default_factory=set)  # columns of numbers and text

    def begin(self) -> bool:
        """Goes to the line after `line`. False, and nothing changes, where the file cannot be read so."""
        try:
            import pyarrow.csv  # noqa: F401
        except ImportError:
            return False
        if len(self.mark) != 1 or not self.mark.isascii() or self.numerals.thousands or self.numerals.units:
            return False
        place = self.file.tell()
        self.file.seek(0)
        if any(LONE_RETURN.search(self.file.readline()) for _ in range(self.line)):
            self.file.seek(place)
            return False
        for at, column in self.columns.items():
            has_text = any(piece.dtype != np.float64 for piece in column.pieces)
            if not has_text and not column.as_text and not column.typed_text:
                self.numbers.add(at)
            elif not column.as_text and any(
                column.numerals.number(cell) is not None for cell in column.texts
            ):
                self.mixed.add(at)
        return True

    def __iter__(self) -> Iterator[int]:
        rest = b""
        while read := self.file.read(BLOCK):
            end = read.rfind(b"\n") + 1
            if not end:
                rest += read
                continue
            block, rest = rest + read[:end], read[end:]
            cells = self._cells(block)
            if cells is None:
                self.rest = cast(BinaryIO, BufferedReader(_Joined(block + rest, self.file)))
                return
            rows = lines_of(block)
            for at, found in cells.items():
                self._extend(at, found)
            self.line += rows
            yield rows
        self.rest = BytesIO(rest)

    def _cells(self, block: bytes) -> dict[int, Cells] | None:
        """The columns of a block; None where it is not plain."""
        import pyarrow as pa

        if not self._is_plain(block):
            return None
        try:
            found = self._parsed(block, self.numbers)
            if found is None:
                return None
            numbers = {at: self._plain_numbers(found[at]) for at in self.numbers}
            if all(values is not None for values in numbers.values()):
                return found | numbers
        except pa.ArrowInvalid:
            pass
        try:
            found = self._parsed(block, ())
        except pa.ArrowInvalid:
            return None
        if found is None:
            return None
        for at in sorted(self.numbers):
            if (values := self._cast(found[at])) is None:
                self.numbers.remove(at)
                self.mixed.add(at)
            else:
                found[at] = values
        return found

    def _is_plain(self, block: bytes) -> bool:
        """Whether each quote begins or ends a cell, in turn."""
        if b"\0" in block:
            return False
        if b'"' not in block:
            return True
        codes = np.frombuffer(b"\n" + block, np.uint8)
        quotes = np.flatnonzero(codes == ord('"'))
        ends = [ord(self.mark), *b"\n"]
        begin = np.isin(codes[quotes[::2] - 1], ends)
        end = np.isin(codes[quotes[1::2] + 1], [*ends, *b"\r"])
        return len(quotes) % 2 == 0 and bool(begin.all() and end.all())

    def _parsed(self, block: bytes, numbers: Collection[int]) -> dict[int, Cells] | None:
        """The columns as pyarrow's arrays, numbers or text; None where a line is no row. Raises ArrowInvalid."""
        import pyarrow as pa
        from pyarrow import csv

        names = [str(at) for at in range(self.width)]
        types = {str(at): pa.float64() if at in numbers else pa.string() for at in self.columns}
        table = csv.read_csv(
            pa.BufferReader(block),
            csv.ReadOptions(block_size=len(block) + 1, column_names=names),
            csv.ParseOptions(delimiter=self.mark),
            csv.ConvertOptions(
                column_types=types,
                include_columns=list(types),
                null_values=[""],
                strings_can_be_null=False,
                decimal_point=self.numerals.decimal,
            ),
        )
        if table.num_rows != lines_of(block):
            return None
        return {at: table.column(str(at)).combine_chunks() for at in self.columns}

    def _plain_numbers(self, cells: Any) -> np.ndarray | None:
        """float64, NaN for gaps; None for numbers that count as text."""
        values: np.ndarray = cells.to_numpy(zero_copy_only=False)
        if np.count_nonzero(np.isnan(values)) > cells.null_count:
            return None
        return values if self.numerals == PLAIN or not np.isinf(values).any() else None

    def _cast(self, texts: Any) -> np.ndarray | None:
        """`_plain_numbers` of texts; None also where one is no number."""
        import pyarrow as pa
        from pyarrow import compute

        if self.numerals != PLAIN:
            return None
        try:
            gaps = compute.equal(texts, "")
            return self._plain_numbers(compute.if_else(gaps, None, texts).cast(pa.float64()))
        except pa.ArrowInvalid:
            return None

    def _extend(self, at: int, cells: Cells) -> None:
        column = self.columns[at]
        if isinstance(cells, np.ndarray):
            column.extend_numbers(cells)
        elif at in self.mixed:
            texts = cells.to_pylist()
            for start in range(0, len(texts), PIECE):
                column.extend(tuple(texts[start : start + PIECE]))
        else:
            distinct = cells.dictionary_encode()
            places = np.array([column.texts[text] for text in distinct.dictionary.to_pylist()], np.int32)
            column.extend_texts(places[distinct.indices.to_numpy(zero_copy_only=False)])


def lines_of(block: bytes) -> int:
    return int(np.count_nonzero(np.frombuffer(block, np.uint8) == ord("\n")))  # much faster than bytes.count


class _Joined(RawIOBase):
    """Bytes, then the rest of a file."""

    def __init__(self, start: bytes, file: BinaryIO):
        self._start, self._file = BytesIO(start), file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._start.readinto(buffer)
        return count or self._file.readinto(buffer)  # type: ignore[attr-defined]
