"""Comparison: several runs in one picture, to see the effect of a changed line of YAML."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nntrain.errors import UserError
from nntrain.report.formats import number, printable, split_and_score
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.axes import scale, whole_numbers
from nntrain.report.pictures.drawing.curves import drops, thinned
from nntrain.report.pictures.drawing.legend_table import Entry, legend_table
from nntrain.report.pictures.drawing.out_of_range import OutOfRange
from nntrain.report.pictures.training.loss_curves import UNFINISHED, loss_label
from nntrain.report.pictures.training.loss_range import loss_range
from nntrain.report.pictures.training.lr_panel import learning_rates, stairs
from nntrain.report.pictures.training.progress import Progress, Unit, progress_of, smoothed
from nntrain.run.history import History
from nntrain.run.settings import differing, labels, shortest_names

COLOURS = (canvas.BLUE, canvas.RED, canvas.GREEN, canvas.ORANGE, canvas.PINK, canvas.SKY, canvas.BLACK)
MOST = len(COLOURS)  # runs that a reader can distinguish
DETAILED = 3  # runs whose mini-batches and drops can be drawn over each other
SMOOTHING = 0.9  # of the mini-batches, whose jagged lines would hide each other
DOTTED, DASHED = (0, (1, 1.2)), (0, (5, 1.5))  # training loss, test loss


def comparison_figure(
    histories: Sequence[History], unit: Unit = "epoch", smoothing: float | None = None
) -> Any:
    """The matplotlib Figure: a panel for each kind of loss, one for a metric that all runs have, and one for the learning rate.

    Raises UserError where there are more runs than a reader can distinguish.
    """
    if len(histories) > MOST:
        raise UserError(f"expected at most {MOST} runs in one picture. Received: {len(histories)}")
    progress = progress_of(list(histories), unit)
    runs = list(zip(histories, progress, COLOURS, strict=False))
    kinds = list(dict.fromkeys(history.loss_title for history in histories))
    metric = common_metric(histories)
    heights = [3.4] * len(kinds) + [1.7] * bool(metric) + [0.9]
    figure = canvas.new_figure(canvas.WIDTH, 1.6 + 0.2 * len(runs) + 1.05 * sum(heights))
    panels = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights, squeeze=False)[:, 0]
    top = canvas.title(figure, f"{len(histories)} runs", legend_rows=0, sentence=sentence_of(histories))
    top = legend_table(figure, top, heads_of(histories, metric), entries_of(histories, metric))
    out_of_range = OutOfRange()
    longest = 0
    for axes, kind in zip(panels, kinds, strict=False):
        chosen = [run for run in runs if run[0].loss_title == kind]
        weight = SMOOTHING if smoothing is None else smoothing
        longest = max(longest, draw_losses(axes, chosen, len(runs) <= DETAILED, weight, out_of_range))
        axes.set_ylabel(loss_label(kind, axes.get_yscale() == "log"))
    if metric:
        draw_metric(panels[len(kinds)], runs, metric)
    draw_rates(panels[-1], runs)
    canvas.set_margins(figure, top, longest)
    figure.subplots_adjust(hspace=0.12)
    end = max(each.end for each in progress)
    panels[-1].set_xlim(0, end * 1.01)
    panels[-1].xaxis.set_major_locator(whole_numbers(end))
    panels[-1].xaxis.set_major_formatter("{x:,.0f}" if end >= 2 else "{x:g}")
    panels[-1].set_xlabel(progress[0].label, loc="right")
    for axes in panels:
        axes.grid(True)
    for axes in panels[:-1]:
        axes.tick_params(labelbottom=False, length=0)
    figure.align_ylabels()
    out_of_range.draw(figure, panels[0])
    return figure


Drawing = tuple[History, Progress, str]  # a run, its positions, and its colour


def sentence_of(histories: Sequence[History]) -> str:
    """What the lines are, and in which options the runs differ."""
    settings = [history.settings for history in histories]
    names = shortest_names(list(differing(settings))) if all(settings) else {}
    shown = list(names.values())
    more = f" and {len(shown) - 4} more options" if len(shown) > 4 else ""
    what = f"The runs differ in {', '.join(shown[:4])}{more}. " if shown else ""
    lines = "Solid: held-out loss; dotted: training loss (running mean)"
    if any(second_curve(history) for history in histories) and len(histories) <= DETAILED:
        lines += "; dashed: test loss"
    if len(histories) <= DETAILED:
        lines += "; thin: mini-batches"
    ended = "; a cross marks where a run failed or was interrupted"
    failed = any(history.status in UNFINISHED for history in histories)
    return f"{what}{lines}; a star marks the best evaluation{ended if failed else ''}"


def held_out(history: History) -> str:
    """The split whose loss is the solid line: validation, else test, else training."""
    splits = [
        split for split in ("validation", "test") if np.isfinite(history.curve(f"{split}_loss")[1]).any()
    ]
    return splits[0] if splits else "train"


def second_curve(history: History) -> str:
    """ "test" where the test loss is known beside the validation loss."""
    both = held_out(history) == "validation" and np.isfinite(history.curve("test_loss")[1]).any()
    return "test" if both else ""


def common_metric(histories: Sequence[History]) -> str:
    """The first metric beside the loss that all runs have on their held-out splits, such as "accuracy"; empty where there is none."""

    def metrics(history: History) -> list[str]:
        found = (split_and_score(column) for column in history.columns if len(history))
        named = [score.replace(" ", "_") for split, score in found if split == held_out(history)]
        return [
            name
            for name in named
            if name != "loss" and np.isfinite(history.curve(f"{held_out(history)}_{name}")[1]).any()
        ]

    measured = [metrics(history) for history in histories if len(history)]
    return (
        next((name for name in measured[0] if all(name in other for other in measured)), "")
        if measured
        else ""
    )


def heads_of(histories: Sequence[History], metric: str) -> list[str]:
    """The columns of the table below the title."""
    splits = {held_out(history) for history in histories if len(history)}
    of = f"{splits.pop()} " if len(splits) == 1 else "held-out "
    tested = any(history.scores.get("test", {}).get("loss") is not None for history in histories)
    return [
        "",
        "best epoch",
        f"{of}loss",
        *([f"{of}{metric.replace('_', ' ')}"] if metric else []),
        *(["test loss"] if tested else []),
    ]


def entries_of(histories: Sequence[History], metric: str) -> list[Entry]:
    """A row of the table for each run: its colour, what tells it apart, how it ended, its best scores."""
    named = labels([history.name for history in histories], [history.settings for history in histories])
    tested = any(history.scores.get("test", {}).get("loss") is not None for history in histories)
    rows = []
    for label, history, colour in zip(named, histories, COLOURS, strict=False):
        status = f" ({history.status})" if history.status in UNFINISHED else ""
        best = history.best if history.best is not None else len(history) - 1
        split = held_out(history)

        def cell(column: str, history: History = history, best: int = best) -> str:
            return number(history.value(column, best)) if best >= 0 else "none"

        cells = [f"{history.value('epoch', best):g}" if best >= 0 else "none", cell(f"{split}_loss")]
        if metric:
            cells.append(cell(f"{split}_{metric}"))
        if tested:
            cells.append(number(history.scores.get("test", {}).get("loss")))
        rows.append(Entry(colour, printable(label), status, cells))
    return rows


def draw_losses(
    axes: Any, runs: Sequence[Drawing], detailed: bool, smoothing: float, out_of_range: OutOfRange
) -> int:
    """Draws the losses of runs with the same kind of loss. Returns the letters of the longest tick label."""
    curves = [
        [
            progress.of(history, f"{split}_loss")[1]
            for split in ("train", held_out(history), second_curve(history))
        ]
        for history, progress, _ in runs
    ]
    everything = [values for each in curves for values in each]
    # The mini-batches decide only where no run has an evaluation: those of a run that diverged would flatten all others.
    measured = any(np.isfinite(values).any() for values in everything)
    steps = np.concatenate([history.steps.loss for history, _, _ in runs])
    low, high = loss_range(np.empty(0), everything if measured else [steps])
    longest = scale(axes, low, high, low > 0)
    for history, progress, colour in runs:
        if detailed or not len(history):
            draw_mini_batches(axes, history, progress, colour, smoothing, low > 0)
        draw_run(axes, history, progress, colour, detailed, out_of_range, low > 0)
    return longest


def draw_mini_batches(
    axes: Any, history: History, progress: Progress, colour: str, smoothing: float, logarithmic: bool
) -> None:
    loss = history.steps.loss
    good = np.isfinite(loss) & ((loss > 0) | (not logarithmic))
    line = thinned(progress.steps[good], smoothed(loss[good], smoothing))
    axes.plot(*line, color=colour, linewidth=0.7, alpha=0.45 if smoothing else 0.22, zorder=1.5)


def draw_run(
    axes: Any,
    history: History,
    progress: Progress,
    colour: str,
    detailed: bool,
    out_of_range: OutOfRange,
    logarithmic: bool,
) -> None:
    """The losses of one run, a star at its best evaluation, and a cross where it ended before its time."""
    solid = held_out(history)
    styles = {"train": (DOTTED, 1.4), solid: ("-", 2.0)}
    if detailed and (dashed := second_curve(history)):
        styles[dashed] = (DASHED, 1.4)
    for split, (style, width) in styles.items():
        x, loss = progress.of(history, f"{split}_loss")
        good = out_of_range.keep(x, loss, f"{printable(history.name)}, {split}", logarithmic)
        x, y = thinned(x[good], loss[good])
        axes.plot(
            x,
            y,
            color=colour,
            linestyle=style,
            linewidth=width,
            zorder=3,
            marker="o" if len(x) <= 3 else None,
            markersize=4,
        )
    if history.status in UNFINISHED:
        draw_end(axes, history, progress, colour)
    value = None if history.best is None else history.value(f"{solid}_loss", history.best)
    if value is not None and np.isfinite(value) and (value > 0 or not logarithmic):
        axes.plot(
            progress.evaluations[history.best],
            value,
            "*",
            color=colour,
            markersize=13,
            markeredgecolor=canvas.INK,
            markeredgewidth=0.7,
            zorder=6,
            clip_on=False,
        )


def draw_end(axes: Any, history: History, progress: Progress, colour: str) -> None:
    """A cross at the last mini-batch of a run that did not finish; at the border where its loss is beyond."""
    loss = history.steps.loss
    finite = np.flatnonzero(np.isfinite(loss))
    if len(finite):
        at = float(np.clip(loss[finite[-1]], *axes.get_ylim()))
        axes.plot(
            progress.steps[finite[-1]],
            at,
            "X",
            color=colour,
            markersize=10,
            markeredgecolor=canvas.PAPER,
            zorder=5,
            clip_on=False,
        )


def draw_metric(axes: Any, runs: Sequence[Drawing], metric: str) -> None:
    """A metric on the held-out split of each run, and on training, dotted."""
    from matplotlib.ticker import MaxNLocator

    for history, progress, colour in runs:
        for split, style, width in ((held_out(history), "-", 1.8), ("train", DOTTED, 1.2)):
            x, values = progress.of(history, f"{split}_{metric}")
            good = np.isfinite(values)
            axes.plot(
                *thinned(x[good], values[good]),
                color=colour,
                linestyle=style,
                linewidth=width,
                marker="o" if good.sum() <= 3 else None,
                markersize=4,
            )
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.set_ylabel(metric.replace("_", " "))


def draw_rates(axes: Any, runs: Sequence[Drawing]) -> None:
    """The learning rates, and for a few runs a dashed line at each drop."""
    found = [(learning_rates(history, progress), colour) for history, progress, colour in runs]
    found = [(line, colour) for line, colour in found if len(line[0])]
    axes.set_ylabel("lr")
    if not found:
        axes.set_yticks([])
        return
    rates = np.concatenate([np.clip(lr, lr.max() * 1e-4, 1e100) for (_, lr), _ in found])
    low, high = float(np.clip(rates.min(), 1e-100, None)), float(np.clip(rates.max(), 1e-100, None))
    margin = max((high / low) ** 0.12, 1.3)
    scale(axes, low / margin, high * margin, True, most=4)
    for (x, lr), colour in found:
        starts = np.append(0.0, x[:-1])
        axes.plot(*thinned(*stairs(starts, x, lr)), color=colour, linewidth=1.5, alpha=0.85)
        if len(runs) <= DETAILED:
            for drop in drops(lr):
                for panel in axes.figure.axes:
                    panel.axvline(
                        starts[drop], color=colour, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1, alpha=0.7
                    )
