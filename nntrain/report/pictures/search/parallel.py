"""Parallel coordinates: a line for each trial of a sweep through its parameters to its value."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nntrain.report.formats import distinct
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.page import Page
from nntrain.report.pictures.drawing.shades import luminance, widest
from nntrain.report.pictures.picture import Drawn, Picture
from nntrain.report.pictures.search.parameter_axis import ParameterAxis, axis_of, spread, value_ticks
from nntrain.report.pictures.search.value_axis import ValueAxis
from nntrain.report.pictures.subject import Subject
from nntrain.report.searched import best_words, by_importance, short_names, states_words, words
from nntrain.search.results import SweepResult
from nntrain.search.sweep_files import is_sweep, read_sweep

CHART, ABOVE, BELOW = (
    4.2,
    0.45,
    0.6,
)  # inches: the axes, their names above, the place of absent parameters below
ABSENT = -0.075  # where a line goes that lacks a parameter
GAP, NEAREST = 0.5, 0.8  # inches: between an axis and the labels of the next; between axes, at least
MOST = 14  # parameters
SIZE, LETTERS = 8.0, 20  # of a label: points, letters at most
BAR = 0.05  # inches: half the width of the coloured axis
LINE: dict[str, Any] = {"color": canvas.SPINE, "linewidth": 1, "zorder": 4, "clip_on": False}  # of an axis


class Parallel(Picture, name="parallel"):
    title = "The parameters and the value of each trial of a sweep as a line (parallel coordinates)."
    takes = ("sweep",)
    applies_to = "sweeps"
    hint = "`nntrain sweep` makes the folder of one."
    files = ("parallel.png", "parallel.svg")

    def applies(self, subject: Subject) -> bool:
        return subject.folder is not None and is_sweep(subject.folder)

    def figure(self, drawn: Drawn) -> Any:
        return parallel_figure(read_sweep(drawn.run))


def parallel_figure(result: SweepResult) -> Any:
    """The matplotlib Figure: an axis for each parameter, the most important ones last, then that of the objective."""
    limits = ValueAxis.of(result.values[[trial.counts for trial in result.trials]], result.higher_is_better)
    columns = [*parameter_axes(result), objective_axis(result, limits)]
    at, width = positions(columns)
    page = Page(
        result.name,
        sentence_of(result),
        lines_of(result, columns, limits),
        below=ABOVE + CHART + BELOW,
        width=width,
        legend_rows=1,
    )
    left = canvas.MARGINS["left"]
    axes = page.axes(left, 0, width - left, ABOVE + CHART + BELOW)
    axes.axis("off")
    axes.set_xlim(left, width)
    axes.set_ylim(-BELOW / CHART, 1 + ABOVE / CHART)
    draw_lines(axes, result, columns, at)
    for column, x in zip(columns[:-1], at[:-1], strict=True):
        draw_axis(axes, column, float(x))
    draw_objective(axes, columns[-1], float(at[-1]), result.higher_is_better)
    canvas.place_legend(page.figure, axes)
    return page.figure


def sentence_of(result: SweepResult) -> str:
    direction = "higher" if result.higher_is_better else "lower"
    return f"Each line is a trial: its parameters, then its {words(result.objective)} ({direction} is better)"


def lines_of(result: SweepResult, columns: Sequence[ParameterAxis], limits: ValueAxis) -> list[list[str]]:
    """How the trials ended, and what a reader may ask about the lines, in small text."""
    parts = []
    if len(columns) > 2 and result.importance:
        parts.append("the more a parameter matters, the further right it is")
    if any(column.categorical for column in columns):
        parts.append("lines of one choice are side by side, ordered by value")
    if len(result.parameters) > MOST:
        parts.append(f"{MOST} of {len(result.parameters)} parameters")
    if len(columns) == 1:
        parts.append("the trials have no parameters")
    beyond = limits.beyond(result.values[[trial.counts for trial in result.trials]])
    ends = [text for text in (states_words(result), best_words(result), beyond) if text]
    return [["; ".join(ends)], ["; ".join(parts)]]


def parameter_axes(result: SweepResult) -> list[ParameterAxis]:
    order = by_importance(result, result.parameters)[:MOST]
    order = order[::-1] if result.importance else order
    names = short_names(order)
    labels = distinct([names[name] for name in order], LETTERS)
    return [
        axis_of(label, name, result.trials, name in result.log_scale, LETTERS)
        for label, name in zip(labels, order, strict=True)
    ]


def objective_axis(result: SweepResult, limits: ValueAxis) -> ParameterAxis:
    """Trials without a value that counts have no place on it."""
    counted = np.array([trial.counts for trial in result.trials], bool)
    places = np.where(counted, limits.place(result.values), np.nan)
    return ParameterAxis(
        words(result.objective),
        places,
        value_ticks(limits.low, limits.high, limits.logarithmic, limits.place) if counted.any() else (),
        categorical=False,
    )


def positions(columns: Sequence[ParameterAxis]) -> tuple[np.ndarray, float]:
    """Where the axes are, in inches from the left, so that their labels and names have room; and the width of the page."""
    probe = canvas.new_figure()
    labels = [widest(probe, [label for _, label in column.ticks], SIZE) for column in columns]
    names = [widest(probe, [column.name], 9) for column in columns]
    at = [max(canvas.MARGINS["left"], labels[0] + 0.3, names[0] / 2 + 0.15)]
    for place in range(1, len(columns)):
        own = labels[place] if place < len(columns) - 1 else 0.0  # those of the last are on its right
        beside = (names[place - 1] + names[place]) / 2 + 0.2
        at.append(at[-1] + max(own + GAP, beside, NEAREST))
    right = max(labels[-1] + 0.35, names[-1] / 2 + 0.15)
    spare = max(canvas.WIDTH - at[-1] - right, 0)
    found = np.array(at) + spare * (np.linspace(0, 1, len(at)) if len(at) > 1 else 0.5)
    return found, max(at[-1] + right, canvas.WIDTH)


def draw_lines(axes: Any, result: SweepResult, columns: Sequence[ParameterAxis], at: np.ndarray) -> None:
    """The trials that did not finish below, then the finished ones, the best last."""
    from matplotlib.collections import LineCollection

    places = columns[-1].places
    order = np.where(np.isnan(places), -1.0, places)
    heights = np.column_stack([*(spread(column, order) for column in columns[:-1]), places])
    heights[:, :-1][np.isnan(heights[:, :-1])] = ABSENT
    finished = ~np.isnan(places)
    thin = 1.5 if len(places) <= 50 else 1.0 if len(places) <= 300 else 0.5
    rest = [np.column_stack([at[:-1], heights[row, :-1]]) for row in np.flatnonzero(~finished)]
    dense = len(rest) > 20
    look = {
        "linewidths": 0.5 if dense else 1.0,
        "alpha": 0.5 if dense else 0.8,
        "colors": canvas.PALE_INK,
        "linestyles": [(0, (1, 2))],
    }
    axes.add_collection(LineCollection(rest, zorder=1, clip_on=False, **look), autolim=False)
    rows = np.flatnonzero(finished)
    good = goodness(places[rows], places[rows], result.higher_is_better)
    rows, good = rows[np.argsort(good, kind="stable")], np.sort(good)
    colours = shades()(good)
    lines = [np.column_stack([at, heights[row]]) for row in rows]
    axes.add_collection(
        LineCollection(lines, colors=colours, linewidths=thin, alpha=0.85, zorder=2, clip_on=False),
        autolim=False,
    )
    if result.best is not None:
        row = result.trials.index(result.best)
        axes.plot(
            at, heights[row], color=canvas.RED, linewidth=2.4, zorder=3, clip_on=False, label="best trial"
        )
        star = {"color": canvas.YELLOW, "markeredgecolor": canvas.BLACK, "markersize": 13}
        axes.plot(at[-1], heights[row, -1], "*", zorder=7, **star)
    if len(rows) > 1:
        axes.plot([], [], color=shades()(1.0), linewidth=2, label="good value")
        axes.plot([], [], color=shades()(0.0), linewidth=2, label="bad value")
    if rest:
        dotted = {"color": canvas.PALE_INK, "linestyle": (0, (1, 2)), "linewidth": 1.2}
        axes.plot([], [], label=f"without a value: pruned, failed, running or NaN ({len(rest):,})", **dotted)


def shades() -> Any:
    """The colours from the worst value, 0, to the best, 1: the better, the more contrast with the background; within `styled`."""
    from matplotlib.colors import LinearSegmentedColormap

    paper = luminance(canvas.rgb(canvas.PAPER))
    blues = sorted((canvas.SKY, canvas.BLUE), key=lambda blue: abs(luminance(canvas.rgb(blue)) - paper))
    return LinearSegmentedColormap.from_list("value", [canvas.EDGE, *blues])


def goodness(at: np.ndarray, places: np.ndarray, higher_is_better: bool) -> np.ndarray:
    """From 0, as bad as the worst, to 1, as good as the best: the share of the trials at `places` that are worse than a place of `at`.

    By rank, because many trials are nearly as good as the best one, and few bad ones take most of the axis.
    """
    different = np.unique(places)
    if len(different) < 2:
        return np.ones(len(at))
    share = np.interp(at, different, np.linspace(0, 1, len(different)))
    return share if higher_is_better else 1 - share


def draw_axis(axes: Any, column: ParameterAxis, x: float) -> None:
    """An axis with its name above, its labels on the left, and below it the place of trials that lack the parameter."""
    axes.plot([x, x], [0, 1], **LINE)
    for y, label in column.ticks:
        axes.plot([x - 0.04, x], [y, y], **LINE)
        write(axes, x - 0.08, y, label, ha="right")
    write_name(axes, column, x)
    if np.isnan(column.places).any():
        axes.plot([x - 0.05, x + 0.05], [ABSENT, ABSENT], **LINE)
        write(axes, x, ABSENT - 0.02, "absent", ha="center", va="top", color=canvas.PALE_INK)


def draw_objective(axes: Any, column: ParameterAxis, x: float, higher_is_better: bool) -> None:
    """The axis of the objective: a bar in the colours of the lines, with its labels on the right."""
    places = column.places[~np.isnan(column.places)]
    if len(places):
        ramp = goodness(np.linspace(0, 1, 512), places, higher_is_better)
        axes.imshow(
            ramp[:, None],
            cmap=shades(),
            extent=(x - BAR, x + BAR, 0, 1),
            aspect="auto",
            origin="lower",
            vmin=0,
            vmax=1,
            zorder=5,
        )
        axes.set_xlim(canvas.MARGINS["left"], axes.figure.get_size_inches()[0])
        axes.set_ylim(-BELOW / CHART, 1 + ABOVE / CHART)
    else:
        axes.plot([x, x], [0, 1], **LINE)
    for y, label in column.ticks:
        axes.plot([x + BAR, x + BAR + 0.04], [y, y], **LINE)
        write(axes, x + BAR + 0.08, y, label, ha="left")
    write_name(axes, column, x)


def write_name(axes: Any, column: ParameterAxis, x: float) -> None:
    write(axes, x, 1 + 0.14 / CHART, column.name, ha="center", va="bottom", fontsize=9, fontweight="bold")


def write(axes: Any, x: float, y: float, text: str, **more: Any) -> None:
    """A text with a halo, because lines pass below it."""
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=2.5, foreground=canvas.PAPER)]
    look = {"fontsize": SIZE, "va": "center", "zorder": 6, "color": canvas.INK, "path_effects": halo}
    axes.text(x, y, text, parse_math=False, **look | more)
