"""Dots: a line drawn with the characters of a terminal, of 2 x 4 dots each in Braille, or three heights in ASCII."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np


class Dots(ABC):
    """A grid of dots, `across` x `down` in each character."""

    across: ClassVar[int]
    down: ClassVar[int]
    marker: ClassVar[str]  # of single points
    axis: ClassVar[str]

    def __init__(self, columns: int, rows: int):
        self.dots = np.zeros((rows * self.down, columns * self.across), bool)

    def line(self, heights: np.ndarray) -> None:
        """Through heights (columns of dots,), from 0 at the bottom to 1 at the top; NaN is a gap."""
        last = len(self.dots) - 1
        before: int | None = None
        for column, height in enumerate(heights):
            if np.isnan(height):
                before = None
                continue
            row = round((1 - height) * last)
            # Half of the way from the dot before is drawn in its column, half in this one.
            near = row if before is None else (before + row) // 2
            if before is not None:
                self._fill(column - 1, before, near)
            self._fill(column, near, row)
            before = row

    def _fill(self, column: int, one: int, other: int) -> None:
        self.dots[min(one, other) : max(one, other) + 1, column] = True

    def rows(self) -> list[str]:
        """The lines of text from top to bottom."""
        height, width = self.dots.shape
        cells = self.dots.reshape(height // self.down, self.down, width // self.across, self.across)
        return ["".join(map(self.character, row)) for row in cells.swapaxes(1, 2)]

    @abstractmethod
    def character(self, cell: np.ndarray) -> str:
        """The character with the dots of a cell (down, across)."""


class Braille(Dots):
    across, down = 2, 4
    marker, axis = "●", "│"
    BITS: ClassVar = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])  # of Unicode's block

    def character(self, cell: np.ndarray) -> str:
        return chr(0x2800 + int(self.BITS[cell].sum())) if cell.any() else " "


class Ascii(Dots):
    across, down = 1, 3
    marker, axis = "o", "|"

    def character(self, cell: np.ndarray) -> str:
        top, middle, bottom = cell[:, 0]
        if top + middle + bottom > 1:
            return "|"
        return "'" if top else "-" if middle else "." if bottom else " "
