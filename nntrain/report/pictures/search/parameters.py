"""Importance of parameters: how much of the differences between the trials of a sweep each parameter explains."""

from typing import Any

import numpy as np

from nntrain.report.formats import counted, distinct
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.page import Page
from nntrain.report.pictures.drawing.shades import widest
from nntrain.report.pictures.picture import Drawn, Picture
from nntrain.report.pictures.subject import Subject
from nntrain.report.searched import by_importance, short_names, states_words, words
from nntrain.search.results import SweepResult
from nntrain.search.sweep_files import is_sweep, read_sweep

MOST = 20  # parameters
RELIABLE = 10  # finished trials, below which importance is said to be a guess
LINE, CHART = 0.32, 5.6  # inches: the height of a bar with the gap to the next, the width of the longest bar
LETTERS = 40  # of a name


class Parameters(Picture, name="parameters"):
    title = (
        "The importance of each parameter of a sweep: how much of the differences between trials it explains."
    )
    takes = ("sweep",)
    applies_to = "sweeps"
    hint = "`nntrain sweep` makes the folder of one."
    files = ("importance.png", "importance.svg")

    def applies(self, subject: Subject) -> bool:
        return subject.folder is not None and is_sweep(subject.folder)

    def figure(self, drawn: Drawn) -> Any:
        return parameters_figure(read_sweep(drawn.run))


def parameters_figure(result: SweepResult) -> Any:
    """The matplotlib Figure: a bar for each parameter, the most important one first."""
    known = [name for name, value in result.importance.items() if np.isfinite(value)]
    order = by_importance(result, known)
    shown = order[:MOST]
    values = np.array([result.importance[name] for name in shown])
    lines = [[states_words(result)]]
    if order and len(result.ranking) < RELIABLE:
        lines.append([f"of {counted(len(result.ranking), 'trial')} with a value: hardly more than a guess"])
    if len(shown) < len(order):
        lines.append([f"the {MOST} most important of {len(order):,} parameters"])
    names = distinct([short_names(order)[name] for name in shown], LETTERS)
    left = max(canvas.MARGINS["left"], 0.35 + widest(canvas.new_figure(), names, 9.5))
    rows = max(len(shown), 1)
    height = (rows + 0.4) * LINE
    page = Page(
        result.name,
        sentence_of(result, order),
        lines,
        below=height + 0.7,
        width=max(left + CHART + 0.8, canvas.WIDTH),
    )
    axes = page.axes(left, 0.05, page.width - left - 0.8, height)
    at = np.arange(len(shown))
    axes.barh(at, values, height=0.66, color=canvas.BLUE, alpha=0.85)
    for y, value in zip(at, values, strict=True):
        axes.annotate(share(value), (value, y), (5, 0), textcoords="offset points", va="center", fontsize=9)
    axes.set_ylim(rows - 0.3, -0.7)
    largest = float(values.max(initial=0.0))
    axes.set_xlim(0, 1.02 * largest if largest > 0 else 1)
    axes.set_yticks(at, names, fontsize=9.5, parse_math=False)
    axes.tick_params(axis="y", length=0)
    axes.locator_params(axis="x", nbins=6)
    axes.xaxis.set_major_formatter(lambda value, place: share(value))
    axes.grid(True, axis="x")
    if len(shown):
        axes.set_xlabel(f"share of the differences in {words(result.objective)}")
    else:
        axes.set_axis_off()
        axes.set(xticks=[], yticks=[])
    return page.figure


def share(value: float) -> str:
    """61%, 0.4%, < 0.1%."""
    if 0 < value < 0.0005:
        return "< 0.1%"
    return f"{100 * value:.1f}%" if 0 < value < 0.0095 else f"{100 * value:.0f}%"


def sentence_of(result: SweepResult, order: list[str]) -> str:
    if not order:
        finished = counted(len(result.ranking), "trial")
        return f"The importance of parameters is unknown: {finished} finished with a value, which is too few"
    name, objective = short_names(order)[order[0]], words(result.objective)
    if result.importance[order[0]] <= 0:
        return f"No parameter explains differences in {objective}"
    return f"{name} matters most for {objective}: it explains {share(result.importance[order[0]])} of the differences between trials"
