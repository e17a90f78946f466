"""Rows of a CSV file."""

import csv
from collections.abc import Iterator
from io import TextIOWrapper
from itertools import chain
from typing import BinaryIO, cast

from nntrain.data.files.opening import undecodable_line
from nntrain.errors import DataError

DELIMITERS = {"tab": "\t", ";": ";", ",": ","}


def read_rows(path: str, text: TextIOWrapper, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """(line number, cells) of each row that is not empty. Raises DataError for text that is not UTF-8 or not CSV."""
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
        raise DataError(
            f"expected text in UTF-8. Received: byte {error.object[error.start]:#04x}.",
            "Save the file as UTF-8.",
            f"{path}:{undecodable_line(cast(BinaryIO, text.buffer))}",
        ) from None
    except csv.Error as error:
        raise DataError(f"not a row of cells: {error}", place=f"{path}:{line + 1}") from None


def _most_frequent_delimiter(head: list[str]) -> str:
    """The delimiter with the most cells in the last line of `head`; on a tie the less common one in prose."""
    return max(DELIMITERS.values(), key=lambda mark: len(next(csv.reader(head[-1:], delimiter=mark), ())))
