"""Run comparison: two runs side by side, with the better scores marked, and what it means."""

from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from nntrain.config.scalars import inline
from nntrain.listing.comparison import Comparison, ScoreChange, SplitChange
from nntrain.listing.config_changes import Change, Side
from nntrain.listing.entry import Entry
from nntrain.listing.verdict import verdict
from nntrain.report.formats import distinct, duration, number, printable
from nntrain.report.terminal.console import output
from nntrain.report.terminal.responsive_table import Column, ResponsiveTable
from nntrain.report.terminal.runs import STYLES, moment, one_line, progress
from nntrain.report.terminal.wrapping import show_line

LONGEST_NAME = 24  # characters of a run's name in a heading
INDENT = 2
CHECKPOINTS = {
    "same bytes": "the same bytes",
    "same parameters": "the same parameters, in files that differ",
    "other parameters": "other parameters",
    "missing": "missing in one of the runs",
}
UNSAID = ("cpu", "cores", "git")  # where they are the same


def show_comparison(found: Comparison, console: Console | None = None) -> None:
    """Prints what differs between two runs, part by part."""
    show = _Writer(console or output(), names(found.a, found.b))
    show.runs(found)
    show.config(found)
    show.data(found)
    show.starts(found)
    show.overrides(found)
    show.versions(found)
    show.scores(found)
    show.checkpoints(found)
    show.line(Text(printable(verdict(found)), "bold"))


def names(a: Entry, b: Entry) -> tuple[str, str]:
    """Their names, or their paths where the names are equal."""
    texts = [a.name, b.name] if a.name != b.name else [str(a.path), str(b.path)]
    first, second = distinct([one_line(text) for text in texts], LONGEST_NAME)
    return first, second


