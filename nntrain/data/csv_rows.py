"""The rows of a CSV file, and what to say of cells that cannot be used."""

import csv
from collections.abc import Iterator
from io import TextIOWrapper
from itertools import chain
from typing import BinaryIO

from nntrain.errors import UserError
from nntrain.options import shown

DELIMITERS = {"tab": "\t", ";": ";", ",": ","}
BAD_CELLS_SHOWN = 5


def read_rows(path: str, text: TextIOWrapper, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """(line number, cells) of each row, without empty lines. Raises UserError for what is not CSV in UTF-8."""
    line = 0
    try:
        head = []
        for first in text:
            head.append(first)
            if first.strip():
                break
        mark = _most_frequent_delimiter(head) if delimiter == "auto" else DELIMITERS[delimiter]
        reader = csv.reader(chain(head, text), delimiter=mark, strict=True)
        for row in reader:
            line = reader.line_num
            if len(row) > 1 or "".join(row).strip():
                yield line, row
    except UnicodeDecodeError as error:
        raise UserError(f"{path}:{_undecodable_line(text.buffer)}: expected text in UTF-8. Received: the byte "
                        f"{error.object[error.start]:#04x}. Save the file as UTF-8.") from None
    except csv.Error as error:
        raise UserError(f"{path}:{line + 1}: not a row of cells: {error}.") from None


def _most_frequent_delimiter(head: list[str]) -> str:
    """By the cells that it makes of the last line of `head`; the likelier to be meant comes first."""
    return max(DELIMITERS.values(), key=lambda mark: len(next(csv.reader(head[-1:], delimiter=mark), ())))


def _undecodable_line(file: BinaryIO) -> int:
    """Text is decoded in blocks, so the error itself does not know its line."""
    file.seek(0)
    number = 0
    for text in file:
        number += 1
        try:
            text.decode()
        except UnicodeDecodeError:
            break
    return number


class BadCells:
    """The first few cells that cannot be used, and how many there are in all."""

    def __init__(self, path: str):
        self.path = path
        self.count = 0
        self.told: list[str] = []

    def add(self, line: int, column: str, expected: str, came: str) -> None:
        self.count += 1
        if self.count <= BAD_CELLS_SHOWN:
            self.told.append(f"{self.path}:{line}: {column}: expected {expected}. Received: {came}.")

    def sift(self, line: int, cells: tuple[str, ...], columns: list[str]) -> list[float]:
        """The numbers of a row; a cell that is none is noted and gives 0."""
        values = [number(cell) for cell in cells]
        for cell, value, column in zip(cells, values, columns, strict=True):
            if value is None:
                self.add(line, column, "a number", came(cell))
        return [value or 0.0 for value in values]

    def tell(self, way_out: str) -> None:
        """Raises UserError if any were added."""
        if self.count:
            more = [f"... and {self.count - BAD_CELLS_SHOWN} more."] if self.count > BAD_CELLS_SHOWN else []
            raise UserError("\n".join([*self.told, *more, way_out]))


def number(cell: str) -> float | None:
    """The cell's number, NaN and infinity among them, or None where it is not one."""
    try:
        return None if "_" in cell else float(cell)  # float() takes 1_000
    except ValueError:
        return None


def came(cell: str) -> str:
    """A cell as an error shows it."""
    return shown(cell) if cell.strip() else "an empty cell"
