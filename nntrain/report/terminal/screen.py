"""Screen: the live display of a training: a table of the last evaluations, a progress bar, the speed and the time left."""

import math
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group, RenderableType
from rich.constrain import Constrain
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from nntrain.report.formats import clock, count, duration, number, short, split_and_score
from nntrain.report.terminal.plot import AROUND, LossPlot
from nntrain.report.terminal.responsive_table import Column, ResponsiveTable

if TYPE_CHECKING:
    from nntrain.report.terminal.progress import Progress

STATUS_LINES = 5  # below the table, and its heading
CURVE_WIDTH, CURVE_HEIGHT = 50, 22  # of a terminal that has room for the curve, at least
WIDEST_CURVE = 80


class Screen:
    """Redrawn by its `Progress` only; it has no thread of its own."""

    def __init__(self, progress: "Progress", console: Console):
        self.progress = progress
        self._live = Live(console=console, auto_refresh=False, transient=False, vertical_overflow="crop")
        self._live.start()

    def draw(self, phase: str = "") -> None:
        self._live.update(Group(*self._table(), *self._curve(), *self._status(phase)), refresh=True)

    def close(self) -> None:
        """Leaves the table and the curve on the terminal."""
        self._live.update(Group(*self._table(), *self._curve()), refresh=True)
        self._live.stop()

    def _table(self) -> list[RenderableType]:
        progress = self.progress
        rows = self._rows()
        if not rows:
            return []
        scores = [
            column
            for column in rows[-1]
            if column_rank(column) is not None and not isinstance(rows[-1][column], list)
        ]
        columns = [
            Column("epoch"),
            *(Column("\n".join(split_and_score(name)), drop_rank=column_rank(name) or 0) for name in scores),
            Column("lr", drop_rank=5),
            Column("time", drop_rank=4),
            Column("", "left"),
        ]
        lines: list[list[str | Text]] = [
            [
                progress.lines.epoch_done(row),
                *(number(row[column]) for column in scores),
                short(row["lr"]),
                duration(row["seconds"]),
                "best" if row is progress.best else "",
            ]
            for row in rows
        ]
        styles = {i: "green" for i, row in enumerate(rows) if row is progress.best}
        return [ResponsiveTable(columns, lines, row_styles=styles, lists_hidden=False), Text()]

    def _rows(self) -> list[dict[str, Any]]:
        """The last evaluations; an older best one takes the first row."""
        progress = self.progress
        room = max(self._live.console.height - STATUS_LINES - 4 - self._curve_lines(), 1)
        rows = list(progress.recent)[-room:]
        best = progress.best
        if best is not None and "seconds" in best and len(rows) > 1 and not any(row is best for row in rows):
            rows[0] = best
        return rows

    def _curve(self) -> list[RenderableType]:
        curve, rows = self.progress.curve, self._curve_lines() - AROUND - 1
        if curve is None or rows <= 0:
            return []
        return [Constrain(LossPlot(curve, self.progress.steps_per_epoch, rows), WIDEST_CURVE), Text()]

    def _curve_lines(self) -> int:
        """How many lines the curve takes of the terminal, with an empty one below it: about a third; 0 where it has no room."""
        console = self._live.console
        if console.width < CURVE_WIDTH or console.height < CURVE_HEIGHT:
            return 0
        return min(console.height // 3, 12) + 1

    def _status(self, phase: str) -> list[RenderableType]:
        progress = self.progress
        epoch = min(progress.step // progress.steps_per_epoch + 1, progress.epochs)
        name, steps = f"epoch {epoch:,}/{progress.epochs:,}", f"step {progress.step:,}/{progress.total:,}"
        width = min(self._live.console.width - len(name) - len(steps) - 12, 60)
        bar = Table.grid(padding=(0, 2, 0, 0))
        done = ProgressBar(
            total=progress.total,
            completed=progress.step,
            width=max(width, 4),
            complete_style="cyan",
            finished_style="green",
        )
        bar.add_row(
            Text(name, style="bold"), done, Text(f"{100 * progress.step / progress.total:3.0f}%"), Text(steps)
        )
        facts = [f"{clock(progress.seconds)} elapsed"]
        if not math.isnan(progress.seconds_left):
            facts += [f"{clock(progress.seconds_left)} left"]
        if not math.isnan(progress.samples_per_s):
            facts += [f"{count(progress.samples_per_s)} samples/s"]
        if not math.isnan(progress.train_loss):
            facts += [f"train loss {number(progress.train_loss)}", f"lr {short(progress.lr)}"]
        line = Text("  ".join(facts), no_wrap=True, overflow="ellipsis")
        return [bar, Text(f"{phase} ...", style="yellow") if phase else line]


def column_rank(column: str) -> int | None:
    """The `drop_rank` of a column of metrics.csv on a narrow screen; None for a column that holds no score."""
    split, score = split_and_score(column)
    if not split:
        return None
    if score == "loss":
        return {"train": 0, "validation": 0, "test": 6}[split]
    return {"train": 8, "validation": 3, "test": 7}[split]
