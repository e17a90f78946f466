"""Residual panels: the four panels of one output of a regression."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.canvas import BLUE, INK, ORANGE, PALE_INK, RED, SKY

GROUPS = 12  # of neighbouring predictions, whose mean residual is drawn


def draw_output(
    panels: Any, arrays: Mapping[str, np.ndarray], place: int, name: str, heads: bool = True, ticks: int = 6
) -> None:
    """Predicted against true, residuals against predicted, their quantiles against the normal ones, their histogram."""
    true, predicted = arrays["true"][:, place], arrays["predicted"][:, place]
    residual = true - predicted
    compared, spread, quantiles, histogram = panels
    points = {
        "marker": "o",
        "linestyle": "none",
        "color": BLUE,
        "markersize": canvas.marker_size(len(true)),
        "alpha": 0.35 if len(true) > 500 else 0.7,
        "markeredgewidth": 0,
        "rasterized": len(true) > 1000,
    }
    compared.plot(true, predicted, **points)
    low, high = min(true.min(), predicted.min()), max(true.max(), predicted.max())
    compared.plot([low, high], [low, high], color=RED, linewidth=1.4, linestyle="--")
    style = {"parse_math": False, "fontsize": 9}
    compared.set_xlabel(f"true {name}", **style)
    compared.set_ylabel(f"predicted {name}", **style)
    spread.plot(predicted, residual, **points)
    spread.axhline(0, color=RED, linewidth=1.4, linestyle="--")
    spread.plot(*running_mean(predicted, residual), color=ORANGE, linewidth=2.2)
    spread.set_xlabel(f"predicted {name}", **style)
    spread.set_ylabel("residual: true − predicted", **style)
    normal = arrays["normal"]
    ends = [normal.min(), normal.max()]
    quantiles.plot(normal, arrays["quantiles"][:, place], "o", color=BLUE, markersize=3.5, markeredgewidth=0)
    quantiles.plot(ends, ends, color=RED, linewidth=1.4, linestyle="--")
    quantiles.set_xlabel("quantile of the normal distribution", **style)
    quantiles.set_ylabel("of the residuals, standardized", **style)
    edges, counts = arrays["edges"][:, place], arrays["counts"][:, place]
    histogram.stairs(counts, edges, fill=True, color=SKY, edgecolor=BLUE, linewidth=0.6)
    histogram.axvline(0, color=RED, linewidth=1.4, linestyle="--")
    histogram.axvline(residual.mean(), color=INK, linewidth=1.2)
    histogram.set_xlabel("residual", **style)
    histogram.set_ylabel("predictions", **style)
    if heads:
        names = (
            "predicted against true",
            "residuals (line: their running mean)",
            "normal quantiles",
            "histogram (solid line: the mean)",
        )
        for axes, head in zip(panels, names, strict=True):
            axes.set_title(head, fontsize=9.5, color=PALE_INK, loc="left")
    for axes in panels:
        axes.grid(True)
        axes.tick_params(labelsize=8.5)
        axes.locator_params(axis="both", nbins=ticks)


def running_mean(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The means of groups of neighbouring x, each of about as many points."""
    order = np.argsort(x, kind="stable")
    groups = np.array_split(order, max(1, min(GROUPS, len(x) // 8)))
    return np.array([x[group].mean() for group in groups]), np.array([y[group].mean() for group in groups])
