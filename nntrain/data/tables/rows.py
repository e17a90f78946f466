"""The rows of a CSV file."""

import csv
from collections.abc import Iterator
from io import TextIOWrapper
from itertools import chain

from nntrain.data.files.opening import undecodable_line
from nntrain.errors import UserError

DELIMITERS = {"tab": "\t", ";": ";", ",": ","}


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
        raise UserError(
            f"{path}:{undecodable_line(text.buffer)}: expected text in UTF-8. Received: the byte "
            f"{error.object[error.start]:#04x}. Save the file as UTF-8."
        ) from None
    except csv.Error as error:
        raise UserError(f"{path}:{line + 1}: not a row of cells: {error}.") from None


def _most_frequent_delimiter(head: list[str]) -> str:
    """By the cells that it makes of the last line of `head`; the likelier to be meant comes first."""
    return max(DELIMITERS.values(), key=lambda mark: len(next(csv.reader(head[-1:], delimiter=mark), ())))
