"""Plots: the pictures of a run folder. `python -m nntrain.report.plots RUN_FOLDER` draws the loss once.

Training starts that as a process of its own, so that drawing never stops training; it loads numpy and matplotlib only.
The same numbers give the same bytes.
"""

import contextlib
import itertools
import math
import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.errors import UserError
from nntrain.report.history import History, drops, read_history, thinned
from nntrain.report.words import epoch_text, number, plain, short, shortened, split_and_score

# Okabe & Ito 2008: tells apart for every kind of colour vision, and in print by the line styles.
BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, RED, PINK = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7")
INK, PALE_INK, GRID = "#222222", "#666666", "#E4E4E4"
CLASS_COLOURS = (BLUE, ORANGE, GREEN, PINK, SKY, RED, YELLOW, BLACK)
CLASS_MARKERS = "os^DvPX*"
CURVES = {  # split -> how its line looks
    "train": {"color": BLUE, "linestyle": "-"},
    "validation": {"color": RED, "linestyle": "-"},
    "test": {"color": GREEN, "linestyle": (0, (5, 1.5))},
}
WIDTH, HEIGHT, DPI = 9.0, 6.0, 150  # inches, inches, dots an inch of the PNG
MARGINS = {"left": 0.78, "right": 0.22, "bottom": 0.52}  # inches around the axes; what `title` needs comes above

Line = tuple[np.ndarray, np.ndarray]  # x and y of its points

STYLE = {
    "font.family": "DejaVu Sans", "font.size": 10, "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": "#999999",
    "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True, "xtick.color": INK, "ytick.color": INK,
    "grid.color": GRID, "grid.linewidth": 0.8, "lines.solid_capstyle": "round", "figure.facecolor": "white",
    "path.simplify_threshold": 0.5, "svg.fonttype": "path", "svg.hashsalt": "nntrain",
}


# The loss

def draw_loss(run_folder: str | Path) -> None:
    """Draws metrics.csv and steps.csv of a run folder into its loss.png and loss.svg, each replaced in one move.

    Raises UserError where there is no run or nothing to draw yet.
    """
    history = read_history(run_folder)
    with styled():
        figure = loss_figure(history)
        for kind in ("png", "svg"):
            save(figure, Path(run_folder) / f"loss.{kind}")


def loss_figure(history: History) -> Any:
    """The matplotlib Figure: the losses over the epochs, below them the learning rate."""
    figure = new_figure()
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(4.6, 1))
    name = history.name + (f" ({history.status})" if history.status in UNFINISHED else "")
    top = title(figure, name, final_scores(history))
    set_margins(figure, top)
    figure.subplots_adjust(hspace=0.09)
    outside = Outside()
    curves = {split: history.curve(f"{split}_loss") for split in CURVES}
    curves = {split: curve for split, curve in curves.items() if np.isfinite(curve[1]).any()}
    low, high = loss_range(history.loss, [loss for _, loss in curves.values()])
    logarithmic = low > 0
    scale(above, low, high, logarithmic)
    end = max([*history.epoch[-1:], *history.evaluations["epoch"].data[-1:]])
    above.set_xlim(0, end * 1.01)

    noise = draw_steps(above, history, outside, logarithmic)
    lines = [draw_curve(above, split, *curve, outside, logarithmic) for split, curve in curves.items()]
    draw_learning_rate(above, below, history)
    draw_best(above, history, lines, noise)
    outside.draw(figure, above)

    above.set_ylabel("loss" if logarithmic else "loss (linear, as it is not positive)")
    above.tick_params(labelbottom=False, length=0)
    below.set_xlabel("step" if history.counts_steps else "epoch", loc="right")
    below.xaxis.set_major_locator(whole_numbers(end))
    below.xaxis.set_major_formatter("{x:,.0f}" if end >= 2 else "{x:g}")
    for axes in (above, below):
        axes.grid(True)
    figure.align_ylabels()
    place_legend(figure, above)
    return figure


UNFINISHED = ("interrupted", "diverged", "failed")


