"""Imported: which weights of a file went where, and the scores of the network that has them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console, RenderableType
from rich.text import Text

from nntrain.report.formats import counted, printable
from nntrain.report.terminal.console import output
from nntrain.report.terminal.lines import score_line
from nntrain.report.terminal.parameters import shape
from nntrain.report.terminal.responsive_table import Column, ResponsiveTable
from nntrain.report.terminal.wrapping import show_line

if TYPE_CHECKING:
    from nntrain.importing.transfer import Row


LONGEST_SOURCE = 36  # characters; longer ones have lines of their own before a column is hidden


def imported_table(rows: "Sequence[Row]", framework: str) -> RenderableType:
    """One line per array: the tensors that it comes from, how they were turned, and its name in the network."""
    columns = [
        Column(framework, "left"),
        Column("shape there", "left", drop_rank=2),
        Column("turned", "left", drop_rank=1),
        Column("parameter", "left"),
        Column("shape", "left", drop_rank=3),
    ]
    lines: list[list[str | Text]] = [
        [
            printable(row.source or "-"),
            sizes(row.source_shape),
            "not used" if not row.parameter else "initial values" if not row.source else row.how or "as is",
            printable(row.parameter or "-"),
            sizes(row.shape),
        ]
        for row in rows
    ]
    faint = {at: "yellow" for at, row in enumerate(rows) if not (row.source and row.parameter)}
    return ResponsiveTable(columns, lines, row_styles=faint, longest_first=LONGEST_SOURCE)


def sizes(found: tuple[int, ...] | None) -> str:
    return "-" if found is None else shape(found)


def show_imported(
    rows: "Sequence[Row]",
    framework: str,
    notes: Sequence[str],
    scores: Mapping[str, Mapping[str, Any]],
    file: Path,
    run: Path | None,
    console: Console | None = None,
) -> None:
    """Prints what went where, the scores, and where the run is."""
    console = console or output()
    console.print(imported_table(rows, framework))
    console.print()
    filled = sum(bool(row.source or row.how) and bool(row.parameter) for row in rows)
    lines = [("", f"imported: {counted(filled, 'array')} from {file}")]
    lines += [("note", note) for note in notes]
    lines += [(split, score_line(values)) for split, values in scores.items()]
    if run is not None:
        lines += [("run", str(run)), ("next", f"nntrain eval {run}")]
    for label, text in lines:
        start = label.ljust(12) if label else ""
        style = "bold" if label in ("", "next") else ""
        show_line(console, Text.assemble((start, "dim"), (printable(text), style)), len(start))
