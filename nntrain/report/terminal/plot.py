"""Plot: the loss curve of the live display, on a logarithmic axis, in a few lines of text."""

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from rich.console import Console, ConsoleOptions
from rich.text import Text

from nntrain.report.formats import epoch_text, number, short
from nntrain.report.terminal.curve import LossCurve
from nntrain.report.terminal.dots import Ascii, Braille, Dots

AROUND = 2  # lines: what the marks mean, and the axis of epochs
LEAST_SPAN = 0.02  # of an axis, so that its two labels differ
APART = 4  # characters between the marks of evaluations, at least, so that the line shows


@dataclass(frozen=True)
class Axis:
    """The range of losses; logarithmic unless there are negative ones."""

    low: float
    high: float
    logarithmic: bool

    @classmethod
    def around(cls, losses: np.ndarray) -> "Axis":
        """losses: finite, at least one."""
        positive = losses[losses > 0]
        if len(positive) and not (losses < 0).any():
            low, high = float(positive.min()), float(positive.max())
            factor = 1 + LEAST_SPAN / 2 if high < low * (1 + LEAST_SPAN) else 1.0
            return cls(low / factor, high * factor, True)
        low, high = float(losses.min()), float(losses.max())
        least = LEAST_SPAN * max(abs(low), abs(high)) or 1.0
        extra = least / 2 if high - low < least else 0.0
        return cls(low - extra, high + extra, False)

    def heights(self, losses: np.ndarray) -> np.ndarray:
        """From 0 at the bottom to 1; of a loss of 0 on a logarithmic axis 0, of NaN NaN."""
        low, high = self.low, self.high
        if self.logarithmic:
            low, high = math.log10(low), math.log10(high)
            losses = np.log10(np.maximum(losses, self.low))
        return np.clip((losses - low) / (high - low), 0, 1)

    def labels(self, rows: int) -> dict[int, str]:
        """By row from the top: the largest loss, the smallest, and powers of ten that are not close to another label."""
        found = {0: number(self.high), rows - 1: number(self.low)}
        if self.logarithmic:
            for power in range(math.ceil(math.log10(self.low)), math.floor(math.log10(self.high)) + 1):
                row = round((1 - float(self.heights(np.array(10.0**power)))) * (rows - 1))
                if all(abs(row - other) > 1 for other in found):
                    found[row] = short(10.0**power)
        return found


@dataclass
class LossPlot:
    """`rows` lines of curve and two more, as wide as the terminal. It draws nothing before the first finite loss."""

    curve: LossCurve
    steps_per_epoch: int
    rows: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        # The fonts of the Linux console and of old Windows consoles have no Braille.
        plain = options.ascii_only or options.legacy_windows or os.environ.get("TERM") == "linux"
        yield from self.lines(options.max_width, Ascii if plain else Braille)

    def lines(self, width: int, dots: type[Dots]) -> list[Text]:
        steps, losses = self.curve.train()
        at, held_out = self.curve.evaluated()
        finite = np.concatenate([losses, held_out])
        finite = finite[np.isfinite(finite)]
        if not len(finite):
            return []
        axis = Axis.around(finite)
        labels = axis.labels(self.rows)
        margin = max(map(len, labels.values()))
        columns = width - margin - 3
        first, last = self.curve.first_step, max(steps[-1:].tolist() + at[-1:].tolist())
        drawn = dots(columns, self.rows)
        drawn.line(at_columns(steps, axis.heights(losses), first, last, columns * dots.across))
        texts = [Text(row, style="cyan") for row in drawn.rows()]
        for column, row in marks(at, axis.heights(held_out), first, last, columns, self.rows):
            texts[row] = Text.assemble(
                texts[row][:column], (dots.marker, "bold yellow"), texts[row][column + 1 :]
            )
        return [
            self._legend(axis, dots),
            *(
                Text.assemble((f"{labels.get(row, ''):>{margin}} {dots.axis}", "dim"), text)
                for row, text in enumerate(texts)
            ),
            self._epochs(first, last, margin + 2, columns),
        ]

    def _legend(self, axis: Axis, dots: type[Dots]) -> Text:
        line = dots(2, 1)
        line.line(np.full(2 * dots.across, 0.5))
        text = Text.assemble(
            ("loss, logarithmic" if axis.logarithmic else "loss", "dim"),
            "   ",
            (line.rows()[0], "cyan"),
            " train, smoothed",
        )
        if self.curve.split:
            text.append("   ").append(dots.marker, "bold yellow").append(f" {self.curve.split}")
        return text

    def _epochs(self, first: int, last: float, margin: int, columns: int) -> Text:
        start, end = (epoch_text(round(step / self.steps_per_epoch, 2)) for step in (first, last))
        start = f"epoch {start}"
        return Text(" " * margin + start + end.rjust(columns - len(start)), style="dim")


def at_columns(steps: np.ndarray, heights: np.ndarray, first: float, last: float, columns: int) -> np.ndarray:
    """The heights (columns,) of a curve, between its points by interpolation; NaN where it has none."""
    places = first + (np.arange(columns) + 0.5) / columns * (last - first)
    finite = np.isfinite(heights)
    if not finite.any():
        return np.full(columns, np.nan)
    found = np.interp(places, steps[finite], heights[finite])
    missing = np.interp(places, steps, ~finite) > 0.5
    return np.where(missing, np.nan, found)


def marks(
    steps: np.ndarray, heights: np.ndarray, first: float, last: float, columns: int, rows: int
) -> Iterator[tuple[int, int]]:
    """(column, row from the top) of single points; of points that are close, the last ones."""
    after = math.inf
    for step, height in zip(steps[::-1], heights[::-1], strict=True):
        column = min(int((step - first) / (last - first) * columns), columns - 1)
        if after - column >= APART and not math.isnan(height):
            after = column
            yield column, round((1 - height) * (rows - 1))
