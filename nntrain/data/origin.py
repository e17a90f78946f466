"""Origin: where samples are in files, so that an error can name the file and the line."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np


class Origin(Protocol):
    """The places of the rows of a data set, or of the long array that its windows are pieces of."""

    def place(self, row: int) -> str:
        """ "people.csv:12"."""

    def select(self, rows: slice | np.ndarray) -> "Origin":
        """The places of these rows alone."""


@dataclass(frozen=True)
class TableRows:
    """The rows of a table."""

    path: str
    lines: Sequence[int] | np.ndarray  # the line of each row

    def place(self, row: int) -> str:
        return f"{self.path}:{self.lines[row]}"

    def select(self, rows: slice | np.ndarray) -> "TableRows":
        return TableRows(self.path, np.asarray(self.lines)[rows])
