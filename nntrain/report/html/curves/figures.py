"""Figures: Bokeh's figures of the loss, of each metric and of the learning rate, over one axis of epochs."""

import itertools
import json
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from nntrain.report.formats import SPLITS, short
from nntrain.report.html.curves.drawn import (
    BASELINE,
    BEST,
    DROP,
    GREY,
    MINI_BATCH,
    SKY,
    Drawn,
    baseline_of,
    by_loss,
    metrics_of,
)
from nntrain.report.html.curves.hover import add_hover
from nntrain.report.html.elements import Html
from nntrain.report.pictures.drawing.curves import drops, thinned
from nntrain.report.pictures.training.loss_curves import loss_label, with_value
from nntrain.report.pictures.training.loss_range import loss_range
from nntrain.report.pictures.training.lr_panel import learning_rates, plateaus, stairs

PLACE = "curves"  # the element of the page into which they are drawn
HEIGHTS = {"loss": 380, "metric": 240, "lr": 170}  # pixels
FEW = 40  # evaluations, each of which has a marker


def available() -> bool:
    """Whether Bokeh is installed."""
    return find_spec("bokeh") is not None


def library() -> str:
    """The JavaScript of Bokeh, of which only the core is needed."""
    from bokeh.resources import Resources

    return Resources(mode="inline", components=["bokeh"]).js_raw[0]


def figures(runs: Sequence[Drawn]) -> Html:
    """All figures as JSON, which report.js passes to Bokeh."""
    from bokeh.embed import json_item
    from bokeh.layouts import column
    from bokeh.models import Range1d

    shared = Range1d(0, max(1e-9, *(run.progress.end for run in runs)) * 1.01)
    parts = [loss_figure(alike, shared) for alike in by_loss(runs)]
    parts += [metric_figure(runs, shared, metric) for metric in metrics_of(runs)]
    parts.append(rate_figure(runs, shared))
    for part in parts[:-1]:
        part.xaxis.visible = False
    item = json_item(column(*parts, sizing_mode="stretch_width"), PLACE)
    return Html(json.dumps(item).replace("<", "\\u003c"))  # so that no text ends the element around it


def loss_figure(runs: Sequence[Drawn], shared: Any) -> Any:
    steps = np.concatenate([run.history.steps.loss for run in runs])
    low, high = loss_range(steps, [run.curve(split, "loss")[1] for run in runs for split in SPLITS])
    baseline = baseline_of(runs)
    if baseline is not None and (low <= 0 or baseline > 0):
        low, high = with_value(low, high, baseline)
    name = loss_label(runs[0].history.loss_title, low > 0)
    figure = new_figure(name, shared, HEIGHTS["loss"], (low, high), logarithmic=low > 0)
    for run in runs:
        add_mini_batches(figure, run, logarithmic=low > 0)
    for run in runs:
        add_splits(figure, run, "loss", logarithmic=low > 0)
        add_best(figure, run)
        add_drops(figure, run)
    if baseline is not None:
        ends = [shared.start, shared.end]
        look = {"line_color": GREY, "line_dash": "dotted", "line_width": 1.5}
        figure.line(ends, [baseline, baseline], **look).tags = [BASELINE]
    add_hover(figure, runs, "loss")
    return figure


def metric_figure(runs: Sequence[Drawn], shared: Any, metric: str) -> Any:
    values = np.concatenate([run.curve(split, metric)[1] for run in runs for split in SPLITS])
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 0.05
    name = metric.replace("_", " ")
    figure = new_figure(name, shared, HEIGHTS["metric"], (low - margin, high + margin))
    for run in runs:
        add_splits(figure, run, metric)
    add_hover(figure, runs, metric)
    return figure


def rate_figure(runs: Sequence[Drawn], shared: Any) -> Any:
    found = [learning_rates(run.history, run.progress) for run in runs]
    figure = new_figure("lr", shared, HEIGHTS["lr"], rate_limits([lr for _, lr in found]), logarithmic=True)
    held = sorted({level for _, lr in found for level in plateaus(lr)})
    if held and all(b > 1.5 * a for a, b in itertools.pairwise(held)):
        figure.yaxis.ticker = held
        figure.yaxis.major_label_overrides = {level: short(level) for level in held}
    for run, (x, lr) in zip(runs, found, strict=True):
        look = {"line_color": run.colour or GREY, "line_width": 2}
        starts = np.append(0.0, x[:-1])  # the rate of a step applies from the end of the previous step
        if len(x):
            figure.line(*thinned(*stairs(starts, x, lr)), **look).tags = run.tags("lr")
        add_drops(figure, run)
    figure.xaxis.axis_label = runs[0].progress.label if len(runs) == 1 else "epoch"
    return figure