def draw_steps(axes: Any, history: History, outside: "Outside", logarithmic: bool) -> Line:
    """The jagged line of the mini-batches. Returns where it runs."""
    good = outside.keep(history.epoch, history.loss, "mini-batch", logarithmic)
    if not good.any():
        return np.empty(0), np.empty(0)
    # A gap where a value is missing would need a line each; at a thousand columns nobody sees the difference.
    x, y = thinned(history.epoch[good], history.loss[good])
    crowded = len(history.loss) > 2000
    axes.plot(x, y, color=SKY, linewidth=0.5 if crowded else 0.8, alpha=0.55 if crowded else 0.75, zorder=2, label="mini-batch",
              marker="." if len(x) == 1 else None, solid_joinstyle="bevel")
    return x, y


def draw_curve(axes: Any, split: str, epoch: np.ndarray, loss: np.ndarray, outside: "Outside", logarithmic: bool) -> Line:
    """The line of one split, on a white edge that sets it off from the mini-batches. Returns where it runs."""
    from matplotlib.patheffects import Normal, Stroke

    good = outside.keep(epoch, loss, split, logarithmic)
    x, y = thinned(epoch[good], loss[good])
    axes.plot(x, y, label=split, linewidth=1.9, marker="o" if len(x) <= 40 else None, markersize=3.6 if len(x) > 1 else 6,
              zorder=4, path_effects=[Stroke(linewidth=3.6, foreground="white", alpha=0.8), Normal()], **CURVES[split])
    return x, y


def draw_learning_rate(above: Any, below: Any, history: History) -> None:
    """The learning rate in the lower panel, and a dashed line through both panels where it dropped."""
    epoch, lr = history.epoch, history.lr
    if not len(lr):  # only the evaluations are there
        epoch, lr = history.curve("lr")
    good = np.isfinite(lr) & (lr > 0)  # a logarithmic axis has no place for 0, the end of some schedules
    epoch, lr = epoch[good], lr[good]
    below.set_ylabel("lr")
    below.tick_params(length=2)
    if not len(lr):
        below.set_yticks([])
        return
    levels = plateaus(lr)
    # The last steps of a cosine are as good as 0: without a floor they would take most of the panel.
    floor = 0.0 if levels else np.quantile(lr, 0.02)
    high = float(np.clip(lr.max(), 1e-100, 1e100))
    low = min(max(float(lr.min()), floor, high * 1e-9), high)
    margin = max((high / low) ** 0.12, 1.3)
    scale(below, low / margin, high * margin, True, most=4, levels=levels)
    starts = np.append(0.0, epoch[:-1])  # a step's rate holds from the end of the step before
    below.plot(*thinned(*stairs(starts, epoch, lr)), color=INK, linewidth=1.4, solid_joinstyle="miter")
    for i, drop in enumerate(drops(lr)):
        for axes in (above, below):
            axes.axvline(starts[drop], color="#808080", linewidth=1, linestyle=(0, (4, 3)), zorder=1.5,
                         label="learning-rate drop" if i == 0 and axes is above else None)


def plateaus(lr: np.ndarray) -> list[float]:
    """The few learning rates that a schedule stays at; none for one that changes all the time."""
    levels, held = np.unique(lr, return_counts=True)
    long = held >= 0.005 * len(lr)
    return levels[long].tolist() if 1 <= np.count_nonzero(long) <= 6 and held[long].sum() > 0.4 * len(lr) else []


def stairs(start: np.ndarray, end: np.ndarray, value: np.ndarray) -> Line:
    """The corners of a line that keeps each value from its start to its end."""
    turns = np.flatnonzero(np.diff(value, prepend=np.nan))
    x = np.append(np.repeat(start[turns], 2)[1:], end[-1])
    return x, np.repeat(value[turns], 2)


