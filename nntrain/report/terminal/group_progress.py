"""Group progress: what is shown of the runs of a cross-validation as they train: a bar for each on a terminal, a line at its end."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from nntrain.report.formats import counted, duration, number, printable
from nntrain.report.terminal.console import output
from nntrain.report.terminal.lines import score_line
from nntrain.report.terminal.messages import INDENT, show_warning
from nntrain.report.terminal.wrapping import show_line
from nntrain.search.results import HELD_OUT, MemberResult


class GroupProgress:
    """Shows runs that train side by side, on stderr. Without `shown` it prints nothing."""

    def __init__(
        self, count: int, shown: bool = True, console: Console | None = None, live: bool | None = None
    ):
        """live: whether to show bars; by default on a terminal."""
        self.count, self.done = count, 0
        self.console = console or output(stderr=True, silent=not shown)
        self.live = shown and (
            live if live is not None else self.console.is_interactive and self.console.file.isatty()
        )
        self._told: set[str] = set()  # warnings
        self._bars: dict[str, TaskID] = {}
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[epoch]}"),
            TextColumn("{task.fields[loss]}"),
            console=self.console,
            transient=True,
        )

    def note(self, text: str) -> None:
        show_line(self.console, Text(printable(text)), INDENT)

    def warn(self, warnings: Iterable[str], name: str = "") -> None:
        """Warnings, each once; those of a run other than the first one with its name."""
        for warning in warnings:
            if warning not in self._told:
                self._told.add(warning)
                if not self.console.quiet:
                    show_warning(f"{name}: {warning}" if name else warning, self.console)

    def resumed(self, done: int) -> None:
        """So many runs are finished already."""
        self.done = done
        if done:
            self.note(f"{done} of {counted(self.count, 'run')} {'is' if done == 1 else 'are'} finished")

    def evaluated(self, name: str, epoch: float, epochs: int, loss: float) -> None:
        """A run has done so many epochs."""
        if not self.live:
            return
        if name not in self._bars:
            self._bars[name] = self._progress.add_task(printable(name), total=epochs, epoch="", loss="")
            self._progress.start()  # not before: without a bar, each refresh would be an empty line
        self._progress.update(
            self._bars[name],
            completed=epoch,
            epoch=f"epoch {epoch:.0f}/{epochs:,}",
            loss=f"loss {number(loss)}",
        )

    def finished(self, result: MemberResult, warnings: Iterable[str] = ()) -> None:
        """A run has ended."""
        self._remove(result.name)
        self.done += 1
        took = "" if result.seconds is None else f", {duration(result.seconds)}"
        self.note(
            f"{result.name}: {score_line(result.scores[HELD_OUT])}  ({self.done} of {self.count}{took})"
        )
        self.warn(warnings, result.name)

    def failed(self, name: str, message: str) -> None:
        self._remove(name)
        self.note(f"{name}: failed: {message.splitlines()[0]}")

    def _remove(self, name: str) -> None:
        if name in self._bars:
            self._progress.remove_task(self._bars.pop(name))
            if not self._bars:
                self._progress.stop()

    def close(self) -> None:
        if self.live:
            self._progress.stop()

    def __enter__(self) -> "GroupProgress":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()
