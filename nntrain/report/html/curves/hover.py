"""Hover: what the pointer shows in a figure: the scores of each run at the nearest evaluation."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nntrain.report.formats import SPLITS, epoch_text, number
from nntrain.report.html.curves.drawn import Drawn

MOST_POINTS = 2000
Rows = dict[str, list[str]]  # what a row of the box is called, and its text at every point


def add_hover(figure: Any, runs: Sequence[Drawn], score: str) -> None:
    """Adds an invisible line with a point per evaluation, which holds the texts: one box, however many curves and runs there are."""
    from bokeh.models import ColumnDataSource, HoverTool

    epochs = np.unique(np.concatenate([run.history.evaluations["epoch"].data for run in runs]))
    if len(epochs) > MOST_POINTS:
        epochs = epochs[np.linspace(0, len(epochs) - 1, MOST_POINTS).astype(int)]
    rows = {"epoch": [epoch_text(float(epoch)) for epoch in epochs]} | texts(runs, score, epochs)
    low, high = figure.y_range.start, figure.y_range.end
    middle = (low * high) ** 0.5 if low > 0 else (low + high) / 2
    # Columns have names of ours, so that no name of a user is taken for a field.
    columns = {f"row_{number}": values for number, values in enumerate(rows.values())}
    source = ColumnDataSource({"x": epochs, "y": np.full(len(epochs), middle), **columns})
    points = figure.line("x", "y", source=source, line_alpha=0)
    shown = [
        (name.replace("@", "@\u2060").replace("$", "$\u2060"), f"@{column}")
        for name, column in zip(rows, columns, strict=True)
    ]
    figure.add_tools(HoverTool(renderers=[points], mode="vline", line_policy="nearest", tooltips=shown))


def texts(runs: Sequence[Drawn], score: str, epochs: np.ndarray) -> Rows:
    """A row per split for one run, a row per run for several."""
    if len(runs) == 1:
        return {
            split: values_of(runs[0], split, score, epochs) for split in SPLITS if runs[0].has(split, score)
        }
    found: Rows = {}
    for run in runs:
        splits = [split for split in SPLITS if run.has(split, score)]
        if not splits:  # a metric that only other runs have
            continue
        columns = [values_of(run, split, score, epochs) for split in splits]
        found[run.label] = [
            ", ".join(f"{split} {value}" for split, value in zip(splits, values, strict=True) if value)
            for values in zip(*columns, strict=True)
        ]
    return found


def values_of(run: Drawn, split: str, score: str, epochs: np.ndarray) -> list[str]:
    """The value at the evaluation that is nearest to each epoch; empty after the end of the run."""
    history = run.history
    own = history.evaluations["epoch"].data
    places = np.clip(np.searchsorted(own, epochs), 0, len(own) - 1)
    before = np.maximum(places - 1, 0)
    nearest = np.where(np.abs(own[before] - epochs) < np.abs(own[places] - epochs), before, places)
    return [
        number(history.value(f"{split}_{score}", int(row))) if epoch <= own[-1] else ""
        for row, epoch in zip(nearest, epochs, strict=True)
    ]
