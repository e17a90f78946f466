"""Slices: the value of the trials of a sweep against each parameter."""

from itertools import pairwise
from typing import Any

import numpy as np

from nntrain.report.formats import distinct
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.page import Page
from nntrain.report.pictures.drawing.shades import widest
from nntrain.report.pictures.picture import Drawn, Picture
from nntrain.report.pictures.search.parameter_axis import ParameterAxis, axis_of, spread
from nntrain.report.pictures.search.parameters import share
from nntrain.report.pictures.search.value_axis import ValueAxis
from nntrain.report.pictures.subject import Subject
from nntrain.report.searched import best_words, by_importance, short_names, states_words, words
from nntrain.search.results import SweepResult
from nntrain.search.sweep_files import is_sweep, read_sweep

MOST = 12  # panels
PANEL, HEADING, GAP = 1.9, 0.34, 0.22  # inches: the height of a panel, its heading, between two panels
SIZE, LETTERS = 8.0, 18  # of the label of a choice: points, letters
LETTER = 0.075  # inches that a letter of a label takes, at most
BELOW = 0.3  # inches that labels take side by side


class Slices(Picture, name="slices"):
    title = "The value of the trials of a sweep against each parameter, the most important one first."
    takes = ("sweep",)
    applies_to = "sweeps"
    hint = "`nntrain sweep` makes the folder of one."
    files = ("slices.png", "slices.svg")

    def applies(self, subject: Subject) -> bool:
        return subject.folder is not None and is_sweep(subject.folder)

    def figure(self, drawn: Drawn) -> Any:
        return slices_figure(read_sweep(drawn.run))


def slices_figure(result: SweepResult) -> Any:
    """The matplotlib Figure: a panel for each parameter with a point for each trial that has it, and a value."""
    order = by_importance(result, result.parameters) if has_value(result).any() else []
    shown = order[:MOST]
    names = short_names(order)
    columns = [
        axis_of(label, name, result.trials, name in result.log_scale, LETTERS)
        for label, name in zip(distinct([names[name] for name in shown], 28), shown, strict=True)
    ]
    across = 2 if len(columns) in (2, 4) else min(max(len(columns), 1), 3)
    left = canvas.MARGINS["left"]
    width = (canvas.WIDTH - left - canvas.MARGINS["right"] - GAP * (across - 1)) / across
    rooms = [
        max(room_below(column, width) for column in columns[start : start + across])
        for start in range(0, len(columns), across)
    ]
    limits = ValueAxis.of(result.values[has_value(result)], result.higher_is_better)
    beyond = limits.beyond(result.values[has_value(result)])
    lines = [["; ".join(text for text in (states_words(result), best_words(result), beyond) if text)]]
    if len(shown) < len(order):
        lines.append([f"the {MOST} most important of {len(order):,} parameters"])
    below = sum(rooms) + len(rooms) * (HEADING + PANEL + GAP) + 0.1
    page = Page(result.name, sentence_of(result), lines, below=below, legend_rows=1)
    for place, (column, name) in enumerate(zip(columns, shown, strict=True)):
        row, across_it = divmod(place, across)
        y = sum(rooms[:row]) + row * (HEADING + PANEL + GAP) + HEADING
        axes = page.axes(left + across_it * (width + GAP), y, width, PANEL)
        draw_slice(axes, result, column, limits, width)
        importance = f"  ({share(result.importance[name])})" if name in result.importance else ""
        axes.set_title(column.name + importance, fontsize=9.5, loc="left", parse_math=False)
        axes.tick_params(labelleft=across_it == 0)
        if across_it == 0:
            axes.set_ylabel(words(result.objective))
    place_legend(page)
    return page.figure


def sentence_of(result: SweepResult) -> str:
    if not result.parameters:
        return "The trials have no parameters"
    if not has_value(result).any():
        return "No trial has a value"
    direction = "higher" if result.higher_is_better else "lower"
    shares = ", the most important one first" if result.importance else ""
    return f"{words(result.objective).capitalize()} against each parameter ({direction} is better){shares}"


def has_value(result: SweepResult) -> np.ndarray:
    """Which trials are drawn: those that finished or were pruned with a finite value."""
    ended = np.array([trial.state in ("finished", "pruned") for trial in result.trials], bool)
    return ended & np.isfinite(result.values)