def draw_best(axes: Any, history: History, lines: list[Line], noise: Line) -> None:
    """A star on the best evaluation, with its value where it hides the least."""
    if history.best is None:
        return
    split = "validation" if history.value("validation_loss", history.best) is not None else "train"
    x, y = history.value("epoch", history.best), history.value(f"{split}_loss", history.best)
    if x is None or y is None or not math.isfinite(y) or (axes.get_yscale() == "log" and y <= 0):
        return
    axes.plot([x], [y], marker="*", markersize=15, color=YELLOW, markeredgecolor=BLACK, markeredgewidth=0.9, linestyle="none",
              zorder=6, clip_on=False, label="best")
    text = f"best: epoch {epoch_text(x)}\n{split} loss {number(y)}"
    axes.annotate(text, (x, y), xytext=emptiest_place(axes, x, y, text, lines, noise), textcoords="offset points", ha="center",
                  va="center", fontsize=9, zorder=7, linespacing=1.25,
                  bbox={"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": "#BBBBBB", "alpha": 0.92},
                  arrowprops={"arrowstyle": "-", "color": PALE_INK, "linewidth": 0.8, "shrinkB": 7})


def emptiest_place(axes: Any, x: float, y: float, text: str, lines: list[Line], noise: Line) -> tuple[float, float]:
    """Where around (x, y), in points from it, a box with `text` covers the least of the lines, and of the noise behind them."""
    to_points = 72 / axes.figure.dpi
    rows = text.split("\n")
    half = np.array([5.2 * max(map(len, rows)) / 2 + 6, 13 * len(rows) / 2 + 5])  # points; a letter of 9 points is 5.2 wide
    centre = axes.transData.transform((x, y))
    frame = axes.get_window_extent()
    low, high = ((np.array(corner) - centre) * to_points for corner in (frame.min, frame.max))

    def around(drawn: list[Line]) -> np.ndarray:
        points = [dense(axes.transData.transform(np.column_stack(line))) for line in drawn if len(line[0])]
        return (np.concatenate(points) - centre) * to_points if points else np.empty((0, 2))

    on_lines, on_noise = around(lines), around([noise])
    cheapest, place = math.inf, np.array([0.0, half[1] + 20])
    for distance in (34, 60, 90, 130, 180):
        for angle in range(0, 360, 15):
            at = np.array([math.cos(math.radians(angle)) * (distance + half[0] - 20), math.sin(math.radians(angle)) * distance])
            if (at - half < low + 3).any() or (at + half > high - 3).any() or (abs(at) < half + 8).all():
                continue  # it would leave the frame or hide the star
            covers = [np.count_nonzero((abs(points - at) < half).all(1)) for points in (on_lines, on_noise)]
            # Hidden pieces of a line are worse than a long pointer; noise may be hidden, as there is more of it all around.
            cost = distance / 4 + 4 * covers[0] + min(0.5 * covers[1], 10)
            if cost < cheapest:
                cheapest, place = cost, at
    return float(place[0]), float(place[1])


def dense(points: np.ndarray, spacing: float = 6.0) -> np.ndarray:
    """Points (n, 2) in pixels with more of them between, one about every `spacing` pixels."""
    if len(points) < 2:
        return points
    points = points.clip(-1e4, 1e4)  # what is far outside of the picture may be as far as infinity
    length = np.append(0, np.cumsum(np.hypot(*np.diff(points, axis=0).T)))
    at = np.linspace(0, length[-1], int(min(length[-1] / spacing, 20000)) + 2)
    return np.column_stack([np.interp(at, length, points[:, axis]) for axis in (0, 1)])


