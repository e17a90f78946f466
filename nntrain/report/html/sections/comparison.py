"""Comparison: several runs in one table, with what differs between their configs and their final scores."""

from collections.abc import Sequence
from typing import Any

from nntrain.config.scalars import inline
from nntrain.errors import dotted
from nntrain.report.formats import epoch_text
from nntrain.report.html.elements import Html, code, element, section
from nntrain.report.html.reported import ReportedRun
from nntrain.report.html.sections.summary import badge, is_number
from nntrain.report.html.sections.summary import cell as score_cell
from nntrain.report.html.tables import Cell, large, table
from nntrain.run.settings import ABSENT, differing, value_text


def comparison(runs: Sequence[ReportedRun], labels: Sequence[str]) -> Html:
    return section("Runs", scores(runs, labels), differences(runs), key="runs")


def scores(runs: Sequence[ReportedRun], labels: Sequence[str]) -> Html:
    """A row per run: how it ended, its best epoch, its size and its scores."""
    splits = [split for split in ("train", "validation", "test") if any(split in run.scores for run in runs)]
    columns = [
        (split, name)
        for split in splits
        for name in dict.fromkeys(name for run in runs for name in run.scores.get(split, {}))
        if any(is_number(run.scores.get(split, {}).get(name)) for run in runs)
    ]
    headings = [f"{split} {name.replace('_', ' ')}" for split, name in columns]
    rows = [
        [
            Cell(
                [element("b", label), element("br"), run.name]
                if label != run.name
                else element("b", run.name)
            ),
            Cell(badge(run)),
            best_epoch(run),
            *(score_cell(run.scores.get(split, {}).get(name)) for split, name in columns),
            large(sum(row.parameters for row in run.layers)),
            Cell(duration_of(run), numeric=True),
        ]
        for run, label in zip(runs, labels, strict=True)
    ]
    return table(["run", "status", "best epoch", *headings, "parameters", "time"], rows)


def duration_of(run: ReportedRun) -> str:
    """ "0.31 s" of "25 epochs in 0.31 s, plus 0.49 s for compiling"."""
    return run.took.rpartition(" in ")[2].partition(",")[0]


def best_epoch(run: ReportedRun) -> Cell:
    history = run.history
    epoch = history.value("epoch", history.best) if history is not None and history.best is not None else None
    return Cell("" if epoch is None else epoch_text(epoch), epoch, numeric=True)


def value_cell(value: Any) -> Cell:
    """A value, shortened, with its whole text on hover; empty for an option that the run's component does not have."""
    return Cell("") if value is ABSENT else Cell(code(value_text(value)), title=inline(value))


def differences(runs: Sequence[ReportedRun]) -> Html:
    """A row per option that differs, a column per run."""
    known = [run for run in runs if run.settings]
    found = differing([run.settings for run in known]) if len(known) > 1 else {}
    unknown = ", ".join(run.name for run in runs if not run.settings)
    note = element("p", f"Without a config: {unknown}.", class_="note") if unknown else Html()
    if not found:
        return note or element("p", "Their configs do not differ.")
    rows = [
        [Cell(code(dotted(keys))), *(value_cell(value) for value in values)] for keys, values in found.items()
    ]
    heading = element("h3", "What differs between their configs")
    return Html(heading + table(["option", *(run.name for run in known)], rows, sortable=False) + note)
