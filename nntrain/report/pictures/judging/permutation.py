"""Permutation importance: the drop of a score when the values of a column are shuffled among the samples.

Source: Breiman 2001, Random forests; the definition of scikit-learn's `permutation_importance`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.errors import ConfigError, UserError
from nntrain.report.formats import number, short
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.canvas import BLUE, EDGE, INK, ORANGE, PALE_INK
from nntrain.report.pictures.drawing.page import Page
from nntrain.report.pictures.drawing.shades import widest
from nntrain.report.pictures.judging.predictions import Judged, all_named

if TYPE_CHECKING:
    from nntrain.data.dataset import Dataset
    from nntrain.metrics import Metric
    from nntrain.report.pictures.subject import Subject

MOST = 20  # columns in the picture
BUDGET = 1_500_000  # samples, or steps of sequences, that are evaluated in all
FEWEST = 100  # samples that are shuffled
LINE, CHART = 0.27, 4.6  # inches
NAMES = {"auc": "AUC", "mae": "MAE", "mse": "MSE", "r2": "R²", "rmse": "RMSE"}  # in a sentence


@dataclass(frozen=True)
class Part:
    """What is shuffled together."""

    name: str
    where: tuple[Any, ...]  # an index of x (samples, ...)


def collect(
    subject: "Subject", rows: Judged, score: str, repeats: int, by: str | None
) -> dict[str, np.ndarray]:
    """names (columns,), drops (columns, repeats): by how much the score got worse; columns, not steps, in the order of their importance;
    baseline; score, its name; rises, whether a larger score is worse; what is shuffled; about.
    """
    from nntrain import randomness
    from nntrain.inference.feed import Feeds

    metric = chosen_metric(subject, rows, score)
    what, parts = parts_of(rows.data, by)
    steps = rows.data.input_shape[0] if len(rows.data.input_shape) > 1 or rows.data.vocabulary else 1
    data = shuffleable(rows.data, max(FEWEST, BUDGET // (repeats * len(parts) * steps)))
    feeds = Feeds(subject.network, data)
    x = data.x
    assert isinstance(x, np.ndarray)
    real = None if data.lengths is None else np.arange(x.shape[1]) < data.lengths[:, None]
    sign = 1.0 if metric is not None and metric.higher_is_better else -1.0
    baseline = scored(subject, feeds, data, metric)
    drops = np.empty((len(parts), repeats))
    hair = 1e-12 * max(abs(baseline), 1.0)  # sums of other orders differ by rounding
    for place, part in enumerate(parts):
        before = x[part.where].copy()
        for repeat in range(repeats):
            key = randomness.key("importance", subject.setup.config.seed, place, repeat)
            if real is None:
                x[part.where] = before[randomness.permutation(key, len(x))]
            else:  # the steps of all sequences among each other, because their lengths differ
                values = before[real]
                changed = before.copy()
                changed[real] = values[randomness.permutation(key, len(values))]
                x[part.where] = changed
            drop = sign * (baseline - scored(subject, feeds, data, metric))
            drops[place, repeat] = 0.0 if abs(drop) < hair else drop
        x[part.where] = before
    order = np.argsort(-drops.mean(axis=1), kind="stable") if what == "column" else np.arange(len(parts))
    some = f"; {len(data):,} of them are shuffled" if len(data) < len(rows.data) else ""
    return {
        "names": np.array([parts[place].name for place in order], dtype=str),
        "drops": drops[order],
        "baseline": np.array(baseline),
        "score": np.array(NAMES.get(scored_by := "loss" if metric is None else metric.yaml_name, scored_by)),
        "rises": np.array(sign < 0),
        "what": np.array(what),
        "about": np.array(rows.about + some),
    }


def chosen_metric(subject: "Subject", rows: Judged, score: str) -> "Metric | None":
    """The metric of that name; None for the loss. Raises UserError if it does not fit, or is not a single number."""
    from nntrain.metrics import Metric
    from nntrain.report.pictures.computing.named import named as components

    if score == "loss" or (rows.kind == "targets" and not score):
        return None
    place = "plot importance: score"
    name = score or ("r2" if rows.kind == "numbers" else "accuracy")
    metric: Metric = components([name], [], Metric, place)[0][1]
    try:
        metric.check(rows.loss, len(rows.data.classes) or None)
    except ConfigError as error:
        raise UserError(error.message, error.hint, place=place) from None
    if not metric.scalar:
        raise UserError(f"{metric.yaml_name} is not a single number", "Use accuracy.", place=place)
    return metric


def parts_of(data: "Dataset", by: str | None) -> tuple[str, list[Part]]:
    """What is shuffled, in words, and its parts: the columns of a table, the columns or the steps of sequences."""
    from nntrain.data.tables.dates import dates_among
    from nntrain.data.tables.features import columns, indicators
    from nntrain.data.words import words_among

    shape = data.input_shape
    if len(shape) == 1 and not data.vocabulary:
        if by == "step":
            raise UserError("a table has no steps", place="plot importance: by")
        names = data.feature_names or tuple(f"x{place}" for place in range(1, shape[0] + 1))
        found = words_among(dates_among(columns(names, data.one_hot), ()), data.words)
        indicated = {*indicators(names)}
        return "column", [
            Part(
                name,
                (
                    slice(None),
                    slice(place, place + 1 + (place + 1 in indicated)) if spot is None else spot.places,
                ),
            )
            for name, place, spot in found
        ]
    several = len(shape) > 1 and shape[-1] > 1
    if by == "column" or (by is None and several):
        if data.vocabulary:
            raise UserError("tokens have no columns", place="plot importance: by")
        names = data.feature_names or tuple(f"x{place}" for place in range(1, shape[-1] + 1))
        return "column", [Part(name, (..., place)) for place, name in enumerate(names)]
    if data.lengths is not None:
        raise UserError(
            "the sequences differ in length, so that steps do not correspond", place="plot importance: by"
        )
    return "step", [Part(f"step {place}", (slice(None), place)) for place in range(shape[0])]


def shuffleable(data: "Dataset", most: int) -> "Dataset":
    """The data, or so many samples evenly spaced, with an array of its own in which values may change."""
    from nntrain.data.tables.curves import curved

    if len(data) > most:
        data = data.select(np.linspace(0, len(data) - 1, most).astype(int))
    x = np.array(curved(np.array(data.imputed), data.curves))
    return replace(
        data, x=x, target=np.asarray(data.target), fill=None, curves=(), consecutive=False, origin=None
    )


def scored(subject: "Subject", feeds: Any, data: "Dataset", metric: "Metric | None") -> float:
    from nntrain.inference.evaluate import evaluate

    scores = evaluate(feeds, data, subject.setup.config.loss, [] if metric is None else [metric])
    return float(scores["loss" if metric is None else metric.yaml_name])


def figure(name: str, arrays: Mapping[str, np.ndarray]) -> Any:
    """A bar for the mean of each column, a mark for each repeat; steps as a curve."""
    if arrays["what"] == "step":
        return figure_of_steps(name, arrays)
    drops, what = arrays["drops"][:MOST], str(arrays["what"])
    names = all_named(arrays["names"][:MOST], 30)
    texts = [f"{short(float(f'{row.mean():.3g}'))} ± {short(float(f'{row.std():.2g}'))}" for row in drops]
    probe = canvas.new_figure()
    left = max(canvas.MARGINS["left"], 0.35 + widest(probe, names, 9.5))
    lines = len(names)
    about = str(arrays["about"]) + f"; {drops.shape[1]} repeats: dots, their mean: bars"
    if lines < len(arrays["names"]):
        about += f"; the {lines} most important of {len(arrays['names']):,} {what}s"
    page = Page(
        name,
        sentence_of(arrays),
        [[about], [HINT.format(what=what)]],
        below=(lines + 0.5) * LINE + 0.75,
        width=max(left + CHART + 0.3 + widest(probe, texts, 8.8), 8.0),
    )
    axes = page.axes(left, 0.05, CHART, (lines + 0.5) * LINE)
    at = np.arange(lines)
    axes.barh(at, drops.mean(axis=1), height=0.62, color=BLUE, alpha=0.75)
    axes.plot(drops.T, np.broadcast_to(at, drops.T.shape), ".", color=ORANGE, markersize=4, zorder=3)
    axes.axvline(0, color=INK, linewidth=1)
    axes.set_ylim(lines - 0.3, -0.7)
    axes.set_yticks(at, names, fontsize=9.5, parse_math=False)
    axes.tick_params(axis="y", length=0)
    axes.grid(True, axis="x", color=EDGE, linewidth=0.5)
    axes.locator_params(axis="x", nbins=7)
    axes.set_xlabel(label_of(arrays))
    for y, text in zip(at, texts, strict=True):
        page.text(
            left + CHART + 0.15,
            0.05 + (y + 0.7) / (lines + 0.4) * (lines + 0.5) * LINE,
            text,
            fontsize=8.8,
            color=PALE_INK,
        )
    return page.figure


def figure_of_steps(name: str, arrays: Mapping[str, np.ndarray]) -> Any:
    """The mean of each step in their order, and the range of its repeats."""
    drops = arrays["drops"]
    about = f"{arrays['about']}; line: the mean of {drops.shape[1]} repeats, band: their range"
    figure = canvas.new_figure(canvas.WIDTH, 4.6)
    canvas.set_margins(
        figure, canvas.title(figure, name, [[about], [HINT.format(what="step")]], 0, sentence_of(arrays))
    )
    axes = figure.subplots()
    at = np.arange(len(drops))
    axes.fill_between(at, drops.min(axis=1), drops.max(axis=1), color=ORANGE, alpha=0.4, linewidth=0)
    axes.plot(at, drops.mean(axis=1), ".-", color=BLUE, linewidth=1.6)
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.set_xlabel("step of the sequence, from its start")
    axes.set_ylabel(label_of(arrays))
    axes.margins(x=0.02)
    axes.grid(True)
    return figure


def label_of(arrays: Mapping[str, np.ndarray]) -> str:
    return f"{'rise' if arrays['rises'] else 'drop'} of the {arrays['score']} when the {arrays['what']} is shuffled"


HINT = "A {what} counts for little, too, where another one holds the same information"


def sentence_of(arrays: Mapping[str, np.ndarray]) -> str:
    place = int(arrays["drops"].mean(axis=1).argmax())
    first, what, score = arrays["drops"][place], arrays["what"], arrays["score"]
    baseline, mean = float(arrays["baseline"]), float(first.mean())
    if not mean > first.std():
        return f"No {what} matters by more than the spread of its repeats: the {score} stays near {number(baseline)}"
    change = mean if arrays["rises"] else -mean
    return (
        f"{all_named(arrays['names'], 30)[place]} matters most: shuffled, the {score} goes from {number(baseline)} "
        f"to {number(baseline + change)} on average"
    )