class _Writer:
    """Parts with a heading each; what fits no table is shown as lines of `-` and `+`."""

    def __init__(self, console: Console, names: tuple[str, str]):
        self.console, self.names = console, names

    def line(self, line: Text, indent: int = INDENT) -> None:
        show_line(self.console, line, indent)

    def heading(self, text: str, rest: str = "") -> None:
        self.line(Text.assemble((text, "bold cyan"), f": {rest}" if rest else ""))

    def gap(self) -> None:
        self.console.print()

    def runs(self, found: Comparison) -> None:
        columns = [
            Column("run", "left"),
            Column("status", "left"),
            Column("epochs"),
            Column("best epoch", drop_rank=1),
            Column("time", drop_rank=2),
            Column("started", drop_rank=4),
            Column("seed", drop_rank=3),
            Column("parameters", drop_rank=1),
        ]
        rows: list[list[str | Text]] = [
            [
                name,
                Text(run.status, STYLES.get(run.status, "")),
                progress(run),
                "" if run.best_epoch is None else f"{run.best_epoch:,.10g}",
                "" if run.seconds is None else duration(run.seconds),
                moment(run.started),
                "" if seed is None else str(seed),
                "" if parameters is None else f"{parameters:,}",
            ]
            for run, name, seed, parameters in zip(
                (found.a, found.b), self.names, found.seeds, found.parameters, strict=True
            )
        ]
        self.console.print(ResponsiveTable(columns, rows, lists_hidden=False))
        for run, name in zip((found.a, found.b), self.names, strict=True):
            for text in filter(None, (run.error, run.problem)):
                self.line(Text(f"{name}: {printable(text)}"))
        self.gap()

    def config(self, found: Comparison) -> None:
        if unknown := self.without([bool(run.settings) for run in (found.a, found.b)]):
            self.heading("config", f"unknown of {unknown}")
        elif not found.config:
            self.heading("config", "the same")
        else:
            self.changes("config", "option", found.config)
        self.gap()

    def changes(self, heading: str, column: str, changes: Sequence[Change]) -> None:
        """A row per change; where they do not fit the terminal, a line per change, or its values on lines of their own."""
        rows = [(printable(change.name), value_text(change.a), value_text(change.b)) for change in changes]
        columns = [Column(column, "left"), *(Column(name, "left") for name in self.names)]
        table = ResponsiveTable(columns, [list(row) for row in rows])
        if sum(table.widths()) + 2 * len(columns) <= self.console.width:
            self.heading(heading)
            self.console.print(table)
            return
        self.heading(heading, f"- {self.names[0]}, + {self.names[1]}")
        for name, a, b in rows:
            if (
                Side.ABSENT.value not in (a, b)
                and cell_len(line := f"{name}: {a} -> {b}") <= self.console.width
            ):
                self.line(Text(line))
                continue
            self.line(Text(name))
            for sign, style, value in (("-", "red", a), ("+", "green", b)):
                if value != Side.ABSENT.value:
                    self.line(Text(f"  {sign} {value}", style), 2 + len("+ "))

    def without(self, known: Sequence[bool]) -> str:
        """The names of the runs of which something is not known."""
        return " and ".join(name for name, is_known in zip(self.names, known, strict=True) if not is_known)

    def overrides(self, found: Comparison) -> None:
        if found.overrides[0] == found.overrides[1] or not all(found.machines_known):
            return
        self.heading("overrides")
        for name, overrides in zip(self.names, found.overrides, strict=True):
            self.line(Text(f"{name}: {printable(', '.join(overrides)) or 'none'}"))
        self.gap()

    def starts(self, found: Comparison) -> None:
        if found.same_start:
            return
        self.heading("start")
        for name, start in zip(self.names, found.starts, strict=True):
            weights = f"the weights of {one_line(start.checkpoint)}" if start else "initial weights"
            self.line(Text(f"{name}: {weights}"))
        self.gap()

    def data(self, found: Comparison) -> None:
        if not found.data or (
            unknown := self.without([side is not None for side in (found.data[0].a, found.data[0].b)])
        ):
            self.heading("data", f"unknown of {unknown}" if found.data else "unknown")
        elif all(split.same for split in found.data):
            self.heading(
                "data",
                f"the same, {', '.join(f'{split.a or 0:,} {split.split}' for split in found.data)} samples",
            )
        else:
            self.heading("data")
            rows: list[list[str | Text]] = [
                [split.split, samples(split.a), samples(split.b), sameness(split)] for split in found.data
            ]
            self.console.print(
                ResponsiveTable(
                    [Column("samples", "left"), *map(Column, self.names), Column("", "left")], rows
                )
            )
        self.gap()

    def versions(self, found: Comparison) -> None:
        if unknown := self.without(found.machines_known):
            self.heading("versions", f"unknown of {unknown}")
        elif found.versions:
            self.changes("versions", "", found.versions)
        else:
            same = found.same_versions.items()
            versions = ", ".join(f"{name} {value}" for name, value in same if name not in UNSAID)
            self.heading("versions", f"the same, {printable(versions)}")
        self.gap()

    def scores(self, found: Comparison) -> None:
        if not found.scores:
            self.heading("scores", "none yet")
            self.gap()
            return
        so_far = [name for run, name in zip((found.a, found.b), self.names, strict=True) if not run.final]
        self.heading(
            "scores", f"of {' and '.join(so_far)} those of the best evaluation so far" if so_far else ""
        )
        columns = [
            Column("score", "left"),
            *map(Column, self.names),
            Column("difference", drop_rank=1),
            Column("better", "left"),
        ]
        self.console.print(ResponsiveTable(columns, [self.score_row(score) for score in found.scores]))
        self.gap()

    def score_row(self, score: ScoreChange) -> list[str | Text]:
        values = [
            Text(number(value), "bold green" if score.better == side else "")
            for value, side in ((score.a, "a"), (score.b, "b"))
        ]
        split, _, metric = score.column.partition("_")
        difference = "" if score.difference is None else signed(score.difference)
        unclear = "" if score.same_samples or score.difference is None else "other samples"
        better = {"a": self.names[0], "b": self.names[1], "equal": "equal", None: unclear}[score.better]
        return [f"{split} {metric.replace('_', ' ')}", *values, difference, better]

    def checkpoints(self, found: Comparison) -> None:
        if missing := self.without([count is not None for count in found.parameters]):
            self.heading("checkpoints", f"none of {missing}")
        elif found.best == found.last:
            self.heading("checkpoints", CHECKPOINTS[found.best])
        else:
            self.heading("checkpoints", f"best: {CHECKPOINTS[found.best]}; last: {CHECKPOINTS[found.last]}")
        self.gap()


def value_text(value: Any) -> str:
    """As in YAML; a component without the braces around it."""
    if value is Side.ABSENT:
        return value.value
    if value is None:
        return "none"
    text = inline(value) if not isinstance(value, str) or value == "" else value
    return printable(text[1:-1] if isinstance(value, dict) and len(value) == 1 else text)


def samples(count: int | None) -> str:
    return "-" if count is None else f"{count:,}"


def sameness(split: SplitChange) -> str:
    if split.same is None:
        return "unknown"
    return (
        "the same" if split.same else "other samples" if split.a is not None and split.b is not None else ""
    )


def signed(difference: float) -> str:
    return f"+{number(difference)}" if difference > 0 else number(difference)
