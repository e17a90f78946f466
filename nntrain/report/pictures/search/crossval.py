"""Cross-validation: the scores of each fold with their mean and standard deviation, and the losses during training."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nntrain.report.formats import counted
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.axes import scale, whole_numbers
from nntrain.report.pictures.drawing.curves import thinned
from nntrain.report.pictures.drawing.page import Page
from nntrain.report.pictures.picture import Drawn, Picture
from nntrain.report.pictures.search.value_axis import ValueAxis
from nntrain.report.pictures.subject import Subject
from nntrain.report.pictures.training.loss_range import loss_range
from nntrain.report.searched import folds_words, mean_words, words
from nntrain.search.crossval_files import is_crossval, read_crossval
from nntrain.search.results import HELD_OUT, CrossvalResult, MemberResult

COLOURS = (canvas.BLUE, canvas.RED, canvas.GREEN, canvas.ORANGE, canvas.PINK, canvas.SKY, canvas.BLACK)
ACROSS = 3  # panels of metrics side by side
PANEL, HEADING, LABELS = 1.95, 0.48, 0.5  # inches: a panel of a metric, its heading, and what is below it
CURVES = 2.6  # inches: the height of the panel of losses
MARKER: dict[str, Any] = {
    "markeredgecolor": canvas.PAPER,
    "markeredgewidth": 0.8,
    "zorder": 3,
    "clip_on": False,
}
SPREAD = 0.5  # of the distance between folds, over which the seeds of one fold are apart


class Crossval(Picture, name="crossval"):
    title = "The scores of each fold of a cross-validation, their mean and standard deviation, and the losses of the folds."
    takes = ("crossval",)
    applies_to = "cross-validations"
    hint = "`nntrain crossval` makes the folder of one."
    files = ("crossval.png", "crossval.svg")

    def applies(self, subject: Subject) -> bool:
        return subject.folder is not None and is_crossval(subject.folder)

    def figure(self, drawn: Drawn) -> Any:
        return crossval_figure(read_crossval(drawn.run))


def crossval_figure(result: CrossvalResult) -> Any:
    """The matplotlib Figure: a panel of points for each metric, and one of the losses where they are known."""
    colours = Colours(result)
    count = max(len(result.metrics), 1)  # a metric is unknown before the first run has scores
    across = 2 if count == 4 else min(count, ACROSS)
    rows = -(-len(result.metrics) // across)
    row = HEADING + PANEL + LABELS
    below = rows * row + ((CURVES + 0.8) if result.histories else 0.05)
    page = Page(
        result.name, sentence_of(result), lines_of(result), below=below, legend_rows=bool(colours.legend)
    )
    left, gap = canvas.MARGINS["left"], 0.75
    width = (page.width - left - canvas.MARGINS["right"] - gap * (across - 1)) / across
    for place, metric in enumerate(result.metrics):
        x = left + place % across * (width + gap)
        axes = page.axes(x, HEADING + place // across * row, width, PANEL)
        draw_metric(axes, result, metric, colours)
    if result.histories:
        axes = page.axes(left, below - CURVES - 0.5, page.width - left - canvas.MARGINS["right"], CURVES)
        draw_losses(axes, result, colours)
    if colours.legend:
        place_legend(page, colours)
    return page.figure


class Colours:
    """The colour of each member: by fold, or by seed where there are several; one colour where there are too many."""

    def __init__(self, result: CrossvalResult):
        seeds = list(dict.fromkeys(member.seed for member in result.members))
        folds = list(dict.fromkeys(member.fold for member in result.members))
        self.seeds = seeds
        by_seed = len(seeds) > 1
        kinds: Sequence[Any] = seeds if by_seed else folds
        self.legend: dict[str, str] = {}  # colours by what the legend says
        self._by: dict[str, str] = {}
        for member in result.members:
            kind = member.seed if by_seed else member.fold
            colour = COLOURS[kinds.index(kind)] if 1 < len(kinds) <= len(COLOURS) else canvas.BLUE
            self._by[member.name] = colour
            if 1 < len(kinds) <= len(COLOURS):
                self.legend[f"{'seed' if by_seed else 'fold'} {kind}"] = colour

    def __getitem__(self, member: str) -> str:
        return self._by.get(member, canvas.BLUE)


def sentence_of(result: CrossvalResult) -> str:
    """ "5 folds: loss 0.2101 ± 0.0411, accuracy 0.9533 ± 0.0298 (mean ± standard deviation)"."""
    scores = [
        f"{words(metric)} {mean_words(result.mean(metric), result.deviation(metric))}"
        for metric in result.metrics[:2]
        if len(result.measured(metric))
    ]
    if not scores:
        return f"{folds_words(result)}: no run has scores"
    what = "mean ± standard deviation" if any("±" in score for score in scores) else "mean"
    partly = len(result.scored) < len(result.members)
    of = f" of {len(result.scored)} of {counted(len(result.members), 'run')}" if partly else ""
    return f"{folds_words(result)}: {', '.join(scores)} ({what}{of})"


def lines_of(result: CrossvalResult) -> list[list[str]]:
    """Which samples the scores are of, and which runs have none."""
    held = [member.counts[HELD_OUT] for member in result.members if HELD_OUT in member.counts]
    lines = []
    if held:
        span = f"{held[0]:,}" if min(held) == max(held) else f"{min(held):,} to {max(held):,}"
        lines.append([f"scores of the best checkpoint of each run on its held-out fold of {span} samples"])
    statuses = [member.status for member in result.members if member not in result.scored]
    parts = [f"{statuses.count(status):,} {status}" for status in dict.fromkeys(statuses)]
    spoiled = {
        member.name
        for metric in result.metrics
        for member, value in zip(result.members, result.values(metric), strict=True)
        if member in result.scored and not np.isfinite(value)
    }
    if spoiled:
        parts.append(f"{len(spoiled):,} NaN or infinite")
    if parts:
        lines.append([f"× marks runs without a score: {', '.join(parts)}"])
    if any(beyond(result, metric).any() for metric in result.metrics):
        lines.append(["○ marks scores beyond the axis"])
    return lines


def draw_metric(axes: Any, result: CrossvalResult, metric: str, colours: Colours) -> None:
    """A point for each member, a line for their mean, a band of one standard deviation each way."""
    values = result.values(metric)
    limits = limits_of(result, metric)
    limits.set(axes, most=5)
    at, ticks, what = positions(result, colours.seeds)
    mean, deviation = result.mean(metric), result.deviation(metric)
    if np.isfinite(mean):
        axes.axhline(mean, color=canvas.INK, linewidth=1.2, zorder=2)
    if np.isfinite(deviation):
        axes.axhspan(mean - deviation, mean + deviation, color=canvas.GRID, zorder=0.5, linewidth=0)
    shown = np.isfinite(values) & ~limits.outside(values)
    border = 0.04 if result.higher_is_better.get(metric, False) else 0.96
    size = canvas.marker_size(len(values)) + 1
    for place, member in enumerate(result.members):
        colour = colours[member.name]
        look = MARKER | {"markersize": size}
        up = axes.get_xaxis_transform()
        if shown[place]:
            axes.plot(at[place], values[place], "o", color=colour, **look)
        elif np.isfinite(values[place]):
            axes.plot(
                at[place], border, "o", transform=up, **look | {"color": "none", "markeredgecolor": colour}
            )
        else:
            axes.plot(at[place], border, "X", color=colour, transform=up, **look)
    axes.set_xlim(-0.6, max(at.max(initial=0.0), 0) + 0.6)
    every = -(-max(len(ticks), 1) // (6 if len(result.metrics) >= ACROSS else 10))
    axes.set_xticks(range(0, len(ticks), every), ticks[::every])
    axes.set_xlabel(what, loc="right", labelpad=1)
    scores = [mean_words(mean, deviation)] if len(result.measured(metric)) else []
    axes.set_title("\n".join([words(metric), *scores]), fontsize=10, loc="left", parse_math=False)
    axes.grid(True, axis="y")
    if not np.isfinite(values).any():
        axes.set_yticks([])


def limits_of(result: CrossvalResult, metric: str) -> ValueAxis:
    """The values, and as much of the band around their mean as does not flatten them."""
    values, mean, deviation = result.values(metric), result.mean(metric), result.deviation(metric)
    limits = ValueAxis.of(values, result.higher_is_better.get(metric, False))
    if limits.logarithmic or not np.isfinite(deviation):
        return limits
    span = limits.high - limits.low
    low = max(mean - 1.1 * deviation, limits.low - span)
    high = min(mean + 1.1 * deviation, limits.high + span)
    return limits.including(low, high, values)


def beyond(result: CrossvalResult, metric: str) -> np.ndarray:
    """Which members (members,) have a finite score that the axis cannot show."""
    values = result.values(metric)
    return np.isfinite(values) & limits_of(result, metric).outside(values)


def positions(result: CrossvalResult, seeds: list[int]) -> tuple[np.ndarray, list[str], str]:
    """Where the members are (members,), the labels at 0, 1, 2, ..., and what is counted there."""
    folds = sorted({member.fold for member in result.members if member.fold is not None})
    if not folds:
        at = [seeds.index(member.seed) for member in result.members]
        return np.array(at, np.float64), list(map(str, seeds)), "seed"

    def place(member: MemberResult) -> float:
        aside = (seeds.index(member.seed) + 0.5) / len(seeds) - 0.5
        return folds.index(member.fold or folds[0]) + SPREAD * aside

    return np.array([place(member) for member in result.members]), list(map(str, folds)), "fold"


def draw_losses(axes: Any, result: CrossvalResult, colours: Colours) -> None:
    """The loss of each member after each epoch."""
    everything = np.concatenate([losses for _, losses in result.histories.values()])
    low, high = loss_range(np.empty(0), [np.minimum(everything, highest(result))])
    scale(axes, low, high, low > 0, most=6)
    end = max((float(epochs[-1]) for epochs, _ in result.histories.values() if len(epochs)), default=1.0)
    few = len(result.histories) <= 10 and len(everything) <= 3000
    for name, (epochs, losses) in result.histories.items():
        good = np.isfinite(losses) & ((losses > 0) | (low <= 0))
        x, y = thinned(epochs[good], losses[good])
        axes.plot(
            x,
            y,
            color=colours[name],
            linewidth=1.6 if few else 0.8,
            alpha=0.9 if few else 0.6,
            marker="o" if len(x) <= 3 else None,
            markersize=4,
        )
        if not np.isfinite(losses).all():
            at = epochs[np.flatnonzero(~np.isfinite(losses))[0]]
            up = axes.get_xaxis_transform()
            axes.plot(at, 0.96, "X", color=colours[name], markersize=8, transform=up, **MARKER)
    axes.set_xlim(0, end * (1.01 if end > 1 else 1.1))
    axes.xaxis.set_major_locator(whole_numbers(end))
    axes.xaxis.set_major_formatter("{x:,.0f}" if end >= 2 else "{x:g}")
    axes.set_xlabel("epoch", loc="right")
    split = {HELD_OUT: "held-out", "train": "training"}.get(result.history_split, result.history_split)
    diverged = "; ×: NaN or infinite" if not np.isfinite(everything).all() else ""
    axes.set_title(f"{split} loss during training{diverged}", fontsize=10, loc="left")
    axes.grid(True)


def highest(result: CrossvalResult) -> float:
    """Ten times the largest loss with which a member starts: a fold that diverges further does not flatten the others."""
    starts = [losses[np.isfinite(losses)][:1] for _, losses in result.histories.values()]
    found = np.concatenate(starts)
    return 10 * float(found.max()) if len(found) and found.max() > 0 else np.inf


def place_legend(page: Page, colours: Colours) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=colour, marker="o", linewidth=1.8, markersize=5, label=label)
        for label, colour in colours.legend.items()
    ]
    page.figure.legend(
        handles=handles,
        loc="upper left",
        ncols=len(handles),
        frameon=False,
        borderpad=0.2,
        columnspacing=1.4,
        handlelength=1.8,
        handletextpad=0.5,
        fontsize=9,
        bbox_to_anchor=(canvas.MARGINS["left"] / page.width - 0.008, 1 - (page.top - 0.3) / page.height),
    )