def draw_slice(
    axes: Any, result: SweepResult, column: ParameterAxis, limits: ValueAxis, width: float
) -> None:
    """Filled: finished trials; hollow: pruned ones; a star: the best; a bar: the median of each choice."""
    limits.set(axes, most=5)
    numbers = np.array([trial.number for trial in result.trials])
    at = spread(column, numbers)
    values = np.clip(result.values, limits.low, limits.high)
    drawn = has_value(result) & ~np.isnan(column.places)
    finished = np.array([trial.state == "finished" for trial in result.trials], bool)
    size = canvas.marker_size(len(numbers))
    look: dict[str, Any] = {"linestyle": "none", "markersize": size, "clip_on": False, "zorder": 3}
    chosen = drawn & finished
    edge = {"markeredgecolor": canvas.PAPER, "markeredgewidth": 0.4}
    axes.plot(at[chosen], values[chosen], "o", color=canvas.BLUE, label="finished", **edge, **look)
    pruned = drawn & ~finished
    hollow = {"markeredgecolor": canvas.ORANGE, "markeredgewidth": 1, "color": "none"}
    axes.plot(at[pruned], values[pruned], "v", label="pruned, at its last value", **hollow, **look)
    if column.categorical:
        draw_medians(axes, column, values, chosen)
    if result.best is not None:
        place = result.trials.index(result.best)
        star = {
            "color": canvas.YELLOW,
            "markeredgecolor": canvas.BLACK,
            "markersize": 12,
            "linestyle": "none",
        }
        axes.plot(at[place], values[place], "*", label="best trial", zorder=6, clip_on=False, **star)
    axes.set_xlim(-0.03, 1.03)
    ticks = ticks_of(column, width)
    rotation = 0 if are_level(column, width) else 90
    places, labels = [place for place, _ in ticks], [label for _, label in ticks]
    axes.set_xticks(places, labels, fontsize=SIZE, rotation=rotation, parse_math=False)
    axes.grid(True, axis="y")


def draw_medians(axes: Any, column: ParameterAxis, values: np.ndarray, chosen: np.ndarray) -> None:
    """A short line at the median of the finished trials of each choice."""
    choices = np.unique(column.places[~np.isnan(column.places)])
    half = 0.4 / len(choices)
    for number, choice in enumerate(choices):
        of_choice = values[chosen & (column.places == choice)]
        if len(of_choice) > 1:
            middle = float(np.median(of_choice))
            label = "median of a choice" if number == 0 else None
            axes.plot(
                [choice - half, choice + half], [middle, middle], color=canvas.INK, linewidth=1.4, label=label
            )


def ticks_of(column: ParameterAxis, width: float) -> list[tuple[float, str]]:
    """All choices; of numbers every one, every second, ..., so that their labels are apart."""
    ticks = list(column.ticks)
    if column.categorical:
        return ticks

    def are_apart(ticks: list[tuple[float, str]]) -> bool:
        return all(
            (place - before) * width > LETTER * (len(label) + len(last) + 2) / 2
            for (before, last), (place, label) in pairwise(ticks)
        )

    return next((ticks[::every] for every in range(1, len(ticks)) if are_apart(ticks[::every])), ticks[:1])


def are_level(column: ParameterAxis, width: float) -> bool:
    """Whether the labels fit side by side."""
    letters = max((len(label) for _, label in column.ticks), default=0)
    return not column.categorical or len(column.ticks) * (letters + 1) * LETTER <= width


def room_below(column: ParameterAxis, width: float) -> float:
    """The inches below a panel that its labels take."""
    if are_level(column, width):
        return BELOW
    return 0.15 + widest(canvas.new_figure(), [label for _, label in column.ticks], SIZE)


def place_legend(page: Page) -> None:
    """An entry for each kind of mark that a panel has."""
    found = {
        line.get_label(): line
        for axes in page.figure.axes
        for line in axes.lines
        if len(line.get_xdata()) and not str(line.get_label()).startswith("_")
    }
    handles = list(found.values())
    page.figure.legend(
        handles=handles,
        loc="upper left",
        ncols=len(handles) or 1,
        frameon=False,
        borderpad=0.2,
        columnspacing=1.6,
        handletextpad=0.5,
        fontsize=9,
        bbox_to_anchor=(canvas.MARGINS["left"] / page.width - 0.008, 1 - (page.top - 0.28) / page.height),
    )
