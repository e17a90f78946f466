"""Learning-rate panel: the learning rate below the losses, and its drops marked through both."""

import itertools
from typing import Any

import numpy as np

from nntrain.report.formats import shortened
from nntrain.report.pictures.drawing.axes import scale
from nntrain.report.pictures.drawing.canvas import GREEN, INK, ORANGE, PALE_INK, PINK
from nntrain.report.pictures.drawing.curves import Line, drops, thinned
from nntrain.report.pictures.training.progress import Progress
from nntrain.run.history import History

GROUPS = (ORANGE, GREEN, PINK)  # colours of groups of parameters
MOST_NAMES, LONGEST = 4, 24  # in the legend, and letters of each


def draw_learning_rate(above: Any, below: Any, history: History, progress: Progress) -> None:
    """Draws the learning rate in the lower panel, and a dashed line through both panels at each drop."""
    x, lr = learning_rates(history, progress)
    below.set_ylabel("lr")
    below.tick_params(length=2)
    if not len(lr):
        below.set_yticks([])
        return
    levels = plateaus(lr)
    # The last steps of a cosine are almost 0: without a floor they would take most of the panel.
    floor = 0.0 if levels else np.quantile(lr, 0.02)
    high = float(np.clip(lr.max(), 1e-100, 1e100))
    low = min(max(float(lr.min()), floor, high * 1e-9), high)
    multiples = [1.0, *history.group_rates.values()]
    low, high = low * min(multiples), high * max(multiples)
    margin = max((high / low) ** 0.12, 1.3)
    levels = sorted({level * multiple for level in levels for multiple in multiples})
    scale(below, low / margin, high * margin, True, most=4, levels=levels)
    starts = np.append(0.0, x[:-1])  # the rate of a step applies from the end of the previous step
    below.plot(*thinned(*stairs(starts, x, lr)), color=INK, linewidth=1.4, solid_joinstyle="miter")
    draw_groups(below, starts, x, lr, history.group_rates)
    for i, drop in enumerate(drops(lr)):
        for axes in (above, below):
            axes.axvline(
                starts[drop],
                color=PALE_INK,
                linewidth=1,
                linestyle=(0, (4, 3)),
                zorder=1.5,
                label="learning-rate drop" if i == 0 and axes is above else None,
            )


def draw_groups(
    axes: Any, start: np.ndarray, end: np.ndarray, lr: np.ndarray, multiples: dict[str, float]
) -> None:
    """Draws the learning rates of the groups of parameters that have others, and names them and the first line of the axes."""
    if not multiples:
        return
    lines = [axes.lines[0]]
    for multiple, colour in zip(multiples.values(), itertools.cycle(GROUPS), strict=False):
        lines += axes.plot(*thinned(*stairs(start, end, lr * multiple)), color=colour, linewidth=1.2)
    names = ["all others", *(shortened(name, LONGEST) for name in multiples)]
    if len(names) > MOST_NAMES:
        names = [*names[: MOST_NAMES - 1], f"and {len(names) - MOST_NAMES + 1} more"]
    axes.legend(
        lines[: len(names)],
        names,
        loc="best",
        ncols=MOST_NAMES,
        fontsize=7.6,
        borderpad=0.2,
        handlelength=1.2,
        columnspacing=1.2,
    )


def learning_rates(history: History, progress: Progress) -> Line:
    """The positions of the steps, and their learning rates, where positive; of the evaluations for a run without steps.csv."""
    x, lr = progress.steps, history.steps.lr
    if not len(lr):
        x, lr = progress.of(history, "lr")
    good = np.isfinite(lr) & (lr > 0)  # some schedules end at 0, which a logarithmic axis cannot show
    return x[good], lr[good]


def plateaus(lr: np.ndarray) -> list[float]:
    """The few learning rates that a schedule holds; empty for one that changes at every step."""
    levels, held = np.unique(lr, return_counts=True)
    long = held >= 0.005 * len(lr)
    return (
        levels[long].tolist() if 1 <= np.count_nonzero(long) <= 6 and held[long].sum() > 0.4 * len(lr) else []
    )


def stairs(start: np.ndarray, end: np.ndarray, value: np.ndarray) -> Line:
    """The corners of a step function that holds each value from its start to its end."""
    turns = np.flatnonzero(np.diff(value, prepend=np.nan))
    x = np.append(np.repeat(start[turns], 2)[1:], end[-1])
    return x, np.repeat(value[turns], 2)
