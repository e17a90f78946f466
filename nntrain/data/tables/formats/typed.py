"""Typed rows: cells of files that know what is text and what is a number, in the form that a CSV file has them."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import numpy as np

from nntrain.errors import DataError

MISSING_TYPES = ("NAType", "NaTType")  # of pandas
EXTRA = "Install it with `pip install 'nntrain[tables]'`, or save the table as a CSV file."


Cells = np.ndarray | tuple[str, ...]  # of a column: numbers, float64 with NaN for gaps, or texts
Blocks = Callable[[int, Collection[int], Collection[int]], Iterator[dict[int, Cells]]]


class TypedRows:
    """Iterates over (number, cells): the names of the columns, then the rows, each cell as `cell_text` writes it.

    `text` are the positions of the columns that hold text, even where it looks like numbers. `notes` are for people.
    """

    def __init__(
        self,
        names: Sequence[str],
        rows: Iterable[tuple[int, list[str]]],
        text: Iterable[int],
        line: int = 0,
        notes: Iterable[str] = (),
        blocks: Blocks | None = None,
    ):
        self.names, self.text, self.line = list(names), frozenset(text), line
        self.notes = list(notes)
        # The rows after some number of them, by blocks of columns: those wanted, of which some may be numbers.
        self.blocks = blocks
        self._rows = rows

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        yield self.line, self.names
        yield from self._rows


def from_columns(names: Sequence[str], columns: Sequence[Sequence[Any]], decimal: str) -> list[list[str]]:
    """The rows of columns of values, as text."""
    texts = [[cell_text(value, decimal) for value in column] for column in columns]
    return [list(row) for row in zip(*texts, strict=True)]


def text_columns(columns: Sequence[Iterable[Any]]) -> list[int]:
    """The positions of the columns whose values are all text, apart from missing ones."""
    found = []
    for position, column in enumerate(columns):
        types = {type(value) for value in column if not is_missing(value)}
        if types and all(issubclass(one, str) for one in types):
            found.append(position)
    return found


def is_missing(value: Any) -> bool:
    """Whether a value is None, NaN, or what pandas writes for a missing one."""
    return (
        value is None
        or (isinstance(value, (float, np.floating)) and bool(np.isnan(value)))
        or type(value).__name__ in MISSING_TYPES
    )


def cell_text(value: Any, decimal: str = ".", number: bool = False) -> str:
    """A value as a CSV file with this decimal mark holds it; a missing one is empty. number: True and False are 1 and 0."""
    if isinstance(value, str):
        return value
    if number and isinstance(value, (bool, np.bool_)):
        return str(int(value))
    if is_missing(value):
        return ""
    if isinstance(value, timedelta):
        value = value.total_seconds()
    if hasattr(value, "isoformat"):  # dates and times
        return str(value.isoformat())
    return str(value).replace(".", decimal) if isinstance(value, (float, np.floating)) else str(value)


def require_plain(path: str, names: Sequence[str], first: Sequence[Any]) -> None:
    """Raises DataError for columns of lists, bytes and the like; `first` are values, None where a column has none."""
    for name, value in zip(names, first, strict=True):
        if isinstance(value, (list, tuple, dict, set, bytes, bytearray, memoryview)):
            raise DataError(
                f"column {name!r}: expected numbers, text, dates or booleans. Received: {type(value).__name__}.",
                "Leave the column out of the file, or make columns of numbers of it.",
                path,
            )
