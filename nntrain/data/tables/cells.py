"""The cells of a CSV file: numbers, gaps or texts, and what to say of those that cannot be used."""

from collections.abc import Callable, Sequence

import numpy as np

from nntrain.errors import UserError
from nntrain.options import shown

BAD_CELLS_SHOWN = 5


def number(cell: str) -> float | None:
    """The cell's number, NaN and infinity among them, or None where it is not one."""
    try:
        return None if "_" in cell else float(cell)  # float() takes 1_000
    except ValueError:
        return None


def came(cell: str) -> str:
    """A cell as an error shows it."""
    return shown(cell) if cell.strip() else "an empty cell"


class BadCells:
    """The first few cells that cannot be used, and how many there are in all."""

    def __init__(self, path: str, lines: Sequence[int]):
        self.path = path
        self.lines = lines  # where each row stands in the file
        self.count = 0
        self.found: list[tuple[int, str]] = []

    def add(self, rows: np.ndarray, column: str, expected: str, cell: Callable[[int], str]) -> None:
        """`cell` tells what came in a row."""
        self.count += len(rows)
        for row in rows[:BAD_CELLS_SHOWN].tolist():
            line = self.lines[row]
            self.found.append(
                (line, f"{self.path}:{line}: {column}: expected {expected}. Received: {cell(row)}.")
            )

    def tell(self, way_out: str) -> None:
        """Raises UserError if any were added."""
        if self.count:
            first = [text for _, text in sorted(self.found, key=lambda found: found[0])[:BAD_CELLS_SHOWN]]
            more = [f"... and {self.count - BAD_CELLS_SHOWN} more."] if self.count > BAD_CELLS_SHOWN else []
            raise UserError("\n".join([*first, *more, way_out]))
