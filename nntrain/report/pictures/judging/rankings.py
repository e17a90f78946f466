"""Rankings: the curves of a classifier whose threshold moves from strict to lenient, one for each class versus the rest."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.errors import UserError
from nntrain.report.pictures.drawing.canvas import CLASS_COLOURS, GRID, INK, PALE_INK
from nntrain.report.pictures.drawing.page import Page
from nntrain.report.pictures.judging.chosen import places_of
from nntrain.report.pictures.judging.predictions import Split, all_named, judged

if TYPE_CHECKING:
    from nntrain.report.pictures.subject import Subject

ALL, WORST = 8, 6  # so many classes have a curve each; of more, so many of the worst
POINTS = 1000  # of a curve
GRID_POINTS = np.linspace(0, 1, 501)  # at which curves are averaged
LEFT, SIDE, LEGEND = 0.85, 5.2, 3.4  # inches
ZOOMED = 0.97  # from this area on, the corner is shown enlarged
CORNER = 0.1  # the part of each axis that it shows

Points = tuple[np.ndarray, np.ndarray]  # x and y, x ascending
Curve = Callable[
    [np.ndarray, np.ndarray], tuple[Points, float]
]  # of positives and negatives by falling score


@dataclass(frozen=True)
class Kind:
    """What differs between the two pictures."""

    curve: Curve
    average: Callable[[list[Points]], np.ndarray]  # y at GRID_POINTS
    point: Callable[
        [np.ndarray, np.ndarray], tuple[float, float]
    ]  # of predicted and true labels (rows,) bool


def collect(
    subject: "Subject", split: Split | None, chosen: tuple[str, ...], kind: Kind
) -> dict[str, np.ndarray]:
    """names, areas, shares (of the samples that are positive) of the curves (curves,); x, y of all their points, `ends` (curves,);
    mean (GRID_POINTS,) and mean_area of all classes; `of` how many; points (curves, 2) at the threshold of the predictions,
    NaN where several classes compete; about.
    """
    from nntrain.metrics.ranking import AreaUnderCurve, by_score

    rows = judged(subject, split)
    metric = AreaUnderCurve()
    sums = metric.start(rows.loss)
    metric.add(sums, rows.outputs, rows.target, None)
    two = rows.kind == "classes" and len(rows.names) == 2
    curves: list[tuple[int, Points, float]] = []
    for number, ranking in metric.rankings(sums):
        positives, negatives = by_score(*ranking)
        place = 1 if rows.kind == "classes" and rows.outputs.shape[1] == 1 else number
        curves.append((place, *kind.curve(positives[::-1], negatives[::-1])))
    if not curves:
        raise UserError(
            f"there is no curve: every sample of the {rows.split} split is of one class", place=subject.name
        )
    wanted = places_of(chosen, rows.names, "class", subject.name) if chosen else [1] if two else []
    shown = [curve for curve in curves if curve[0] in wanted] if wanted else worst(curves)
    if not shown:
        raise UserError(
            f"no samples, or no others, of {', '.join(chosen)} in the {rows.split} split", place=subject.name
        )
    true = rows.true if rows.true.ndim == 2 else rows.true[:, None] == np.arange(max(2, len(rows.names)))
    predicted = rows.predicted if rows.true.ndim == 2 else rows.predicted[:, None] == np.arange(true.shape[1])
    points = [
        kind.point(predicted[:, number], true[:, number])
        if two or rows.kind == "labels"
        else (np.nan, np.nan)
        for number, _, _ in shown
    ]
    averaged = not two and len(curves) > 1
    return {
        "names": np.array([rows.names[number] for number, _, _ in shown]),
        "areas": np.array([area for _, _, area in shown]),
        "shares": np.array([true[:, number].mean() for number, _, _ in shown]),
        "x": np.concatenate([x for _, (x, _), _ in shown]),
        "y": np.concatenate([y for _, (_, y), _ in shown]),
        "ends": np.cumsum([len(x) for _, (x, _), _ in shown]),
        "mean": kind.average([points for _, points, _ in curves]) if averaged else np.empty(0),
        "mean_area": np.array(np.mean([area for _, _, area in curves])),
        "mean_share": np.array(np.mean([true[:, number].mean() for number, _, _ in curves])),
        "of": np.array(len(curves)),
        "points": np.array(points),
        "about": np.array(rows.about),
    }


def worst(curves: list[tuple[int, Points, float]]) -> list[tuple[int, Points, float]]:
    """All, or the worst of many, the worst first."""
    if len(curves) <= ALL:
        return curves
    return sorted(curves, key=lambda curve: curve[2])[:WORST]


def thinned(x: np.ndarray, y: np.ndarray) -> Points:
    """The corners of a curve, at most POINTS of them."""
    if len(x) > 2:
        dx, dy = np.diff(x), np.diff(y)
        turns = np.abs(dx[:-1] * dy[1:] - dx[1:] * dy[:-1]) > 1e-15
        kept = np.concatenate([[True], turns, [True]])
        x, y = x[kept], y[kept]
    if len(x) > POINTS:
        some = np.unique(np.linspace(0, len(x) - 1, POINTS).astype(int))
        x, y = x[some], y[some]
    return x, y


def is_single(arrays: Mapping[str, np.ndarray]) -> bool:
    """Whether it is a curve of one class alone, as of two classes."""
    return len(arrays["names"]) == 1 and not len(arrays["mean"])


def left_out(arrays: Mapping[str, np.ndarray]) -> str:
    shown, total = len(arrays["names"]), int(arrays["of"])
    if not len(arrays["mean"]) or shown == total:
        return ""
    return f"; {'the worst ' if shown == WORST else ''}{shown} of {total:,} classes are shown"


def corner_is_crowded(arrays: Mapping[str, np.ndarray]) -> bool:
    return min(*arrays["areas"], arrays["mean_area"]) >= ZOOMED


def page_of(name: str, sentence: str, arrays: Mapping[str, np.ndarray]) -> tuple[Page, Any]:
    """The page, and its square axes from 0 to 1."""
    aside = LEGEND if corner_is_crowded(arrays) else LEGEND - 0.5
    page = Page(name, sentence, [[str(arrays["about"])]], below=SIDE + 0.62, width=LEFT + SIDE + 0.25 + aside)
    axes = page.axes(LEFT, 0.05, SIDE, SIDE)
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    axes.grid(True)
    return page, axes


def draw(axes: Any, arrays: Mapping[str, np.ndarray], measure: str, drawstyle: str) -> None:
    """The curves with their areas in the legend, the average of all classes, and the points of the predictions."""
    starts = [0, *arrays["ends"][:-1]]
    several, names = len(arrays["names"]) > 1, all_named(arrays["names"], 20)
    for place, (start, end) in enumerate(zip(starts, arrays["ends"], strict=True)):
        label = f"{names[place]}: {measure} {arrays['areas'][place]:.4f}"
        axes.plot(
            arrays["x"][start:end],
            arrays["y"][start:end],
            color=CLASS_COLOURS[place % len(CLASS_COLOURS)],
            linewidth=1.4 if several else 2.2,
            drawstyle=drawstyle,
            label=label,
            zorder=3,
        )
    if len(arrays["mean"]):
        label = f"mean of {arrays['of']:,}: {measure} {arrays['mean_area']:.4f}"
        axes.plot(
            GRID_POINTS, arrays["mean"], color=INK, linewidth=2.4, linestyle="--", label=label, zorder=5
        )
    points = arrays["points"][np.isfinite(arrays["points"]).all(axis=1)]
    if len(points):
        axes.plot(*points.T, "o", color=INK, markersize=6, zorder=6, label="the threshold of the predictions")


def draw_legend(axes: Any) -> None:
    """The curves by name at the right."""
    legend = axes.legend(
        loc="upper left", bbox_to_anchor=(1.02, 1.01), frameon=False, fontsize=9, handlelength=2.2
    )
    for text in legend.get_texts():
        text.set_parse_math(False)


def draw_corner(
    page: Page, axes: Any, arrays: Mapping[str, np.ndarray], drawstyle: str, at_right: bool
) -> None:
    """The corner in which good curves crowd, enlarged beside the axes."""
    if not corner_is_crowded(arrays):
        return
    side = 2.4
    corner = page.axes(LEFT + SIDE + 0.75, SIDE - side + 0.05, side, side)
    draw(corner, arrays, "", drawstyle)
    low = 1 - CORNER
    corner.set(xlim=(low, 1.003) if at_right else (-0.003, CORNER), ylim=(low, 1.003))
    corner.set_xticks([low, 1] if at_right else [0, CORNER])
    corner.set_yticks([low, 1])
    corner.tick_params(labelsize=8)
    corner.grid(True, color=GRID)
    corner.set_title("the corner, enlarged", fontsize=8.5, color=PALE_INK, loc="left")
    corner.spines[:].set(visible=True)
