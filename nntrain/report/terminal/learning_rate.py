"""Learning rate: what `find-lr` shows: a progress bar, and the suggestion with the line to paste."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from nntrain.report.formats import printable, short
from nntrain.report.terminal.console import output
from nntrain.report.terminal.wrapping import show_line

if TYPE_CHECKING:
    from nntrain.range_test import RangeTest

WIDTH = 12  # of the labels


@contextmanager
def shown_steps(steps: int) -> Iterator[Callable[[int], None]]:
    """Shows how many steps are done on a terminal, where it takes long; nothing elsewhere."""
    console = output(stderr=True)
    columns = (TextColumn("range test"), BarColumn(), MofNCompleteColumn(), TextColumn("steps"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=steps)
        yield lambda done: bar.update(task, completed=done)


def show_learning_rate(
    result: "RangeTest", picture: Path, command: str, console: Console | None = None
) -> None:
    """Prints the suggestion, the line of YAML for it, and the command that trains with it."""
    console = console or output()
    tested = f"{len(result.rates):,} rates from {short(result.rates[0])} to {short(result.rates[-1])}"
    end = ", where training diverges" if result.diverged is not None else ", without divergence"
    now = "" if result.lr is None else f", which is {short(result.lr)} in the config"
    lines = [
        ("suggestion", f"{short(result.suggestion)} for {result.key}{now}"),
        ("tested", tested + end),
        *(("note", note) for note in result.notes),
        ("YAML", result.yaml),
        ("picture", str(picture)),
    ]
    for label, text in lines:
        style = "bold" if label in ("suggestion", "YAML") else ""
        show_line(console, Text.assemble((f"{label:<{WIDTH}}", "dim"), (printable(text), style)), WIDTH)
    console.print(Text.assemble((f"{'next':<{WIDTH}}", "dim"), (printable(command), "bold")), soft_wrap=True)
