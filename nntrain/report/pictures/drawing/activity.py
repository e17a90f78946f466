"""Activity: the output of a layer for one sample as images, one scale for each layer."""

import math
from typing import Any

import numpy as np

from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.canvas import PALE_INK
from nntrain.report.pictures.drawing.page import Page

MAPS, CELL, GAP = 12, 0.62, 0.06  # feature maps; inches of one, between two
ROW, UNIT, ROWS = 64, 0.125, 8  # units side by side, the inches of one, rows of units
FEATURES, THIN = 64, 0.025  # the features of a sequence, the inches of one


def height_of(y: np.ndarray, width: float) -> float:
    """The inches that `draw_activity` takes for an output (height, width, maps), (steps, features) or (units,)."""
    if y.ndim == 3:
        side = (width - (MAPS - 1) * GAP) / MAPS
        return side * min(max(y.shape[0] / y.shape[1], 0.15), 2.5)
    if y.ndim == 2:
        return max(THIN * min(y.shape[1], FEATURES), 0.3)
    return UNIT * min(math.ceil(y.size / ROW), ROWS)


def draw_activity(page: Page, x: float, y: float, width: float, height: float, values: np.ndarray) -> None:
    """The MAPS feature maps with the largest range in their order; the features of each step; the units in rows."""
    style = colours_of(values)
    if values.ndim == 3:
        ranges = values.max(axis=(0, 1)) - values.min(axis=(0, 1))
        chosen = np.sort(np.argsort(-ranges, kind="stable")[:MAPS])
        side = (width - (MAPS - 1) * GAP) / MAPS
        for place, number in enumerate(chosen):
            axes = page.axes(x + place * (side + GAP), y, side, height)
            canvas.show_image(axes, values[..., number], **style)
        if len(chosen) < values.shape[2]:
            more = f"the {len(chosen)} with the largest range"
            page.text(x + width, y - 0.13, more, ha="right", fontsize=8, color=PALE_INK)
    elif values.ndim == 2:
        axes = page.axes(x, y, width, height)
        canvas.show_image(axes, values[:, :FEATURES].T, aspect="auto", **style)
        if values.shape[1] > FEATURES:
            page.text(x + width, y - 0.13, f"the first {FEATURES}", ha="right", fontsize=8, color=PALE_INK)
    else:
        flat = values.ravel()
        shown = flat[: ROW * ROWS]
        across = min(ROW, len(shown))
        cells = np.full(math.ceil(len(shown) / across) * across, np.nan)
        cells[: len(shown)] = shown
        axes = page.axes(x, y, width * across / ROW, height)
        canvas.show_image(axes, cells.reshape(-1, across), aspect="auto", **style)
        if len(shown) < len(flat):
            page.text(
                x + width, y - 0.13, f"the first {len(shown):,}", ha="right", fontsize=8, color=PALE_INK
            )


def colours_of(values: np.ndarray) -> dict[str, Any]:
    """Black to white where nothing is negative, else red to blue with white at 0."""
    finite = values[np.isfinite(values)]
    largest = float(np.abs(finite).max()) if finite.size else 1.0
    if finite.size and finite.min() < 0:
        return {"cmap": "RdBu", "vmin": -largest, "vmax": largest}
    return {"cmap": "gray", "vmin": 0, "vmax": largest or 1.0}
