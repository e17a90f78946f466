"""History: the value of each trial of a sweep, and the best one so far."""

from typing import Any

import numpy as np

from nntrain.report.formats import number
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.axes import whole_numbers
from nntrain.report.pictures.picture import Drawn, Picture
from nntrain.report.pictures.search.value_axis import ValueAxis
from nntrain.report.pictures.subject import Subject
from nntrain.report.searched import best_words, parameters_words, states_words, words
from nntrain.search.results import SweepResult
from nntrain.search.sweep_files import is_sweep, read_sweep

LETTERS = 125  # of a line of small text
BORDER = 0.025  # of the height of the panel, where values are marked that the axis cannot show


class History(Picture, name="history"):
    title = "The value of each trial of a sweep in the order of the trials, and the best one so far."
    takes = ("sweep",)
    applies_to = "sweeps"
    hint = "`nntrain sweep` makes the folder of one."
    files = ("history.png", "history.svg")

    def applies(self, subject: Subject) -> bool:
        return subject.folder is not None and is_sweep(subject.folder)

    def figure(self, drawn: Drawn) -> Any:
        return history_figure(read_sweep(drawn.run))


def history_figure(result: SweepResult) -> Any:
    """The matplotlib Figure: a point for each trial, a line for the best value so far, a star at the best trial."""
    from matplotlib.ticker import FixedLocator

    figure = canvas.new_figure(canvas.WIDTH, 5.0)
    lines = [[states_words(result)]]
    if result.best is not None and result.best.parameters:
        lines.append([f"best: {parameters_words(result, LETTERS)}"])
    top = canvas.title(figure, result.name, lines, 1, sentence_of(result))
    axes = figure.subplots()
    limits = ValueAxis.of(result.values, result.higher_is_better)
    letters = limits.set(axes)
    end = max((trial.number for trial in result.trials), default=0)
    axes.set_xlim(-0.02 * end - 0.3, end + 0.02 * end + 0.3)
    axes.xaxis.set_major_locator(whole_numbers(end) if end >= 2 else FixedLocator(range(end + 1)))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel("trial", loc="right")
    axes.set_ylabel(words(result.objective))
    axes.grid(True)
    if not np.isfinite(result.values).any():
        axes.set_yticks([])
    draw_trials(axes, result, limits)
    draw_best_so_far(axes, result, end)
    canvas.set_margins(figure, top, letters)
    canvas.place_legend(figure, axes)
    return figure


def sentence_of(result: SweepResult) -> str:
    if result.best is None:
        return f"{words(result.objective).capitalize()} of each trial: {best_words(result)}"
    direction = "higher" if result.higher_is_better else "lower"
    found = f"the best is {number(result.best.value)}, trial {result.best.number}"
    return f"{words(result.objective).capitalize()} of each trial ({direction} is better): {found}"


# By state: marker, colour, whether it is filled, and what the legend says.
LOOKS = {
    "finished": ("o", canvas.BLUE, True, "finished"),
    "pruned": ("v", canvas.ORANGE, False, "pruned, at its last value"),
    "failed": ("X", canvas.RED, True, "failed"),
    "running": ("o", canvas.PALE_INK, False, "running"),
}


def draw_trials(axes: Any, result: SweepResult, limits: ValueAxis) -> None:
    """A marker for each trial; without a value that the axis can show, at the border where bad values are."""
    size = canvas.marker_size(len(result.trials)) + 1
    border = BORDER if result.higher_is_better else 1 - BORDER
    numbers = np.array([trial.number for trial in result.trials], np.int64)
    shown = np.isfinite(result.values) & ~limits.outside(result.values)
    for state, (marker, colour, filled, label) in LOOKS.items():
        chosen = np.array([trial.state == state for trial in result.trials], bool)
        if not chosen.any():
            continue
        at, inside = numbers[chosen], shown[chosen]
        look = {
            "marker": marker,
            "linestyle": "none",
            "markersize": size,
            "markeredgecolor": canvas.PAPER if filled else colour,
            "markeredgewidth": 0.5 if filled else 1.1,
            "color": colour if filled else "none",
        }
        axes.plot(
            at[inside], result.values[chosen & shown], zorder=3, label=f"{label} ({chosen.sum():,})", **look
        )
        place = np.full((~inside).sum(), border)
        axes.plot(at[~inside], place, zorder=3, transform=axes.get_xaxis_transform(), **look)
    outside = np.array([trial.state == "finished" for trial in result.trials], bool) & ~shown
    if outside.any():
        axes.plot(
            numbers[outside],
            np.full(outside.sum(), border),
            "o",
            transform=axes.get_xaxis_transform(),
            color=canvas.PAPER,
            markeredgecolor=canvas.BLUE,
            markeredgewidth=1.2,
            markersize=size,
            zorder=4,
            label=f"beyond the axis or NaN ({outside.sum():,})",
        )


def draw_best_so_far(axes: Any, result: SweepResult, end: int) -> None:
    counts = [trial for trial in result.trials if trial.counts]
    if not counts:
        return
    values = np.array([trial.value for trial in counts], np.float64)
    best = (np.maximum if result.higher_is_better else np.minimum).accumulate(values)
    at = [trial.number for trial in counts]
    axes.plot(
        [*at, max(end, at[-1])],
        [*best, best[-1]],
        drawstyle="steps-post",
        color=canvas.GREEN,
        linewidth=1.8,
        zorder=2,
        label="best so far",
    )
    assert result.best is not None
    axes.plot(
        result.best.number,
        result.best.value,
        "*",
        color=canvas.YELLOW,
        markeredgecolor=canvas.BLACK,
        markersize=15,
        markeredgewidth=0.9,
        zorder=6,
        clip_on=False,
        label=f"best: {number(result.best.value)}",
        linestyle="none",
    )
