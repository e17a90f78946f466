"""Sweep progress: what is shown of a sweep as its trials end: a line for each and, on a terminal, a bar of all."""

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from nntrain.report.formats import counted, duration, printable
from nntrain.report.formats import number as number_text
from nntrain.report.searched import short_names, value_words, words
from nntrain.report.terminal.console import output
from nntrain.report.terminal.messages import INDENT, show_warning
from nntrain.report.terminal.wrapping import show_line
from nntrain.search.results import SweepResult, Trial


class SweepProgress:
    """Shows the trials of a sweep on stderr. Without `shown` it prints nothing."""

    def __init__(self, total: int | None, shown: bool = True, console: Console | None = None):
        self.total = total
        self.console = console or output(stderr=True, silent=not shown)
        self._told: set[str] = set()  # warnings and waits
        self._bars: dict[int, TaskID] = {}  # of the trials that are trained
        self._live: Progress | None = None
        if shown and total and self.console.is_interactive and self.console.file.isatty():
            self._live = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.fields[done]}"),
                TextColumn("{task.fields[more]}"),
                console=self.console,
                transient=True,
            )
            self._all = self._live.add_task("sweep", total=total, done=f"0 of {total:,}", more="")
            self._live.start()

    def note(self, text: str) -> None:
        show_line(self.console, Text(printable(text)), INDENT)

    def warn(self, text: str) -> None:
        """A warning, once."""
        if text not in self._told:
            self._told.add(text)
            if not self.console.quiet:
                show_warning(text, self.console)

    def resumed(self, result: SweepResult) -> None:
        """The sweep exists already."""
        done = self._advanced(result)
        if done:
            of = f" of {self.total:,}" if self.total else ""
            self.note(f"{done:,}{of} trials {'has' if done == 1 else 'have'} ended")

    def trained(self, number: int, epoch: float, epochs: int, loss: float) -> None:
        """A run of a trial has done so many epochs."""
        if self._live is None:
            return
        if number not in self._bars:
            self._bars[number] = self._live.add_task(f"trial {number}", total=epochs, done="", more="")
        self._live.update(
            self._bars[number],
            total=epochs,
            completed=epoch,
            done=f"epoch {epoch:.0f}/{epochs:,}",
            more=f"loss {number_text(loss)}",
        )

    def ended(self, trial: Trial, reason: str, result: SweepResult) -> None:
        if self._live is not None and trial.number in self._bars:
            self._live.remove_task(self._bars.pop(trial.number))
        done = self._advanced(result)
        self.note(ended_line(trial, reason, result, done, self.total))

    def waiting(self, count: int) -> None:
        text = f"waiting for {counted(count, 'trial')} that other processes train"
        if text not in self._told:
            self._told.add(text)
            self.note(text)

    def _advanced(self, result: SweepResult) -> int:
        done = sum(trial.state != "running" for trial in result.trials)
        if self._live is not None:
            best = f"best {number_text(result.best.value)}" if result.best else ""
            self._live.update(self._all, completed=done, done=f"{done:,} of {self.total:,}", more=best)
        return done

    def __enter__(self) -> "SweepProgress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None


def ended_line(trial: Trial, reason: str, result: SweepResult, done: int, total: int | None) -> str:
    """ "trial 7: validation accuracy 0.9722, best  (8 of 40, 1.2 s)  optimizer sgd, lr 0.1, units 32"."""
    if trial.state == "failed":
        found = f"failed: {reason.splitlines()[0]}" if reason else "failed"
    elif trial.state == "pruned":
        found = (
            "pruned"
            if trial.value is None
            else f"pruned at {words(result.objective)} {number_text(trial.value)}"
        )
    else:
        is_best = result.best is not None and result.best.number == trial.number
        found = f"{words(result.objective)} {number_text(trial.value)}{', best so far' if is_best else ''}"
    took = "" if trial.seconds is None else f", {duration(trial.seconds)}"
    count = f"{done:,} of {total:,}" if total else f"{done:,} done"
    names = short_names(list(trial.parameters))
    values = ", ".join(f"{names[name]} {value_words(value)}" for name, value in trial.parameters.items())
    return f"trial {trial.number}: {found}  ({count}{took})  {values}"
