"""Opening: the rows of a table file, in the format that its first bytes show."""

from dataclasses import dataclass
from typing import BinaryIO

from nntrain.data.tables.formats.arrow import arrow_rows
from nntrain.data.tables.formats.excel import excel_rows
from nntrain.data.tables.formats.json_lines import is_json, json_rows
from nntrain.data.tables.formats.typed import TypedRows
from nntrain.data.tables.rows import Rows

START = 4096  # bytes


@dataclass(frozen=True)
class Layout:
    """How a file is written, as far as its first bytes do not show it."""

    delimiter: str = "auto"
    encoding: str | None = None  # of text; None: UTF-8
    decimal: str = "."
    sheet: str | int | None = None  # of an Excel file


def rows_of(path: str, file: BinaryIO, layout: Layout) -> Rows | TypedRows:
    """(line number, cells) of each row of the open file. Raises DataError."""
    start = file.read(START)
    file.seek(0)
    if start.startswith(b"PAR1"):
        return arrow_rows(path, file, layout.decimal, parquet=True)
    if start.startswith((b"ARROW1", b"FEA1")):
        return arrow_rows(path, file, layout.decimal, parquet=False)
    if start.startswith(b"PK\x03\x04"):
        return excel_rows(path, file, layout.sheet, layout.decimal)
    if is_json(path, start):
        return json_rows(path, file, layout.encoding, layout.decimal)
    return Rows(path, file, layout.delimiter, layout.encoding)
