"""Loss: the losses over the epochs, and below them the learning rate."""

from typing import Any

import numpy as np

from nntrain.report.formats import epoch_text, number, shortened, split_and_score
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.axes import scale, whole_numbers
from nntrain.report.pictures.drawing.best_marker import draw_best
from nntrain.report.pictures.drawing.canvas import BLUE, GREEN, INK, PALE_INK, PAPER, RED, SKY, SOFT_INK
from nntrain.report.pictures.drawing.curves import Line, drops, thinned
from nntrain.report.pictures.drawing.out_of_range import OutOfRange
from nntrain.report.pictures.picture import Drawn, Picture
from nntrain.report.pictures.subject import Subject
from nntrain.report.pictures.training.comparison import comparison_figure
from nntrain.report.pictures.training.loss_range import loss_range
from nntrain.run.history import History, read_history

CURVES: dict[str, dict[str, Any]] = {  # split -> how its line looks
    "train": {"color": BLUE, "linestyle": "-"},
    "validation": {"color": RED, "linestyle": "-"},
    "test": {"color": GREEN, "linestyle": (0, (5, 1.5))},
}
LONGEST_NAME = 38  # letters of the title beside the label of the baseline
UNFINISHED = ("interrupted", "diverged", "failed")  # statuses of run.json that the title names


class Loss(Picture, name="loss"):
    title = "The loss on each split over the epochs, with the learning rate below."
    several = True
    moment = "during"
    files = ("loss.png", "loss.svg")
    applies_to = "runs"

    def applies(self, subject: Subject) -> bool:
        return subject.is_run

    def figure(self, *drawn: Drawn) -> Any:
        histories = [read_history(each.run) for each in drawn]
        return loss_figure(histories[0]) if len(histories) == 1 else comparison_figure(histories)


def loss_figure(history: History) -> Any:
    """The matplotlib Figure: the losses over the epochs, and below them the learning rate."""
    figure = canvas.new_figure()
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(4.6, 1))
    name = history.name + (f" ({history.status})" if history.status in UNFINISHED else "")
    if history.baseline:  # its label is to the right of the name
        name = shortened(name, LONGEST_NAME)
    top = canvas.title(figure, name, final_scores(history))
    out_of_range = OutOfRange()
    curves = {split: history.curve(f"{split}_loss") for split in CURVES}
    curves = {split: curve for split, curve in curves.items() if np.isfinite(curve[1]).any()}
    low, high = loss_range(history.steps.loss, [loss for _, loss in curves.values()])
    baseline = baseline_in(history, low, high)
    if baseline is not None:
        low, high = with_value(low, high, baseline)
    logarithmic = low > 0
    longest_label = scale(above, low, high, logarithmic)
    canvas.set_margins(figure, top, longest_label)
    figure.subplots_adjust(hspace=0.09)
    end = max([*history.steps.epoch[-1:], *history.evaluations["epoch"].data[-1:]])
    above.set_xlim(0, end * 1.01)

    noise = draw_steps(above, history, out_of_range, logarithmic)
    lines = [draw_curve(above, split, *curve, out_of_range, logarithmic) for split, curve in curves.items()]
    draw_learning_rate(above, below, history)
    if baseline is not None:
        draw_baseline(figure, above, baseline)
    draw_best(above, history, lines, noise)
    out_of_range.draw(figure, above)

    above.set_ylabel("loss" if logarithmic else "loss (linear, as it is not positive)")
    above.tick_params(labelbottom=False, length=0)
    below.set_xlabel("step" if history.steps.counts_steps else "epoch", loc="right")
    below.xaxis.set_major_locator(whole_numbers(end))
    below.xaxis.set_major_formatter("{x:,.0f}" if end >= 2 else "{x:g}")
    for axes in (above, below):
        axes.grid(True)
    figure.align_ylabels()
    canvas.place_legend(figure, above)
    return figure