class Outside:
    """Values that have no place on the axis: they are marked at its border and counted in a note, never just left out."""

    def __init__(self):
        self.high: list[np.ndarray] = []  # epochs of NaN and infinities, one array a line
        self.low: list[np.ndarray] = []  # epochs of zeros and negative values under a logarithmic axis
        self.counts: dict[str, dict[str, int]] = {"NaN or infinite": {}, "zero or negative": {}}

    def keep(self, x: np.ndarray, y: np.ndarray, name: str, logarithmic: bool) -> np.ndarray:
        """Which of the values can be drawn; it remembers the others."""
        finite = np.isfinite(y)
        low = finite & (y <= 0) if logarithmic else np.zeros(len(y), dtype=bool)
        for what, places, where in (("NaN or infinite", self.high, ~finite), ("zero or negative", self.low, low)):
            if where.any():
                places.append(x[where])
                self.counts[what][name] = int(where.sum())
        return finite & ~low

    def draw(self, figure: Any, axes: Any) -> None:
        notes = []
        for places, marker, height, (what, counts) in zip(
                (self.high, self.low), ("x", "v"), (0.985, 0.015), self.counts.items(), strict=True):
            if not counts:
                continue
            end = axes.get_xlim()[1]
            at = np.unique((np.concatenate(places) * (150 / end)).round()) * (end / 150)  # one mark would hide the next
            axes.plot(at, np.full(len(at), height), marker, transform=axes.get_xaxis_transform(), color=BLACK, markersize=5,
                      markeredgewidth=1.2, clip_on=False, zorder=8)
            told = ", ".join(f"{n:,} {name}{'es' if name == 'mini-batch' and n > 1 else ''}" for name, n in counts.items())
            notes.append(f"{'×' if marker == 'x' else '▾'} {what}: {told}")
        figure.text(0.012, 0.014, "     ".join(notes), fontsize=8.5, color=PALE_INK)


def loss_range(steps: np.ndarray, curves: list[np.ndarray]) -> tuple[float, float]:
    """From where to where the loss axis goes; a `low` of 0 or less asks for a linear axis.

    All of the curves is inside. A few wild mini-batches may leave the picture, rather than press the curves flat.
    """
    # No loss needs more than 100 decades each way, and within them no arithmetic here overflows.
    main, noise = (np.clip(values[np.isfinite(values)], -1e100, 1e100) for values in (np.concatenate([*curves, []]), steps))
    everything = main if len(main) else noise
    if not len(everything):
        return 0.1, 1.0
    if np.count_nonzero(everything <= 0) * 2 > len(everything):
        usual = np.quantile(noise, (0.01, 0.99)) if len(noise) else everything
        low, high = float(min(everything.min(), usual.min())), float(max(everything.max(), usual.max()))
        margin = 0.05 * (high - low) or 1.0
        return min(low - margin, 0.0), high + margin
    main, noise = (np.maximum(values[values > 0], 1e-100) for values in (main, noise))
    if not len(main):
        low, high = np.quantile(noise, (0.001, 1)) if len(noise) else (0.1, 1.0)
    else:
        low, high = main.min(), main.max()
        if len(noise):
            low = min(low, max(noise.min(), low / 10))
            high = max(high, noise[0], min(noise.max(), high * 10))
    low, high = float(low), float(high)
    margin = (high / low) ** 0.05 if high > low * (1 + 1e-7) else 1.05
    return low / margin, high * margin


# Axes

def scale(axes: Any, low: float, high: float, logarithmic: bool, most: int = 7, levels: list[float] | None = None) -> None:
    """Sets the y axis from `low` to `high` with about `most` readable ticks, or with ticks at `levels` when they stand apart."""
    from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator, ScalarFormatter

    if not logarithmic:
        axes.set_ylim(low, high)
        axes.yaxis.set_major_locator(MaxNLocator(most))
        axes.yaxis.set_major_formatter(ScalarFormatter(useOffset=False))
        return
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    ticks, between = log_ticks(low, high, most)
    apart = (high / low) ** (1 / 6)  # a sixth of the axis for a label
    if levels and len(levels) <= most and all(b > a * apart for a, b in itertools.pairwise(levels)):
        ticks, between = levels, []
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_major_formatter(FixedFormatter(tick_labels(ticks)))
    axes.yaxis.set_minor_locator(FixedLocator(between if most > 4 else []))
    axes.yaxis.set_minor_formatter(FixedFormatter([""] * len(between)))


