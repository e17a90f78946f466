"""Cells of a CSV file in errors: how they are shown, and the error that lists bad cells."""

from collections.abc import Callable, Sequence

import numpy as np

from nntrain.errors import DataError
from nntrain.options import shown

BAD_CELLS_SHOWN = 5


def shown_cell(cell: str) -> str:
    """A cell as errors show it."""
    return shown(cell) if cell.strip() else "an empty cell"


def shown_value(values: np.ndarray) -> Callable[[int], str]:
    """The value of a row as errors show it."""
    return lambda row: str(values[row])


class BadCells:
    """Collects cells that cannot be used: the first few, and their number."""

    def __init__(self, path: str, lines: Sequence[int]):
        self.path = path
        self.lines = lines  # of each row in the file
        self.count = 0
        self.found: list[tuple[int, str]] = []
        self.mask = np.zeros(len(lines), bool)  # the rows that have bad cells

    def add(self, rows: np.ndarray, column: str, expected: str, cell: Callable[[int], str]) -> None:
        """`cell(row)` is what the row holds."""
        self.add_texts(rows, lambda row: f"{column}: expected {expected}. Received: {cell(row)}.")

    def add_texts(self, rows: np.ndarray, text: Callable[[int], str]) -> None:
        """`text(row)` says what is wrong with the row."""
        self.count += len(rows)
        self.mask[rows] = True
        self.found += [(self.lines[row], text(row)) for row in rows[:BAD_CELLS_SHOWN].tolist()]

    def first(self) -> list[tuple[int, str]]:
        """The line of the first few bad cells, and what is wrong, in the order of the file."""
        return sorted(self.found, key=lambda found: found[0])[:BAD_CELLS_SHOWN]

    def raise_if_any(self, hint: str, error: type[DataError] = DataError) -> None:
        """Raises the error at the first bad cell, which lists the next ones."""
        if not self.count:
            return
        first, *others = self.first()
        listed = [first[1], *(f"{self.path}:{line}: {text}" for line, text in others)]
        if self.count > BAD_CELLS_SHOWN:
            listed.append(f"... and {self.count - BAD_CELLS_SHOWN:,} more")
        raise error("\n".join(listed), hint, f"{self.path}:{first[0]}")