def rate_limits(rates: Sequence[np.ndarray]) -> tuple[float, float]:
    """The limits of the learning-rate axis, without the last steps of a cosine, which are almost 0."""
    rates = [lr for lr in rates if len(lr)]
    if not rates:
        return 0.1, 1.0
    high = max(float(lr.max()) for lr in rates)
    low = min(float(lr.min() if plateaus(lr) else np.quantile(lr, 0.02)) for lr in rates)
    margin = max((high / low) ** 0.1, 1.3)
    return low / margin, high * margin


def new_figure(
    name: str, shared: Any, height: int, limits: tuple[float, float], logarithmic: bool = False
) -> Any:
    from bokeh.models import LogTickFormatter, PlainText, Range1d
    from bokeh.plotting import figure

    made = figure(
        height=height,
        sizing_mode="stretch_width",
        x_range=shared,
        y_range=Range1d(*limits),
        y_axis_type="log" if logarithmic else "linear",
        y_axis_label=PlainText(name),
        tools="box_zoom,xpan,xwheel_zoom,reset,save",
        active_drag="box_zoom",
        active_scroll=None,  # the wheel scrolls the page
        min_border_left=70,
        name=name,
    )
    made.toolbar.logo = None
    made.toolbar.autohide = True
    made.axis.axis_label_text_font_style = "normal"
    if logarithmic:
        made.yaxis.formatter = LogTickFormatter(min_exponent=4)  # 0.001, not 10⁻³
    return made


def add_mini_batches(figure: Any, run: Drawn, *, logarithmic: bool) -> None:
    steps = run.history.steps
    good = np.isfinite(steps.loss) & ((steps.loss > 0) | (not logarithmic))
    if good.any():
        x, y = thinned(steps.epoch[good], steps.loss[good])
        look = {"line_color": run.colour or SKY, "line_alpha": 0.3 if run.colour else 0.6}
        figure.line(x, y, **look).tags = run.tags(MINI_BATCH)
        if len(x) == 1:
            figure.scatter(x, y, size=5, color=look["line_color"]).tags = run.tags(MINI_BATCH)


def add_splits(figure: Any, run: Drawn, score: str, *, logarithmic: bool = False) -> None:
    """A line per split, with gaps where a value is NaN."""
    for split in SPLITS:
        if not run.has(split, score):
            continue
        x, y = run.curve(split, score)
        y = np.where(y > 0, y, np.nan) if logarithmic else y
        if len(x) > 2 * FEW**2:
            x, y = thinned(x[np.isfinite(y)], y[np.isfinite(y)])
        look = run.look(split)
        figure.line(x, y, **look).tags = run.tags(split)
        if len(x) <= FEW:
            figure.scatter(x, y, size=5, color=look["line_color"]).tags = run.tags(split)


def add_best(figure: Any, run: Drawn) -> None:
    """A star at the loss of the best evaluation."""
    history = run.history
    if history.best is None:
        return
    split = "validation" if history.value("validation_loss", history.best) is not None else "train"
    x, y = history.value("epoch", history.best), history.value(f"{split}_loss", history.best)
    if x is not None and y is not None and np.isfinite(y):
        look = {"fill_color": run.colour or "#F0E442", "line_color": "#000000", "level": "overlay"}
        figure.scatter([x], [y], marker="star", size=18, **look).tags = run.tags(BEST)


def add_drops(figure: Any, run: Drawn) -> None:
    """A vertical line at each drop of the learning rate."""
    from bokeh.models import Span

    steps = run.history.steps
    starts = np.append(0.0, steps.epoch[:-1])
    for drop in drops(steps.lr):
        look = {"line_color": run.colour or GREY, "line_dash": "dashed", "tags": run.tags(DROP)}
        figure.add_layout(Span(location=float(starts[drop]), dimension="height", **look))
