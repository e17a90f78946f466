"""Loss curves: the figure of one run: the losses over its progress, and below them the learning rate."""

from typing import Any

import numpy as np

from nntrain.report.formats import epoch_text, number, shortened, split_and_score
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.axes import scale, whole_numbers
from nntrain.report.pictures.drawing.best_marker import draw_best
from nntrain.report.pictures.drawing.canvas import BLUE, GREEN, PALE_INK, PAPER, RED, SKY, SOFT_INK
from nntrain.report.pictures.drawing.curves import Line, thinned
from nntrain.report.pictures.drawing.out_of_range import OutOfRange
from nntrain.report.pictures.training.loss_range import loss_range
from nntrain.report.pictures.training.lr_panel import draw_learning_rate
from nntrain.report.pictures.training.progress import Progress, Unit, progress_of, smoothed
from nntrain.run.history import LAST, History

CURVES: dict[str, dict[str, Any]] = {  # split -> how its line looks
    "train": {"color": BLUE, "linestyle": "-"},
    "validation": {"color": RED, "linestyle": "-"},
    "test": {"color": GREEN, "linestyle": (0, (5, 1.5))},
}
RUNNING = "train (running mean)"  # the mean of the steps of an epoch, each before its update and with dropout
LONGEST_NAME = 38  # letters of the title beside the label of the baseline
UNFINISHED = ("interrupted", "diverged", "failed")  # statuses of run.json that the title names


def loss_figure(history: History, unit: Unit = "epoch", smoothing: float = 0.0) -> Any:
    """The matplotlib Figure: the losses over the progress of the run, and below them the learning rate. Raises UserError."""
    (progress,) = progress_of([history], unit)
    figure = canvas.new_figure()
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(4.6, 1))
    name = history.name + (f" ({history.status})" if history.status in UNFINISHED else "")
    if history.baseline:  # its label is to the right of the name
        name = shortened(name, LONGEST_NAME)
    top = canvas.title(figure, name, final_scores(history))
    out_of_range = OutOfRange()
    curves = {split: progress.of(history, f"{split}_loss") for split in CURVES}
    curves = {split: curve for split, curve in curves.items() if np.isfinite(curve[1]).any()}
    steps = smoothed(history.steps.loss, smoothing)
    low, high = loss_range(steps, [loss for _, loss in curves.values()])
    baseline = baseline_in(history, low, high)
    if baseline is not None:
        low, high = with_value(low, high, baseline)
    logarithmic = low > 0
    longest_label = scale(above, low, high, logarithmic)
    canvas.set_margins(figure, top, longest_label)
    figure.subplots_adjust(hspace=0.09)
    end = progress.end
    above.set_xlim(0, end * 1.01)

    noise = draw_steps(above, history, progress, smoothing, out_of_range, logarithmic)
    lines = [draw_curve(above, split, *curve, out_of_range, logarithmic) for split, curve in curves.items()]
    draw_learning_rate(above, below, history, progress)
    if baseline is not None:
        draw_baseline(figure, above, baseline)
    draw_best(above, history, progress.evaluations, lines, noise)
    out_of_range.draw(figure, above)

    above.set_ylabel(loss_label(history.loss_title, logarithmic))
    above.tick_params(labelbottom=False, length=0)
    below.set_xlabel(progress.label, loc="right")
    below.xaxis.set_major_locator(whole_numbers(end))
    below.xaxis.set_major_formatter("{x:,.0f}" if end >= 2 else "{x:g}")
    for axes in (above, below):
        axes.grid(True)
    figure.align_ylabels()
    canvas.place_legend(figure, above)
    return figure


def loss_label(title: str, logarithmic: bool) -> str:
    """ "cross entropy loss": which loss the axis shows."""
    return title if logarithmic else f"{title} (linear, as it is not positive)"


def draw_steps(
    axes: Any,
    history: History,
    progress: Progress,
    smoothing: float,
    out_of_range: OutOfRange,
    logarithmic: bool,
) -> Line:
    """Draws the jagged line of the mini-batches, and returns its points."""
    good = out_of_range.keep(progress.steps, history.steps.loss, "mini-batch", logarithmic)
    if not good.any():
        return np.empty(0), np.empty(0)
    # Gaps at missing values would need a line each, and are invisible at a thousand columns.
    x, y = thinned(progress.steps[good], smoothed(history.steps.loss[good], smoothing))
    crowded = len(history.steps) > 2000 and not smoothing
    axes.plot(
        x,
        y,
        color=SKY,
        linewidth=0.5 if crowded else 0.8,
        alpha=0.55 if crowded else 0.75,
        zorder=2,
        label=f"mini-batch (smoothed, {smoothing:g})" if smoothing else "mini-batch",
        marker="." if len(x) == 1 else None,
        solid_joinstyle="bevel",
    )
    return x, y


def draw_curve(
    axes: Any, split: str, x: np.ndarray, loss: np.ndarray, out_of_range: OutOfRange, logarithmic: bool
) -> Line:
    """Draws the line of one split, with an edge against the mini-batches, and returns its points."""
    from matplotlib.patheffects import Normal, Stroke

    good = out_of_range.keep(x, loss, split, logarithmic)
    x, y = thinned(x[good], loss[good])
    axes.plot(
        x,
        y,
        label=RUNNING if split == "train" else split,
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


def final_scores(history: History) -> list[list[str]]:
    """One line for the best evaluation, and one for the last where it is a different one.

    The best one has the scores that the terminal shows, which are those of its parameters on each split, where the run has ended.
    """
    last = len(history) - 1
    if last < 0:
        steps = len(history.steps)
        counted = f"{steps:,} step{'s' * (steps != 1)}"
        return [[f"{counted}, last mini-batch loss {number(history.steps.loss[-1])}"]]
    if history.best == last:
        rows = {"last" if history.monitor == LAST else "best": last}
    else:
        rows = {"last": last} if history.best is None else {"best": history.best, "last": last}
    epochs = history.evaluations["epoch"].data
    heads = {row: f"{what}: epoch {epoch_text(epochs[row])}" for what, row in rows.items()}
    return [
        [head, *cells_of(scores_at(history, row), longest=125 - len(head))] for row, head in heads.items()
    ]


def scores_at(history: History, row: int) -> dict[str, list[str]]:
    """{"train (running mean)": ["loss 0.0212", "accuracy 0.9941"], "validation": ["loss 0.1135", ...]} of an evaluation."""
    scores: dict[str, list[str]] = {}
    if row == history.best and history.scores:
        return {
            split: [f"{name.replace('_', ' ')} {number(value)}" for name, value in values.items()]
            for split, values in history.scores.items()
        }
    for column in history.columns:
        split, score = split_and_score(column)
        value = history.value(column, row)
        if split and value is not None:
            scores.setdefault(RUNNING if split == "train" else split, []).append(f"{score} {number(value)}")
    return scores


def cells_of(scores: dict[str, list[str]], longest: int) -> list[str]:
    """ "validation loss 0.1135, accuracy 0.9750" for each split; as many metrics as `longest` letters allow."""
    most = max(map(len, scores.values()), default=1)
    for shown in range(most, 0, -1):
        cells = [f"{split} {', '.join(texts[:shown])}" for split, texts in scores.items()]
        if sum(map(len, cells)) <= longest:
            break
    return cells
