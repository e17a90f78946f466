"""Cross-validation in the terminal: the scores of each fold, and their mean and standard deviation."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.text import Text

from nntrain.report.formats import counted, duration, number, printable
from nntrain.report.searched import deviation_words, folds_words, mean_words, words
from nntrain.report.terminal.console import output
from nntrain.report.terminal.responsive_table import Column, ResponsiveTable
from nntrain.search.results import HELD_OUT, CrossvalResult, MemberResult

MOST = 30  # runs with a row each; of more, with several seeds, each seed has a row
USUAL = ("finished", "stopped early")  # statuses that need no mention


def show_crossval(result: CrossvalResult, console: Console | None = None) -> None:
    """Prints the scores of each fold and their mean ± standard deviation."""
    (console or output()).print(crossval_table(result))


def crossval_table(result: CrossvalResult) -> RenderableType:
    """A row for each run, or for each seed where there are many runs; below them the mean and the standard deviation."""
    rows = rows_of(result)
    some = any(row.status not in USUAL for row in rows)
    samples = any(row.samples for row in rows)
    columns = [
        Column("run", "left"),
        *([Column("status", "left")] if some else []),
        *([Column("held-out\nsamples", drop_rank=len(result.metrics) + 1)] if samples else []),
        # The loss and the first other metric stay.
        *(Column(heading(metric), drop_rank=max(i - 1, 0)) for i, metric in enumerate(result.metrics)),
        Column("time", drop_rank=len(result.metrics)),
    ]
    cells: list[list[str | Text]] = [
        [
            printable(row.name),
            *([Text(row.status, style="" if row.status in USUAL else "yellow")] if some else []),
            *([row.samples] if samples else []),
            *(number(score) for score in row.scores),
            duration(row.seconds) if row.seconds is not None else "",
        ]
        for row in rows
    ]
    spent = [row.seconds for row in rows if row.seconds is not None]
    totals: list[str | Text] = [
        "mean\n±",
        *([""] if some else []),
        *([""] if samples else []),
        *(mean_cell(result, metric) for metric in result.metrics),
        duration(sum(spent)) if spent else "",
    ]
    head = Text.assemble((printable(result.name), "bold"), f": {folds_words(result)}")
    if not result.scored:
        return Group(head, Text(), ResponsiveTable(columns, cells), Text(), Text("no run has scores"))
    return Group(head, Text(), ResponsiveTable(columns, cells, totals=totals), Text(), foot(result))


def heading(metric: str) -> str:
    """ "balanced\naccuracy": long names on two lines."""
    name = words(metric)
    return name if len(name) <= 10 else name.replace(" ", "\n", 1)


def mean_cell(result: CrossvalResult, metric: str) -> str:
    """The mean, and on the next line the standard deviation."""
    mean, deviation = result.mean(metric), result.deviation(metric)
    if not len(result.measured(metric)):
        return ""
    return f"{number(mean)}\n{deviation_words(mean, deviation) if np.isfinite(deviation) else '-'}"


def foot(result: CrossvalResult) -> Text:
    """ "accuracy 0.9533 ± 0.0298 (mean ± standard deviation of 5 runs)"."""
    metric = result.metrics[min(1, len(result.metrics) - 1)]
    mean, deviation = result.mean(metric), result.deviation(metric)
    runs = counted(len(result.members), "run")
    of = runs if len(result.scored) == len(result.members) else f"{len(result.scored)} of {runs}"
    what = "mean ± standard deviation" if np.isfinite(deviation) else "mean"
    return Text.assemble((f"{words(metric)} {mean_words(mean, deviation)}", "bold"), f" ({what} of {of})")


@dataclass(frozen=True)
class Row:
    name: str
    status: str
    samples: str
    scores: Sequence[float | None]
    seconds: float | None


def rows_of(result: CrossvalResult) -> list[Row]:
    seeds = list(dict.fromkeys(member.seed for member in result.members))
    if len(result.members) <= MOST or len(seeds) == 1:
        return [row_of(member, result.metrics) for member in result.members]
    return [seed_row(result, seed) for seed in seeds]


def row_of(member: MemberResult, metrics: Sequence[str]) -> Row:
    scores = member.scores.get(HELD_OUT, {})
    samples = f"{member.counts[HELD_OUT]:,}" if HELD_OUT in member.counts else ""
    return Row(
        member.name, member.status, samples, [scores.get(metric) for metric in metrics], member.seconds
    )


def seed_row(result: CrossvalResult, seed: int) -> Row:
    """The means over the folds of a seed."""
    chosen = CrossvalResult(
        result.name,
        tuple(member for member in result.members if member.seed == seed),
        result.metrics,
        result.higher_is_better,
    )
    done = len(chosen.scored)
    whole = done == len(chosen.members)
    spent = [member.seconds for member in chosen.members if member.seconds is not None]
    return Row(
        f"seed {seed}, {folds_words(chosen)}",
        "finished" if whole else f"{done} of {len(chosen.members)} scored",
        "",
        [chosen.mean(metric) if len(chosen.measured(metric)) else None for metric in result.metrics],
        sum(spent) if spent else None,
    )
