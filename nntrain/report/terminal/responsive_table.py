"""Responsive table: it hides its least important columns where the terminal is too narrow."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions
from rich.table import Table
from rich.text import Text

GAP = 2  # between columns: one space of padding and one of the frame


@dataclass(frozen=True)
class Column:
    """Columns with `drop_rank` 0 are always shown; of the others, those with the highest rank are hidden first."""

    heading: str  # may have several lines
    justify: Literal["left", "right"] = "right"
    drop_rank: int = 0


@dataclass
class ResponsiveTable:
    """Rows of text under headings, with an optional row of totals. Cells are never parsed as markup."""

    columns: list[Column]
    rows: list[list[str | Text]]
    totals: list[str | Text] | None = None
    row_styles: dict[int, str] = field(default_factory=dict)
    lists_hidden: bool = True  # in a line below the table

    def shown(self, width: int) -> list[int]:
        """The indices of the columns that fit into `width`."""
        lines = [*self.rows, *([self.totals] if self.totals else [])]
        widths = [
            max([*map(cell_len, column.heading.split("\n")), *(cell_len(str(line[i])) for line in lines)])
            for i, column in enumerate(self.columns)
        ]
        shown = list(range(len(self.columns)))
        while sum(widths[i] + GAP for i in shown) > width:
            optional = [i for i in shown if self.columns[i].drop_rank]
            if not optional:
                break
            shown.remove(max(optional, key=lambda i: (self.columns[i].drop_rank, i)))
        return shown

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Table | Text]:
        shown = self.shown(options.max_width)
        table = Table(
            box=PLAIN_FRAME if options.ascii_only else FRAME,
            padding=(0, GAP - 1, 0, 0),
            pad_edge=False,
            show_edge=False,
            show_footer=self.totals is not None,
            header_style="bold",
            footer_style="bold",
            border_style="dim",
        )
        for i in shown:
            column = self.columns[i]
            footer = as_text(self.totals[i]) if self.totals else ""
            table.add_column(
                Text(column.heading, justify=column.justify),
                footer,
                justify=column.justify,
                overflow="fold",
                vertical="bottom",
            )
        for number, row in enumerate(self.rows):
            table.add_row(*(as_text(row[i]) for i in shown), style=self.row_styles.get(number))
        yield table
        hidden = [
            column.heading.replace("\n", " ") for i, column in enumerate(self.columns) if i not in shown
        ]
        if hidden and self.lists_hidden:
            yield Text(f"hidden columns (narrow terminal): {', '.join(hidden)}", style="dim")


FRAME = box.Box("    \n    \n ── \n    \n    \n ── \n    \n    \n")
PLAIN_FRAME = box.Box("    \n    \n -- \n    \n    \n -- \n    \n    \n", ascii=True)


def as_text(cell: str | Text) -> Text:
    return cell if isinstance(cell, Text) else Text(cell)
