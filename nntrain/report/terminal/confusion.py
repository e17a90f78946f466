"""Confusion matrix on a terminal: counts under the names of the classes, or the largest errors where it is too wide."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from nntrain.report.formats import shortened
from nntrain.report.terminal.responsive_table import Column, ResponsiveTable

MOST_ERRORS = 15  # that are listed instead of a matrix
LONGEST_NAME = 24  # of a class; the middle of a longer one is left out


@dataclass
class ConfusionMatrix:
    """Counts (classes, classes): a row for each true class, a column for each predicted one.

    Columns are named by the classes, else by their numbers, which then stand before the names of the rows. A matrix that
    is still too wide is replaced by a list of its largest errors.
    """

    title: str
    counts: list[list[float]]
    classes: Sequence[str] = ()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        numbers = [str(number) for number in range(len(self.counts))]
        known = len(self.classes) == len(self.counts) == len(self.counts[0])
        names = [visible(name) for name in (self.classes if known else numbers)]
        digits = len(numbers[-1])
        numbered = [f"{number:>{digits}} {name}" for number, name in zip(numbers, names, strict=True)]
        for rows, columns, gap in ((names, names, 2), (numbered, numbers, 2), (numbered, numbers, 1)):
            lines = list(self.lines(rows, columns, gap))
            if lines[0].cell_len <= options.max_width:
                yield Text.assemble((self.title, "bold"), " (rows: true classes, columns: predicted classes)")
                yield from lines
                return
        yield from self.errors(names)

    def lines(self, rows: Sequence[str], columns: Sequence[str], gap: int) -> Iterator[Text]:
        """All as wide as the first, which names the columns."""
        cells = [[f"{value:.6g}" for value in row] for row in self.counts]
        widths = [
            gap + max(cell_len(text) for text in (name, *column))
            for name, column in zip(columns, zip(*cells, strict=True), strict=True)
        ]
        first = max(map(cell_len, rows))
        head = "".join(
            " " * (width - cell_len(name)) + name for name, width in zip(columns, widths, strict=True)
        )
        yield Text(" " * first + head, style="dim", no_wrap=True)
        for place, (name, texts) in enumerate(zip(rows, cells, strict=True)):
            line = Text(name + " " * (first - cell_len(name)), style="dim", no_wrap=True)
            for column, (text, width) in enumerate(zip(texts, widths, strict=True)):
                style = "not dim bold" if column == place else "dim" if text == "0" else "not dim"
                line.append(text.rjust(width), style=style)
            yield line

    def errors(self, names: Sequence[str]) -> Iterator[Text | ResponsiveTable]:
        """The largest cells off the diagonal, with their share of the true class."""
        wrong = [
            (value, true, predicted)
            for true, row in enumerate(self.counts)
            for predicted, value in enumerate(row)
            if value and true != predicted
        ]
        largest = sorted(wrong, key=lambda cell: (-cell[0], cell[1:]))[:MOST_ERRORS]
        what = "the most frequent errors:" if wrong else "every prediction is correct"
        about = f"too wide for this terminal with {len(names)} classes; {what}"
        yield Text.assemble((self.title, "bold"), f" ({about.removesuffix(':')}){':' * bool(wrong)}")
        if not wrong:
            return
        yield ResponsiveTable(
            [
                Column("true class", "left"),
                Column("predicted class", "left"),
                Column("count"),
                Column("of the\ntrue class", drop_rank=1),
            ],
            [
                [names[true], names[predicted], f"{value:.6g}", f"{value / sum(self.counts[true]):.0%}"]
                for value, true, predicted in largest
            ],
        )


def visible(name: str) -> str:
    """The name of a class on one line; a character such as a blank in quotes."""
    return shortened(name if name.isprintable() and name.strip() else repr(name), LONGEST_NAME)
