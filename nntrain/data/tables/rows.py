"""Rows of a CSV file: cells, as the layout of the file separates them."""

import codecs
import csv
import re
from collections.abc import Callable, Iterable, Iterator
from io import TextIOWrapper
from itertools import chain, islice
from typing import BinaryIO

from nntrain.data.files.opening import undecodable_line
from nntrain.data.tables.encodings import SAMPLE, not_text
from nntrain.errors import DataError
from nntrain.options import shown

TAB, WHITESPACE = "tab", "whitespace"
UTF8 = "utf-8-sig"  # with or without a byte order mark
UTF8_MARK = codecs.BOM_UTF8
# On a tie the one that is less common in prose separates.
DELIMITERS = ("\t", ";", ",", "|")
LINES_LOOKED_AT = 50
COMMENT = "#"
DECIMAL_COMMA = re.compile(r"[-+]?[0-9]*,[0-9]+")
SEP_LINE = re.compile(r"\"?sep=(.)\"?[;,\t]*", re.IGNORECASE)  # the first line of some files of Excel
CSV_ERRORS = {  # the cause behind what Python's reader reports
    "unexpected end of data": 'a quote (") is opened here and never closed',
    "field larger than field limit": 'a cell has more than 131,072 characters; is a quote (") not closed?',
    "expected after": 'after the closing quote (") of a cell there is other text',
}


class Rows:
    """Iterates over (line number, cells) of the rows that are not empty. Raises DataError for text that is not UTF-8 or CSV.

    A line `sep=;` at the start, and lines there that begin with #, are no rows. `notes` says what was passed over; after the last
    row, `unended` says whether the file ends without a line break.
    """

    def __init__(self, path: str, file: BinaryIO, delimiter: str, encoding: str | None = None):
        self.path, self.delimiter = path, delimiter
        self.notes: list[str] = []
        self.unended = False
        self.mark = ""  # the delimiter, after the first row
        self.file = file
        if encoding is not None:
            marked = file.read(len(UTF8_MARK)) == UTF8_MARK
            file.seek(0)
            encoding = None if marked else encoding
        self.encoding = encoding  # None: UTF-8
        self._text = TextIOWrapper(file, encoding=encoding or UTF8, newline="")

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        head: list[str] = []

        def begin() -> tuple[Iterable[str], int]:
            lines = self._lines(self._text)
            head.extend(islice(lines, LINES_LOOKED_AT))
            skipped, self.mark = self._layout(head)
            return chain(head[skipped:], lines), skipped

        return self._read(begin)

    def resumed(self, rest: BinaryIO, line: int) -> Iterator[tuple[int, list[str]]]:
        """The rows of the rest of the file, which begins after this line."""
        self._rest = TextIOWrapper(rest, encoding=self.encoding or "utf-8", newline="")
        return self._read(lambda: (self._lines(self._rest), line))

    def _read(self, begin: Callable[[], tuple[Iterable[str], int]]) -> Iterator[tuple[int, list[str]]]:
        """The rows of the lines that follow those of the number that `begin` returns with them."""
        line = 0
        try:
            lines, skipped = begin()
            line, mark = skipped, self.mark
            if mark == WHITESPACE:
                mark, lines = " ", map(_single_spaced, lines)
            reader = csv.reader(lines, delimiter=mark, skipinitialspace=True, strict=True)
            for row in reader:
                line = skipped + reader.line_num
                if len(row) > 1 or "".join(row).strip():
                    yield line, row
        except UnicodeDecodeError as error:
            line = undecodable_line(self.file, self.encoding or "utf-8")
            raise self._not_text(f"byte {error.object[error.start]:#04x}", line) from None
        except UnicodeError:  # UTF-16 without a mark at its start
            raise self._not_text("no byte order mark", 1) from None
        except csv.Error as error:
            cause = next((cause for part, cause in CSV_ERRORS.items() if part in str(error)), str(error))
            raise DataError(f"not a row of cells: {cause}", place=f"{self.path}:{line + 1}") from None

    def _lines(self, text: TextIOWrapper) -> Iterator[str]:
        line = "\n"
        for line in text:
            yield line
        self.unended = not line.endswith(("\n", "\r"))

    def _layout(self, head: list[str]) -> tuple[int, str]:
        """How many lines at the start are no rows, and the delimiter."""
        for number, line in enumerate(head, start=1):
            if "\0" in line:
                raise self._not_text("bytes of value 0, as in UTF-16", number)
        mark = {"auto": "", TAB: "\t"}.get(self.delimiter, self.delimiter)
        start = next((number for number, line in enumerate(head) if line.strip()), len(head))
        if start < len(head) and (found := SEP_LINE.fullmatch(head[start].rstrip("\r\n"))):
            return start + 1, mark or found[1]
        comments = start
        while comments < len(head) and (head[comments].startswith(COMMENT) or not head[comments].strip()):
            comments += 1
        if comments == len(head):  # no other line
            comments = start
        mark = mark or sniffed(head[comments:])
        if comments > start and _width(head[comments - 1 :], mark) == _width(head[comments:], mark):
            comments -= 1  # such as the header "#id,height,species"
        if comments > start:
            first = shown(head[start].strip())
            more = f" and {comments - start - 1:,} more" if comments - start > 1 else ""
            self.notes.append(f"{self.path}: skipped the comment {first}{more}")
        return comments, mark

    def _not_text(self, received: str, line: int) -> DataError:
        self.file.seek(0)
        return not_text(self.path, line, self.file.read(SAMPLE), received, self.encoding)


def sniffed(lines: list[str]) -> str:
    """The delimiter with the most cells in the first row of these lines; whitespace where no other separates."""
    first = {mark: _first_row(lines, mark) for mark in DELIMITERS}
    widths = {mark: len(row) for mark, row in first.items()}
    if widths["|"] > 1 and len({len(row) for row in _rows(lines, "|")}) > 1:  # it is common within cells
        widths["|"] = 1
    if any(_has_decimal_commas(first[mark]) for mark in DELIMITERS if mark != ","):
        widths[","] = 1
    mark = max(DELIMITERS, key=lambda mark: widths[mark])
    return WHITESPACE if widths[mark] == 1 and _is_spaced(lines) else mark


def _has_decimal_commas(row: list[str]) -> bool:
    """Whether all commas of a row are decimal marks."""
    cells = [cell.strip() for cell in row if "," in cell]
    return len(row) > 1 and bool(cells) and all(DECIMAL_COMMA.fullmatch(cell) for cell in cells)


def _is_spaced(lines: list[str]) -> bool:
    """Whether all lines have the same number of words, more than one."""
    widths = {len(line.split()) for line in lines if line.strip()}
    return len(lines) > 1 and len(widths) == 1 and widths != {1}


def _width(lines: list[str], mark: str) -> int:
    return len(_first_row(lines, mark))


def _first_row(lines: list[str], mark: str) -> list[str]:
    """Its cells; one where a cell is longer than any should be, as that of a long line without this delimiter."""
    try:
        return next(_rows(lines, mark), [""])
    except csv.Error:
        return [""]


def _rows(lines: Iterable[str], mark: str) -> Iterator[list[str]]:
    """The rows of these lines that are not empty."""
    if mark == WHITESPACE:
        mark, lines = " ", map(_single_spaced, lines)
    reader = csv.reader(lines, delimiter=mark, skipinitialspace=True)
    return (row for row in reader if len(row) > 1 or "".join(row).strip())


def _single_spaced(line: str) -> str:
    """The line with a single blank between cells; quoted cells keep theirs."""
    spaced = line.strip().replace("\t", " ") if '"' in line else " ".join(line.split())
    return spaced + "\n"