def draw_steps(axes: Any, history: History, out_of_range: OutOfRange, logarithmic: bool) -> Line:
    """Draws the jagged line of the mini-batches, and returns its points."""
    steps = history.steps
    good = out_of_range.keep(steps.epoch, steps.loss, "mini-batch", logarithmic)
    if not good.any():
        return np.empty(0), np.empty(0)
    # Gaps at missing values would need a line each, and are invisible at a thousand columns.
    x, y = thinned(steps.epoch[good], steps.loss[good])
    crowded = len(steps) > 2000
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
    axes: Any, split: str, epoch: np.ndarray, loss: np.ndarray, out_of_range: OutOfRange, logarithmic: bool
) -> Line:
    """Draws the line of one split, with a white edge against the mini-batches, and returns its points."""
    from matplotlib.patheffects import Normal, Stroke

    good = out_of_range.keep(epoch, loss, split, logarithmic)
    x, y = thinned(epoch[good], loss[good])
    axes.plot(
        x,
        y,
        label=split,
        linewidth=1.9,
        marker="o" if len(x) <= 40 else None,
        markersize=3.6 if len(x) > 1 else 6,
        zorder=4,
        path_effects=[Stroke(linewidth=3.6, foreground=PAPER, alpha=0.8), Normal()],
        **CURVES[split],
    )
    return x, y


def baseline_in(history: History, low: float, high: float) -> float | None:
    """The loss of the best constant prediction on the split that selects the best epoch, where the axis can show it."""
    split = next((name for name in ("validation", "train") if name in history.baseline), None)
    if split is None or (low > 0 and not low / 100 < history.baseline[split] < high * 100):
        return None
    value = history.baseline[split]
    near = low <= value <= high or low > 0 or abs(value) < 10 * max(abs(low), abs(high))
    return value if np.isfinite(value) and near else None


def with_value(low: float, high: float, value: float) -> tuple[float, float]:
    """The limits of the loss axis, extended to show a value with a margin."""
    if low <= 0:
        margin = (max(high, value) - min(low, value)) * 0.05
        return min(low, value - margin), max(high, value + margin)
    margin = max((max(high, value) / min(low, value)) ** 0.05, 1 + 1e-7)
    return min(low, value / margin), max(high, value * margin)


def draw_baseline(figure: Any, axes: Any, value: float) -> None:
    """Draws a thin line at the loss of a constant prediction; its name is above the scores, where no curve is."""
    line = axes.axhline(value, color=PALE_INK, linewidth=1.1, linestyle=(0, (1, 1.5)), zorder=3)
    figure.legend(
        [line],
        [f"constant prediction {number(value)}"],
        loc="upper right",
        bbox_to_anchor=(1 - canvas.MARGINS["right"] / canvas.WIDTH + 0.005, 0.998),
        frameon=False,
        borderpad=0.2,
        fontsize=8.6,
        labelcolor=SOFT_INK,
    )


def draw_learning_rate(above: Any, below: Any, history: History) -> None:
    """Draws the learning rate in the lower panel, and a dashed line through both panels at each drop."""
    epoch, lr = history.steps.epoch, history.steps.lr
    if not len(lr):  # a run without steps.csv
        epoch, lr = history.curve("lr")
    good = np.isfinite(lr) & (lr > 0)  # some schedules end at 0, which a logarithmic axis cannot show
    epoch, lr = epoch[good], lr[good]
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
    margin = max((high / low) ** 0.12, 1.3)
    scale(below, low / margin, high * margin, True, most=4, levels=levels)
    starts = np.append(0.0, epoch[:-1])  # the rate of a step applies from the end of the previous step
    below.plot(*thinned(*stairs(starts, epoch, lr)), color=INK, linewidth=1.4, solid_joinstyle="miter")
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


def final_scores(history: History) -> list[list[str]]:
    """One line for the best evaluation, and one for the last where it is a different one."""
    last = len(history) - 1
    if last < 0:
        steps = len(history.steps)
        counted = f"{steps:,} step{'s' * (steps != 1)}"
        return [[f"{counted}, last mini-batch loss {number(history.steps.loss[-1])}"]]
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
    for column in history.columns:
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
