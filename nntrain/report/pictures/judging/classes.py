"""Classes: precision, recall, F1 score and number of samples of each class, the worst class first."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.canvas import BLUE, EDGE, GRID, INK, ORANGE, PALE_INK
from nntrain.report.pictures.drawing.page import Page
from nntrain.report.pictures.drawing.shades import widest
from nntrain.report.pictures.judging.predictions import SPLIT_HELP, Split, all_named, is_classifier, judged
from nntrain.report.pictures.picture import Drawn, Picture, option
from nntrain.report.pictures.subject import Subject

MOST, WORST = 30, 20  # with more classes, so many of the worst and the rest of the best are shown
LINE, CHART, NOTE = 0.24, 3.6, 1.15  # inches
COLUMNS = {"precision": 0.85, "recall": 0.7, "F1": 0.7, "samples": 0.85}  # widths in inches
SCORES = {
    "precision": ("o", ORANGE, 6),
    "recall": ("s", BLUE, 6),
    "F1": ("D", INK, 4.5),
}  # marker, colour, points


class Classes(Picture, name="classes"):
    title = "Precision, recall, F1 score and number of samples of each class, the worst class first."
    applies_to = "classifiers (except language models)"

    split: Split | None = option(None, SPLIT_HELP)

    def applies(self, subject: Subject) -> bool:
        return is_classifier(subject)

    def collect(self, subject: Subject) -> dict[str, np.ndarray]:
        """scores (classes, 3): precision, recall, F1, NaN where undefined; support (classes,); predicted (classes,);
        macro, weighted (3,); accuracy; classes; labels, whether each class is a label of its own; about.
        """
        from nntrain.metrics.classification import F1, Accuracy, Precision, Recall

        rows = judged(subject, self.split)
        sums = F1().start(rows.loss)
        F1().add(sums, rows.outputs, rows.target, None)
        kinds = (Precision, Recall, F1)
        return {
            "scores": np.stack([kind().by_label(sums) for kind in kinds], axis=1),
            "support": np.atleast_1d(sums["true"]).astype(int),
            "predicted": np.atleast_1d(sums["predicted"]).astype(int),
            **{
                average: np.array([kind(average=average).value(sums) for kind in kinds])
                for average in ("macro", "weighted")
            },
            "accuracy": np.array(rows.score(Accuracy())),
            "classes": np.array(rows.names),
            "labels": np.array(rows.kind == "labels"),
            "about": np.array(rows.about),
        }

    def figure(self, drawn: Drawn) -> Any:
        arrays = drawn.arrays
        order = worst_first(arrays["scores"], arrays["support"])
        rows, gap = rows_of(arrays, order), len(order) > MOST
        left = max(0.3 + widest(canvas.new_figure(), [row.name for row in rows], 9.5), 1.2)
        columns = left + CHART + 0.15
        notes = columns + sum(COLUMNS.values()) + 0.15
        lines = rows[-1].line + 0.7
        page = Page(
            drawn.name,
            sentence_of(arrays, order),
            [[str(arrays["about"])]],
            below=(lines + 2.3) * LINE,
            width=max(notes + 0.05 + NOTE * any(row.note for row in rows), 7.5),
        )
        axes = page.axes(left, LINE, CHART, lines * LINE)
        draw_scores(axes, rows, lines)
        axes.axhline(rows[-2].line - 0.75, color=EDGE, linewidth=0.8)
        write_line(page, columns, LINE * 0.5, list(COLUMNS), heads=True)
        for row in rows:
            y = LINE * (1 + row.line)
            page.text(left - 0.12, y, row.name, ha="right", fontsize=9.5)
            write_line(page, columns, y, row.texts)
            page.text(notes, y, row.note, fontsize=8.5, color=PALE_INK)
        if gap:
            text = f"… {len(order) - MOST:,} classes between these"
            y = LINE * (1.5 + WORST)
            page.text(left + CHART / 2, y, text, fontsize=8.5, ha="center", color=PALE_INK)
        return page.figure


@dataclass(frozen=True)
class Row:
    line: float  # of its middle, in lines from the top of the chart
    name: str
    scores: np.ndarray  # (3,)
    samples: int
    note: str = ""

    @property
    def texts(self) -> list[str]:
        return [*("–" if math.isnan(score) else f"{score:.3f}" for score in self.scores), f"{self.samples:,}"]


def rows_of(arrays: Any, order: np.ndarray) -> list[Row]:
    """The classes, with a gap of a line where some are left out, and two averages."""
    shown = order if len(order) <= MOST else np.concatenate([order[:WORST], order[WORST - MOST :]])
    support, names = arrays["support"], all_named(arrays["classes"], 26)
    rows = [
        Row(
            place + 0.5 + (place >= WORST and len(order) > MOST),
            names[number],
            arrays["scores"][number],
            int(support[number]),
            "no samples"
            if support[number] == 0
            else "never predicted"
            if arrays["predicted"][number] == 0
            else "",
        )
        for place, number in enumerate(shown)
    ]
    below = rows[-1].line + 1.5
    averages = ("macro", "weighted")
    return rows + [
        Row(below + place, f"{name} average", arrays[name], int(support.sum()))
        for place, name in enumerate(averages)
    ]


def worst_first(scores: np.ndarray, support: np.ndarray) -> np.ndarray:
    """Classes by F1 score; those that neither occur nor are predicted last."""
    f1 = np.where(np.isnan(scores[:, 2]), np.inf, scores[:, 2])
    return np.lexsort((np.arange(len(f1)), -support, f1))


def sentence_of(arrays: Any, order: np.ndarray) -> str:
    f1, names = arrays["scores"][:, 2], all_named(arrays["classes"])
    known = [place for place in order if not math.isnan(f1[place])]
    what = "label" if arrays["labels"] else "class"
    text = f"Accuracy {arrays['accuracy']:.3f}, macro F1 {arrays['macro'][2]:.3f}"
    if len(known) > 1 and f1[known[0]] < f1[known[-1]]:
        worst, best = (f"{names[place]} with {f1[place]:.3f}" for place in (known[0], known[-1]))
        text += f"; the worst {what} by F1 is {worst}, the best {best}"
    if len(order) > MOST:
        text += f". The {WORST} worst and {MOST - WORST} best of {len(order):,} {'labels' if arrays['labels'] else 'classes'}"
    return text


def draw_scores(axes: Any, rows: list[Row], lines: float) -> None:
    """A line for each row from its smallest to its largest score, with a marker for each."""
    scores, at = np.array([row.scores for row in rows]), [row.line for row in rows]
    low = next(low for low in (0.9, 0.8, 0.5, 0) if low <= np.nanmin(scores))
    ticks = np.linspace(low, 1, 6)
    axes.set(xlim=(low - (1 - low) / 50, 1 + (1 - low) / 50), ylim=(lines, 0), yticks=[], xticks=ticks)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=8.5)
    for x in ticks:
        axes.axvline(x, color=GRID, linewidth=0.8, zorder=0)
    for row in rows:
        known = row.scores[np.isfinite(row.scores)]
        if len(known):
            axes.plot([known.min(), known.max()], [row.line] * 2, color=EDGE, linewidth=2.5, zorder=1)
    for place, (name, (marker, colour, size)) in enumerate(SCORES.items()):
        style = {"color": colour, "markersize": size, "linestyle": "none", "label": name}
        axes.plot(scores[:, place], at, marker, zorder=2 + place, **style)


def write_line(page: Page, left: float, y: float, texts: list[str], heads: bool = False) -> None:
    """A text for each column; the heads are in the colours of their markers."""
    x = left
    for (name, width), text in zip(COLUMNS.items(), texts, strict=True):
        x += width
        colour = SCORES[name][1] if heads and name in SCORES else INK
        style = {"fontsize": 9, "fontweight": "bold"} if heads else {"fontsize": 9.5}
        page.text(x, y, text, ha="right", color=colour, **style)