def log_ticks(low: float, high: float, most: int) -> tuple[list[float], list[float]]:
    """Labelled ticks and unlabelled ones between them, for a logarithmic axis of any length, also far below a decade."""
    from matplotlib.ticker import MaxNLocator

    powers = [10.0**p for p in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)]
    decades = math.log10(high / low)

    def inside(values: Iterable[float]) -> list[float]:
        return [float(f"{v:.12g}") for v in values if low <= v <= high]

    if decades < 0.7:
        return inside(MaxNLocator(most - 1, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)), []
    between = inside(m * power for power in powers for m in range(2, 10))
    for digits in ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
        ticks = inside(m * power for power in powers for m in digits)
        if len(ticks) <= most + (len(digits) == 3):
            return ticks, [v for v in between if v not in ticks]
    stride = math.ceil(decades / most)
    return inside(powers[-2 - stride * (len(powers) // stride - 1)::stride]), inside(powers)


def tick_labels(ticks: list[float]) -> list[str]:
    """As short as tells them apart: 0.01, 1, 300, 2e-5; but 0.69300 beside 0.69325."""
    if len(ticks) < 2 or max(ticks) > 2 * min(ticks):
        return [f"{tick:,.6g}" if 1e-3 <= tick < 1e6 else short(tick) for tick in ticks]
    power = math.floor(math.log10(max(ticks))) if not 1e-3 <= max(ticks) < 1e6 else 0
    mantissas = [tick / 10.0**power for tick in ticks]
    decimals = next(d for d in range(17) if all(math.isclose(round(m, d), m, rel_tol=1e-10) for m in mantissas))
    return [f"{m:,.{decimals}f}" + (f"e{power}" if power else "") for m in mantissas]


def whole_numbers(end: float) -> Any:
    """Ticks for an axis of epochs or steps from 0 to `end`."""
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(10, integer=end >= 2, steps=[1, 2, 5, 10])


# Function approximation and classes in the plane

def draw_fit(run_folder: str | Path, x: np.ndarray, target: np.ndarray, grid: np.ndarray, prediction: np.ndarray,
             truth: np.ndarray | None = None, test_x: np.ndarray | None = None, test_target: np.ndarray | None = None,
             labels: tuple[str, str] = ("x", "y")) -> None:
    """Draws what a network with one input and one output made of its data into fit.png.

    x, target (samples,): the training data. grid, prediction (points,): the network's curve. truth (points,): the true
    function on the same grid, where it is known. test_x, test_target (test samples,): data that training did not see.
    Columns (n, 1) count as (n,).
    """
    x, target, grid, prediction = (np.ravel(a) for a in (x, target, grid, prediction))
    order = np.argsort(grid, kind="stable")
    with styled():
        figure = new_figure()
        axes = figure.subplots()
        crowded = len(x) > 2000
        axes.plot(x, target, "o", color=SKY, markersize=marker_size(len(x)), alpha=0.45 if crowded else 0.75, zorder=2,
                  markeredgecolor=BLUE, markeredgewidth=0 if crowded else 0.5, label=f"training data ({len(x):,})")
        if test_x is not None and test_target is not None:
            test_x, test_target = np.ravel(test_x), np.ravel(test_target)
            axes.plot(test_x, test_target, "^", color=GREEN, markersize=marker_size(len(test_x)), alpha=0.75, zorder=2.5,
                      markeredgewidth=0, label=f"test data ({len(test_x):,})")
        axes.plot(grid[order], prediction[order], color=RED, linewidth=2.4, zorder=4, label="network")
        scores = ""
        if truth is not None:
            truth = np.ravel(truth)
            axes.plot(grid[order], truth[order], color=BLACK, linewidth=1.4, linestyle=(0, (5, 2.5)), zorder=5,
                      label="true function")
            gap = np.abs(prediction - truth)
            scores = f"network against the true function: root mean square {number(rms(gap))}, at most {number(gap.max())} apart"
        axes.set_xlabel(plain(labels[0]), parse_math=False)
        axes.set_ylabel(plain(labels[1]), parse_math=False)
        axes.grid(True)
        axes.margins(x=0.02)
        top = title(figure, Path(run_folder).resolve().name, [[scores]] if scores else [])
        set_margins(figure, top)
        place_legend(figure, axes)
        save(figure, Path(run_folder) / "fit.png")


def draw_decision(run_folder: str | Path, x: np.ndarray, target: np.ndarray, grid_x: np.ndarray, grid_y: np.ndarray,
                  prediction: np.ndarray, class_names: list[str] | None = None, labels: tuple[str, str] = ("x1", "x2")) -> None:
    """Draws which class a network with two inputs sees where, and the samples, into regions.png.

    x (samples, 2), target (samples,): classes from 0. grid_x (columns,), grid_y (rows,): see `grid_over`; prediction
    (rows, columns): the class at each point, or (rows, columns, classes): probabilities, which pale where they are unsure.
    """
    target = np.ravel(target).astype(int)
    probability = prediction if prediction.ndim == 3 else None
    winner = prediction.astype(int) if probability is None else probability.argmax(-1)
    classes = 1 + max(int(target.max(initial=0)), int(winner.max()), 0 if probability is None else probability.shape[-1] - 1)
    names = [*(class_names or []), *(f"class {i}" for i in range(len(class_names or []), classes))]
    with styled():
        figure = new_figure(7.2, 7.2)
        axes = figure.subplots()
        axes.imshow(region_colours(winner, probability), origin="lower", aspect="auto", interpolation="nearest", zorder=0,
                    extent=(*outer_edges(grid_x), *outer_edges(grid_y)))
        for i in range(classes):
            if (winner == i).any() and (winner != i).any():
                axes.contour(grid_x, grid_y, lead(i, winner, probability), levels=[0], colors=[INK], linewidths=0.9, zorder=1)
        for i in range(classes):
            own = target == i
            axes.plot(x[own, 0], x[own, 1], CLASS_MARKERS[(i + i // 8) % 8], color=CLASS_COLOURS[i % 8], linestyle="none",
                      markersize=marker_size(len(x)) + 1, markeredgecolor="white", markeredgewidth=0.6, zorder=3,
                      label=shortened(plain(names[i]), 20))
        axes.set_xlabel(plain(labels[0]), parse_math=False)
        axes.set_ylabel(plain(labels[1]), parse_math=False)
        astray = np.count_nonzero(winner[nearest(grid_y, x[:, 1]), nearest(grid_x, x[:, 0])] != target)
        told = f"{len(x):,} samples, {astray:,} of them in the region of another class"
        columns = 5 if max(map(len, names)) <= 10 else 3
        set_margins(figure, title(figure, Path(run_folder).resolve().name, [[told]], math.ceil(classes / columns)))
        place_legend(figure, axes, columns)
        save(figure, Path(run_folder) / "regions.png")


def lead(i: int, winner: np.ndarray, probability: np.ndarray | None) -> np.ndarray:
    """How far class i leads over the next best (rows, columns); its border runs where that is 0."""
    if probability is not None:
        return probability[..., i] - np.delete(probability, i, axis=-1).max(-1)
    # Without probabilities a border can only follow the cells; the mean of 5 x 5 cells takes the corners off.
    padded = np.pad((winner == i).astype(float), 2, mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, (5, 5)).mean((-2, -1)) - 0.5


def grid_over(x: np.ndarray, cells: int = 400, margin: float = 0.08) -> list[np.ndarray]:
    """For each column of x (samples, inputs) the `cells` places that reach over all samples and a little beyond."""
    low, high = x.min(0), x.max(0)
    beyond = np.where(high > low, (high - low) * margin, 1.0)
    return [np.linspace(a, b, cells) for a, b in zip(low - beyond, high + beyond, strict=True)]


def region_colours(winner: np.ndarray, probability: np.ndarray | None) -> np.ndarray:
    """Pale colours (rows, columns, 3), the paler the less the network is sure."""
    palette = np.array([[int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)] for colour in CLASS_COLOURS])
    sure = np.full(winner.shape, 0.35)
    if probability is not None:
        classes = probability.shape[-1]
        sure = 0.06 + 0.39 * (probability.max(-1) - 1 / classes) / (1 - 1 / classes)
    return 1 - sure[..., None] * (1 - palette[winner % 8])


def outer_edges(centres: np.ndarray) -> tuple[float, float]:
    half = (centres[-1] - centres[0]) / (len(centres) - 1) / 2
    return centres[0] - half, centres[-1] + half


def nearest(grid: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The index of the grid's point next to each value."""
    return np.clip(np.rint((values - grid[0]) / (grid[-1] - grid[0]) * (len(grid) - 1)).astype(int), 0, len(grid) - 1)


def marker_size(samples: int) -> float:
    """In points, so that a crowd stays readable."""
    return float(np.clip(9 - 1.9 * math.log10(max(samples, 1)), 1.8, 6))


def rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


# All pictures

@contextlib.contextmanager
def styled() -> Iterator[None]:
    """Our style whatever the user's matplotlibrc says; letters that the font lacks are no reason to complain."""
    import matplotlib

    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def new_figure(width: float = WIDTH, height: float = HEIGHT) -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height))


def title(figure: Any, name: str, lines: list[list[str]], legend_rows: int = 1) -> float:
    """The run's name and, small and in columns, what came out. Returns where the axes may end, in inches from above."""
    width, height = figure.get_size_inches()
    left = MARGINS["left"] / width
    figure.text(left, 1 - 0.1 / height, shortened(plain(name), int(6.4 * width)), fontsize=15, fontweight="bold", va="top",
                parse_math=False)
    down = 0.44
    for line in lines:
        x = left
        for i, cell in enumerate(line):
            figure.text(x, 1 - down / height, cell, fontsize=8.6, color="#444444", va="top", parse_math=False)
            longest = max(len(other[i]) for other in lines if i < len(other))
            x += (0.15 + 0.06 * longest) / width  # a letter of 8.6 points is about 0.06 inches wide
        down += 0.19
    return down + 0.12 + 0.21 * legend_rows


def set_margins(figure: Any, top: float) -> None:
    width, height = figure.get_size_inches()
    figure.subplots_adjust(left=MARGINS["left"] / width, right=1 - MARGINS["right"] / width, bottom=MARGINS["bottom"] / height,
                           top=1 - top / height)


def place_legend(figure: Any, axes: Any, columns: int = 6) -> None:
    """Above the axes, where it covers nothing."""
    legend = figure.legend(*axes.get_legend_handles_labels(), loc="lower left", ncols=columns, frameon=False, borderpad=0.2,
                           columnspacing=1.6, bbox_to_anchor=(axes.get_position().x0 - 0.008, axes.get_position().y1),
                           handlelength=2.2, handletextpad=0.6)
    for line in legend.get_lines():
        line.set_linewidth(max(line.get_linewidth(), 1.2))
    for text in legend.get_texts():
        text.set_parse_math(False)


def final_scores(history: History) -> list[list[str]]:
    """A line on the best evaluation, and one on the last where that is another."""
    last = len(history.evaluations["epoch"]) - 1
    if last < 0:
        return [[f"{len(history.loss):,} steps, last mini-batch loss {number(history.loss[-1])}"]]
    rows = {"last": last} if history.best in (None, last) else {"best": history.best, "last": last}
    epochs = history.evaluations["epoch"].data
    return [[f"{what}: epoch {epoch_text(epochs[row])}", *scores_at(history, row)] for what, row in rows.items()]


def scores_at(history: History, row: int, longest: int = 112) -> list[str]:
    """["train loss 0.0212, accuracy 0.9941", "validation loss 0.1135, accuracy 0.9750"]; as many metrics as fit."""
    scores: dict[str, list[str]] = {}
    for column in history.evaluations:
        split, score = split_and_score(column)
        value = history.value(column, row)
        if split and value is not None:
            scores.setdefault(split, []).append(f"{score} {number(value)}")
    most = max(map(len, scores.values()), default=1)
    for shown in range(most, 0, -1):
        cells = [f"{split} {', '.join(texts[:shown])}" for split, texts in scores.items()]
        if sum(map(len, cells)) <= longest:
            break
    return cells


def save(figure: Any, path: Path) -> None:
    """Writes the picture beside its place and moves it there: whoever looks sees the old one or the new one, whole."""
    part = path.with_name(f".{path.stem}-{os.getpid()}.part{path.suffix}")
    try:
        with part.open("wb") as file:
            figure.savefig(file, format=path.suffix[1:], dpi=DPI, metadata={"Date": None} if path.suffix == ".svg" else None)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m nntrain.report.plots RUN_FOLDER", file=sys.stderr)
        return 2
    try:
        draw_loss(arguments[0])
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
