"""Responsive table: it hides its least important columns where the terminal is too narrow."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from nntrain.report.terminal.table_lines import is_one_line, table_lines

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
    longest_first: int | None = (
        None  # characters; longer first cells have lines of their own before a column is hidden
    )

    def widths(self) -> list[int]:
        lines = [*self.rows, *([self.totals] if self.totals else [])]
        return [
            max([*map(cell_len, column.heading.split("\n")), *(longest_line(line[i]) for line in lines)])
            for i, column in enumerate(self.columns)
        ]

    def shown(self, width: int) -> list[int]:
        """The indices of the columns that fit into `width`."""
        widths = self.widths()
        if self.longest_first is not None:
            names = [cell_len(str(row[0])) for row in self.rows]
            widths[0] = max(
                cell_len(self.columns[0].heading), *(n for n in names if n <= self.longest_first), 0
            )
        shown = list(range(len(self.columns)))
        while sum(widths[i] + GAP for i in shown) > width:
            optional = [i for i in shown if self.columns[i].drop_rank]
            if not optional:
                break
            shown.remove(max(optional, key=lambda i: (self.columns[i].drop_rank, i)))
        return shown

    def apart(self, shown: list[int], width: int) -> set[int]:
        """The rows whose first cell is on a line of its own, because it does not fit beside the others."""
        room = width - GAP - sum(self.widths()[i] + GAP for i in shown[1:])
        head = [self.columns[shown[0]].heading, *(self.totals[:1] if self.totals else [])]
        if room < max(map(longest_line, head)):
            return set()
        return {number for number, row in enumerate(self.rows) if cell_len(str(row[shown[0]])) > room}

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        shown = self.shown(options.max_width)
        apart = self.apart(shown, options.max_width)
        lines = self.lines(console, options, shown, apart)
        yield from lines if lines is not None else self.table(console, options, shown, apart)
        hidden = [
            column.heading.replace("\n", " ") for i, column in enumerate(self.columns) if i not in shown
        ]
        if hidden and self.lists_hidden:
            yield Text(f"hidden columns (narrow terminal): {', '.join(hidden)}", style="dim")

    def lines(
        self, console: Console, options: ConsoleOptions, shown: list[int], apart: set[int]
    ) -> Iterator[Segment | Text] | None:
        """The table where each cell fits on one line; None where cells have to be folded, or have several lines."""
        rows = [[row[i] for i in shown] for row in self.rows]
        totals = [self.totals[i] for i in shown] if self.totals else []
        if not all(is_one_line(cell) for row in (*rows, totals) for cell in row):
            return None
        columns = [self.columns[i] for i in shown]
        names = [str(row[0]) for number, row in enumerate(rows) if number not in apart]
        headings = [column.heading.split("\n") for column in columns]
        widths = [self.widths()[i] for i in shown]
        widths[0] = max(map(cell_len, [*headings[0], *names, *map(str, totals[:1])]))
        if sum(widths) + GAP * len(widths) > options.max_width:
            return None
        height = max(map(len, headings))
        head = [[""] * (height - len(lines)) + lines for lines in headings]
        rule = ("-" if options.ascii_only else "─") * (sum(widths) + GAP * (len(widths) - 1))

        def parts() -> Iterator[Segment | Text]:
            def lines_of(rows: Iterable[tuple[Sequence[str | Text], str]]) -> Iterator[Segment]:
                return table_lines(console, rows, widths, [column.justify for column in columns], GAP)

            yield from lines_of((line, "bold") for line in zip(*head, strict=True))
            yield from (Segment(rule, console.get_style("dim")), Segment.line())
            for number, row in enumerate(rows):
                style = self.row_styles.get(number, "")
                if number in apart:
                    yield self.name(number, shown[0])
                yield from lines_of([(["", *row[1:]] if number in apart else row, style)])
            if totals:
                yield from (Segment(rule, console.get_style("dim")), Segment.line())
                yield from lines_of([(totals, "bold")])

        return parts()

    def name(self, number: int, column: int) -> Text:
        """The first cell of a row, on a line of its own."""
        name = as_text(self.rows[number][column]).copy()
        name.stylize_before(self.row_styles.get(number, ""))
        return name

    def table(
        self, console: Console, options: ConsoleOptions, shown: list[int], apart: set[int]
    ) -> RenderResult:
        """The same by rich, which folds cells."""
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
            first, *others = (as_text(row[i]) for i in shown)
            table.add_row(Text() if number in apart else first, *others, style=self.row_styles.get(number))
        if apart:
            head = max(self.columns[i].heading.count("\n") for i in shown) + 2  # and the rule
            for number, line in enumerate(console.render_lines(table, options)):
                if number - head in apart:
                    yield self.name(number - head, shown[0])
                yield from [*line, Segment.line()]
        else:
            yield table


FRAME = box.Box("    \n    \n ── \n    \n    \n ── \n    \n    \n")
PLAIN_FRAME = box.Box("    \n    \n -- \n    \n    \n -- \n    \n    \n", ascii=True)


def longest_line(cell: str | Text) -> int:
    return max(map(cell_len, str(cell).split("\n")))


def as_text(cell: str | Text) -> Text:
    return cell if isinstance(cell, Text) else Text(cell)
