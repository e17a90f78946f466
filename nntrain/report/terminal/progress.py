"""Progress: what `fit` shows of a run: a live display on a terminal, plain lines elsewhere, and the lines of train.log."""

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console
from rich.text import Text

from nntrain.report.formats import counted, duration, epoch_text, printable
from nntrain.report.terminal.console import output
from nntrain.report.terminal.curve import LossCurve
from nntrain.report.terminal.lines import EvaluationLines, grouped, score_line
from nntrain.report.terminal.messages import INDENT, show_warning
from nntrain.report.terminal.screen import Screen
from nntrain.report.terminal.wrapping import show_line

NEVER = math.inf
LABEL_WIDTH = 12  # of the final lines, at least
KEPT_ROWS = 10  # evaluations on the screen


class Position(Protocol):
    """The position of a training; `step` counts the steps done."""

    step: int


class Progress:
    """Shows a training: progress on stderr, the final lines on stdout.

    `log` receives every plain line, for train.log. `quiet` prints the final lines only. `live` is determined from the
    terminal unless given. Calls in order: started, compiling, ready; stepped, evaluating and evaluated repeatedly; finished.
    `close` restores the terminal; call it whatever happens.
    """

    def __init__(
        self,
        log: Callable[[str], None] | None = None,
        quiet: bool = False,
        console: Console | None = None,
        results: Console | None = None,
        live: bool | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ):
        self.console = console or output(stderr=True)
        self.results = results or console or output()
        self.log = log
        self.quiet = quiet
        # Not `is_terminal` alone: colours can be forced into a pipe, where a live display makes no sense.
        self.live = not quiet and (
            live if live is not None else self.console.is_interactive and self.console.file.isatty()
        )
        # rows of metrics.csv, each with its `seconds`
        self.recent: deque[dict[str, Any]] = deque(maxlen=KEPT_ROWS)
        self.best: dict[str, Any] | None = None
        self.compile_s = 0.0
        self._clock = clock
        self._due = NEVER  # when the display is redrawn
        self._screen: Screen | None = None
        self.curve: LossCurve | None = None  # where there is a screen
        self._last: dict[str, Any] | None = None

    # Events of the training

    def started(
        self,
        name: str,
        folder: Path | str | None,
        *,
        epochs: int,
        steps_per_epoch: int,
        step: int = 0,
        best: Mapping[str, Any] | None = None,
        curve: LossCurve | None = None,
        facts: tuple[str, ...] = (),
    ) -> None:
        """Training begins, kept in a folder or in memory, after `step` steps of an earlier session with its `best` row.

        `curve`: the losses of that session. `facts`: lines about the data and the network.
        """
        self.folder = folder
        self.epochs, self.steps_per_epoch, self.total = epochs, steps_per_epoch, epochs * steps_per_epoch
        self.first_step = self.step = step
        self.best = dict(best) if best else None
        self.lines = EvaluationLines(epochs, self.total)
        self.lr, self._rows, self._loss_sum = math.nan, 0, 0.0
        self.ready()
        self._rate = math.nan  # samples per second of the previous evaluation interval
        resumed = f", resumed after step {step:,}" if step else ""
        length = f"{counted(epochs, 'epoch')} of {counted(steps_per_epoch, 'step')}"
        self.note(f"{name}: {length}, in {folder or 'memory'}{resumed}")
        for fact in facts:
            self.note(fact)
        if self.live:
            self.curve = curve or LossCurve(step)
            self._screen = Screen(self, self.console)
            self._refresh("starting")

    @contextmanager
    def compiling(self) -> Iterator[None]:
        """Wraps the compiling or loading of kernels: it is shown once, and `ready` starts the clock after it."""
        begun = self._clock()
        self._refresh("compiling the kernels (only once)")
        yield
        took = self._clock() - begun
        self.compile_s += took
        self.note(f"kernels ready in {duration(took)}")
        self.ready()
        self._refresh()

    def ready(self) -> None:
        """The first step follows: the clock starts."""
        self._begun = self._interval = self._last_step = self._last_event = self._clock()

    def stepped(self, state: Position, loss: float, lr: float, rows: int) -> None:
        """A step on `rows` samples with that mean loss is done. Called very often: it takes about half a microsecond."""
        self._last_step = now = self._clock()
        self.step = state.step
        self.lr = lr
        self._rows += rows
        self._loss_sum += loss * rows
        if self.curve is not None:
            self.curve.pending.append(loss)
        if now >= self._due:
            self._refresh()

    def evaluating(self, state: Position) -> None:
        """The splits are being scored."""
        if self._clock() >= self._due:
            self._refresh("scoring")

    def evaluated(self, row: Mapping[str, Any], best: bool | None = None) -> None:
        """A new row of metrics.csv; `best`: whether it is the best so far, by default as in the row itself."""
        now = self._clock()
        row = {**row, "seconds": now - self._interval}
        if bool(row.get("best")) if best is None else best:
            self.best = row
        self._rate, self._rows, self._loss_sum = self.samples_per_s, 0, 0.0
        self._interval = self._last_event = now
        self._last = row
        self.recent.append(row)
        if self.curve is not None:
            self.curve.add_evaluation(row)
        line = self.lines.line(row, row is self.best)
        self._keep(line)
        if self._screen is None and not self.quiet:
            self._print(line)
        if now >= self._due:  # an epoch may take less time than its drawing
            self._refresh()

    def note(self, text: str) -> None:
        """A line that stays on the screen."""
        text = printable(text)
        self._keep(text)
        if not self.quiet:
            self._print(text)

    def warn(self, text: str) -> None:
        """Prints a warning, above the live display where there is one, and also where `quiet`. It is not logged."""
        show_warning(text, self.console)

    def finished(
        self,
        status: str = "finished",
        scores: Mapping[str, Mapping[str, Any]] | None = None,
        files: Mapping[str, str] | None = None,
        next_command: str | None = None,
        baseline: str = "",
    ) -> None:
        """Training is over: prints how it ended, the scores, where the files are, and what to type next.

        `status`: "finished", "stopped early", "interrupted", ... `scores`: {"test": {"loss": 0.11, ...}}; by default
        those of the best row. `files`: {"loss": "runs/x/loss.png", ...}. `baseline`: the scores of a constant prediction.
        """
        self.close()
        lines = list(self.closing_lines(status, scores, files or {}, next_command, baseline))
        width = max(LABEL_WIDTH, *(len(label) + 1 for label, _ in lines))
        for label, text in lines:
            label = label.ljust(width) if label else ""
            text = printable(text)
            self._keep(label + text)
            style = "bold" if label.strip() in ("", "next") else ""
            line = Text.assemble((label, "dim"), (text, style))
            if label.strip() == "next":  # a command that can be copied
                self.results.print(line, soft_wrap=True)
            else:
                show_line(self.results, line, len(label))

    def close(self) -> None:
        """Ends the live display and restores the terminal."""
        if self._screen is not None:
            self._screen.close()
            self._screen, self._due = None, NEVER

    # What is shown

    @property
    def seconds(self) -> float:
        """Since the start of this session, without compiling."""
        return self._clock() - self._begun

    @property
    def trained_s(self) -> float:
        """The same, until the last step or evaluation."""
        return max(self._last_step, self._last_event) - self._begun

    @property
    def samples_per_s(self) -> float:
        """Of the steps since the last evaluation, without the time of scoring. NaN before the first step."""
        spent = self._last_step - self._interval
        if spent < 0.2 and math.isfinite(self._rate):  # too short to measure
            return self._rate
        return self._rows / spent if self._rows and spent > 0 else self._rate

    @property
    def seconds_left(self) -> float:
        """Extrapolated from the time so far, including scoring. NaN before the first step."""
        done = self.step - self.first_step
        return self.seconds / done * (self.total - self.step) if done else math.nan

    @property
    def train_loss(self) -> float:
        """The mean since the last evaluation."""
        return self._loss_sum / self._rows if self._rows else math.nan

    def closing_lines(
        self,
        status: str,
        scores: Mapping[str, Mapping[str, Any]] | None,
        files: Mapping[str, str],
        next_command: str | None,
        baseline: str = "",
    ) -> Iterator[tuple[str, str]]:
        """(label, text) of each final line."""
        done = self.step / self.steps_per_epoch
        of = f" of {self.epochs:,}" if self.step != self.total else ""
        compiling = f", plus {duration(self.compile_s)} for compiling" if self.compile_s >= 0.05 else ""
        yield (
            "",
            f"{status}: {epoch_text(done)}{of} epoch{'s' * (self.epochs != 1)} in {duration(self.trained_s)}{compiling}",
        )
        row = self.best or self._last
        if row is not None:
            scores = grouped(row) if scores is None else scores
            yield (
                "best" if row is self.best else "last",
                f"epoch {epoch_text(row['epoch'])}, step {row['step']:,}",
            )
        for split, values in (scores or {}).items():
            yield split, score_line(values)
        if baseline:
            yield "baseline", baseline
        if self.folder is not None:
            yield "run", str(self.folder)
        yield from files.items()
        if next_command:
            yield "next", next_command

    # How it is shown

    def _keep(self, line: str) -> None:
        if self.log is not None:
            self.log(line)

    def _print(self, line: str) -> None:
        show_line(self.console, Text(line), INDENT)  # above the live display where there is one

    def _refresh(self, phase: str = "") -> None:
        if self._screen is not None:
            begun = self._clock()
            self._screen.draw(phase)
            now = self._clock()
            # Ten times a second, but never more than 2% of the time.
            self._due = now + max(0.1, 50 * (now - begun))
