"""Legend table: a legend whose entries are rows of a table: a line, a name, and columns of values that align."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nntrain.report.formats import shortened
from nntrain.report.pictures.drawing.canvas import INK, MARGINS, PALE_INK, SOFT_INK

ROW, GAP, SAMPLE = 0.2, 0.22, 0.34  # inches: a row, between columns, the line before a name


@dataclass(frozen=True)
class Entry:
    """A row: the colour of its line, the name, a remark that is never shortened, the values."""

    colour: str
    name: str
    remark: str
    cells: Sequence[str]


def legend_table(figure: Any, down: float, heads: Sequence[str], entries: Sequence[Entry]) -> float:
    """Writes the table `down` inches below the top; names that are too long lose their middle. Returns where it ends, in inches."""
    from matplotlib.lines import Line2D

    width, height = figure.get_size_inches()
    room = width - MARGINS["left"] - MARGINS["right"]

    def write(text: str, row: int, colour: str, **more: Any) -> Any:
        y = 1 - (down + ROW * row) / height
        return figure.text(0, y, text, fontsize=9, color=colour, va="top", parse_math=False, **more)

    columns: list[list[Any]] = []
    for i, head in enumerate(heads[1:]):
        column = [write(head, 0, PALE_INK)]
        column += [write(entry.cells[i], row, SOFT_INK) for row, entry in enumerate(entries, 1)]
        columns.append(column)
    widths = [max(map(inches, column)) + GAP for column in columns]
    names = [write(entry.name + entry.remark, row, INK) for row, entry in enumerate(entries, 1)]
    longest = room - SAMPLE - sum(widths)
    for text, entry in zip(names, entries, strict=True):
        letters = len(entry.name)
        while inches(text) > longest and letters > 8:
            letters -= 1
            text.set_text(shortened(entry.name, letters) + entry.remark)
        text.set_x((MARGINS["left"] + SAMPLE) / width)
    x = MARGINS["left"] + SAMPLE + min(max(map(inches, names)), longest) + GAP
    for column, each in zip(columns, widths, strict=True):
        for text in column:
            text.set_x(x / width)
        x += each
    for row, entry in enumerate(entries, 1):
        y = 1 - (down + ROW * row + 0.07) / height
        ends = (MARGINS["left"] / width, (MARGINS["left"] + SAMPLE - 0.1) / width)
        figure.add_artist(Line2D(ends, (y, y), color=entry.colour, linewidth=2.4))
    return down + ROW * (len(entries) + 1) + 0.12


def inches(text: Any) -> float:
    return float(text.get_window_extent().width) / float(text.figure.dpi)
