"""Evaluations: the rows of metrics.csv."""

import numpy as np

from nntrain.report.formats import epoch_text, short, split_and_score
from nntrain.report.html.elements import Html, element, folded, section
from nntrain.report.html.reported import ReportedRun
from nntrain.report.html.tables import Cell, score, table, whole
from nntrain.run.history import History

MOST = 200  # rows
OPEN = 30  # rows that are shown without a click


def evaluations(run: ReportedRun) -> Html:
    history = run.history
    if history is None or not len(history):
        return Html()
    rows = shown_rows(history)
    columns = [
        name for name in history.columns if split_and_score(name)[0] and history.evaluations[name].count()
    ]
    shown = table(
        ["epoch", "step", *(column.replace("_", " ") for column in columns), "lr"],
        [
            [*head(history, row), *(score(history.value(name, row)) for name in columns), rate(history, row)]
            for row in rows
        ],
        marked=[place for place, row in enumerate(rows) if row == history.best],
    )
    note = "The best evaluation is marked." if history.best is not None else None
    left_out = (
        f" {len(rows)} of {len(history):,} evaluations are shown; metrics.csv holds them all."
        if len(rows) < len(history)
        else None
    )
    title = f"{len(history):,} evaluation{'s' * (len(history) != 1)}"
    return section(
        "Evaluations",
        folded(title, element("p", note, left_out), shown, opened=len(rows) <= OPEN),
        key="evaluations",
    )


def shown_rows(history: History) -> list[int]:
    """All rows; of many, evenly spaced ones with the first, the last and the best."""
    if len(history) <= MOST:
        return list(range(len(history)))
    spaced = {int(row) for row in np.linspace(0, len(history) - 1, MOST).round()}
    return sorted(spaced | ({history.best} if history.best is not None else set()))


def head(history: History, row: int) -> list[Cell]:
    epoch, step = history.value("epoch", row), history.value("step", row)
    return [
        Cell("" if epoch is None else epoch_text(epoch), epoch, numeric=True),
        whole(None if step is None else int(step)),
    ]


def rate(history: History, row: int) -> Cell:
    value = history.value("lr", row)
    return Cell("" if value is None else short(value), value, numeric=True)
