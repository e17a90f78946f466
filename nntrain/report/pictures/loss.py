"""Loss: the picture of a training, the losses over the epochs and below them the learning rate."""

from pathlib import Path
from typing import Any

import numpy as np

from nntrain.report.pictures import page
from nntrain.report.pictures.axes import scale, whole_numbers
from nntrain.report.pictures.best import Line, draw_best
from nntrain.report.pictures.history import History, drops, read_history, thinned
from nntrain.report.pictures.outside import Outside
from nntrain.report.pictures.page import BLUE, GREEN, INK, RED, SKY
from nntrain.report.words import epoch_text, number, split_and_score

CURVES = {  # split -> how its line looks
    "train": {"color": BLUE, "linestyle": "-"},
    "validation": {"color": RED, "linestyle": "-"},
    "test": {"color": GREEN, "linestyle": (0, (5, 1.5))},
}
UNFINISHED = ("interrupted", "diverged", "failed")  # what run.json may say that is worth a word in the title


def draw_loss(run_folder: str | Path) -> None:
    """Draws metrics.csv and steps.csv of a run folder into its loss.png and loss.svg, each replaced in one move.

    Raises UserError where there is no run or nothing to draw yet.
    """
    history = read_history(run_folder)
    with page.styled():
        figure = loss_figure(history)
        for kind in ("png", "svg"):
            page.save(figure, Path(run_folder) / f"loss.{kind}")


def loss_figure(history: History) -> Any:
    """The matplotlib Figure: the losses over the epochs, below them the learning rate."""
    figure = page.new_figure()
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(4.6, 1))
    name = history.name + (f" ({history.status})" if history.status in UNFINISHED else "")
    top = page.title(figure, name, final_scores(history))
    outside = Outside()
    curves = {split: history.curve(f"{split}_loss") for split in CURVES}
    curves = {split: curve for split, curve in curves.items() if np.isfinite(curve[1]).any()}
    low, high = loss_range(history.loss, [loss for _, loss in curves.values()])
    logarithmic = low > 0
    longest_label = scale(above, low, high, logarithmic)
    page.set_margins(figure, top, longest_label)
    figure.subplots_adjust(hspace=0.09)
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
    page.place_legend(figure, above)
    return figure


def draw_steps(axes: Any, history: History, outside: "Outside", logarithmic: bool) -> Line:
    """The jagged line of the mini-batches. Returns where it runs."""
    good = outside.keep(history.epoch, history.loss, "mini-batch", logarithmic)
    if not good.any():
        return np.empty(0), np.empty(0)
    # A gap where a value is missing would need a line each; at a thousand columns nobody sees the difference.
    x, y = thinned(history.epoch[good], history.loss[good])
    crowded = len(history.loss) > 2000
    axes.plot(
        x,
        y,
        color=SKY,
        linewidth=0.5 if crowded else 0.8,
        alpha=0.55 if crowded else 0.75,
        zorder=2,
        label="mini-batch",
        marker="." if len(x) == 1 else None,
        solid_joinstyle="bevel",
    )
    return x, y


def draw_curve(
    axes: Any, split: str, epoch: np.ndarray, loss: np.ndarray, outside: "Outside", logarithmic: bool
) -> Line:
    """The line of one split, on a white edge that sets it off from the mini-batches. Returns where it runs."""
    from matplotlib.patheffects import Normal, Stroke

    good = outside.keep(epoch, loss, split, logarithmic)
    x, y = thinned(epoch[good], loss[good])
    axes.plot(
        x,
        y,
        label=split,
        linewidth=1.9,
        marker="o" if len(x) <= 40 else None,
        markersize=3.6 if len(x) > 1 else 6,
        zorder=4,
        path_effects=[Stroke(linewidth=3.6, foreground="white", alpha=0.8), Normal()],
        **CURVES[split],
    )
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
            axes.axvline(
                starts[drop],
                color="#808080",
                linewidth=1,
                linestyle=(0, (4, 3)),
                zorder=1.5,
                label="learning-rate drop" if i == 0 and axes is above else None,
            )


def plateaus(lr: np.ndarray) -> list[float]:
    """The few learning rates that a schedule stays at; none for one that changes all the time."""
    levels, held = np.unique(lr, return_counts=True)
    long = held >= 0.005 * len(lr)
    return (
        levels[long].tolist() if 1 <= np.count_nonzero(long) <= 6 and held[long].sum() > 0.4 * len(lr) else []
    )


def stairs(start: np.ndarray, end: np.ndarray, value: np.ndarray) -> Line:
    """The corners of a line that keeps each value from its start to its end."""
    turns = np.flatnonzero(np.diff(value, prepend=np.nan))
    x = np.append(np.repeat(start[turns], 2)[1:], end[-1])
    return x, np.repeat(value[turns], 2)


def loss_range(steps: np.ndarray, curves: list[np.ndarray]) -> tuple[float, float]:
    """From where to where the loss axis goes; a `low` of 0 or less asks for a linear axis.

    All of the curves is inside. A few wild mini-batches may leave the picture, rather than press the curves flat.
    """
    # No loss needs more than 100 decades each way, and within them no arithmetic here overflows.
    main, noise = (
        np.clip(values[np.isfinite(values)], -1e100, 1e100)
        for values in (np.concatenate([*curves, []]), steps)
    )
    everything = main if len(main) else noise
    if not len(everything):
        return 0.1, 1.0
    if np.count_nonzero(everything <= 0) * 2 > len(everything):
        usual = np.quantile(noise, (0.01, 0.99)) if len(noise) else everything
        low, high = float(min(everything.min(), usual.min())), float(max(everything.max(), usual.max()))
        # Of one value alone a share of it: 1 more than -1e16 is still -1e16.
        margin = max(0.05 * (high - low), 1e-6 * max(-low, high)) or 1.0
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


def final_scores(history: History) -> list[list[str]]:
    """A line on the best evaluation, and one on the last where that is another one."""
    last = len(history.evaluations["epoch"]) - 1
    if last < 0:
        return [[f"{len(history.loss):,} steps, last mini-batch loss {number(history.loss[-1])}"]]
    if history.best == last:
        rows = {"best": last}
    else:
        rows = {"last": last} if history.best is None else {"best": history.best, "last": last}
    epochs = history.evaluations["epoch"].data
    heads = {row: f"{what}: epoch {epoch_text(epochs[row])}" for what, row in rows.items()}
    return [[head, *scores_at(history, row, longest=125 - len(head))] for row, head in heads.items()]


def scores_at(history: History, row: int, longest: int) -> list[str]:
    """["train loss 0.0212, accuracy 0.9941", "validation loss 0.1135, accuracy 0.9750"]; as many metrics as `longest` allows."""
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
