"""Excel files (.xlsx), read by openpyxl: one sheet, whose first row that is not empty has the names of the columns."""

import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO

from nntrain.data.tables.cells import shown_cell
from nntrain.data.tables.formats.typed import EXTRA, TypedRows, cell_text, text_columns
from nntrain.errors import DataError
from nntrain.options import did_you_mean


def excel_rows(path: str, file: BinaryIO, sheet: str | int | None, decimal: str) -> TypedRows:
    """The rows of a sheet, by name or number from 1; by default the first. Formulas count as the values stored with them.

    Raises DataError.
    """
    try:
        from openpyxl import load_workbook
        from openpyxl.utils.exceptions import InvalidFileException
    except ImportError:
        raise DataError("reading Excel files requires the package openpyxl", EXTRA, path) from None
    try:
        book = load_workbook(file, read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise DataError(f"not an Excel file, or corrupt: {error}", place=path) from None
    chosen = _sheet(path, book, sheet)
    found = [(line, list(row)) for line, row in enumerate(book[chosen].iter_rows(values_only=True), start=1)]
    found = [(line, row) for line, row in found if any(value is not None for value in row)]
    if not found:
        raise DataError(f"the sheet {chosen!r} is empty", "Choose another `sheet`.", path)
    (line, header), *rows = found
    width = max(place for place, value in enumerate(header, start=1) if value is not None)
    rows = [(number, _cut(path, number, row, width)) for number, row in rows]
    names = [_name(value) for value in header[:width]]
    columns = [[row[place] for _, row in rows] for place in range(width)]
    notes = [f"{path}: sheet {chosen!r} of {len(book.sheetnames):,}"] if len(book.sheetnames) > 1 else []
    return TypedRows(names, _texts(rows, decimal), text_columns(columns), line, notes)


def _sheet(path: str, book: Any, sheet: str | int | None) -> str:
    names: list[str] = [name for name in book.sheetnames if hasattr(book[name], "iter_rows")]  # not charts
    if sheet is None:
        return names[0]
    if isinstance(sheet, int) and 1 <= sheet <= len(names):
        return names[sheet - 1]
    if sheet in names:
        return str(sheet)
    raise DataError(f"sheet: no sheet is named {sheet!r}.{did_you_mean(str(sheet), names)}", place=path)


def _name(value: Any) -> str:
    """The name of a column; 2019.0 is 2019."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return cell_text(value).strip()


def _cut(path: str, line: int, row: list[Any], width: int) -> list[Any]:
    """The row with as many cells as the header."""
    beyond = [value for value in row[width:] if value is not None]
    if beyond:
        raise DataError(
            f"expected {width} columns, as in the header. Received: {shown_cell(str(beyond[0]))} beyond them.",
            "Name the column, or remove what is beside the table.",
            f"{path}:{line}",
        )
    return [*row[:width], *[None] * (width - len(row))]


def _texts(rows: list[tuple[int, list[Any]]], decimal: str) -> Iterator[tuple[int, list[str]]]:
    for line, row in rows:
        yield line, [cell_text(value, decimal) for value in row]
