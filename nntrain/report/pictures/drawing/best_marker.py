"""Best marker: a star at the best evaluation, with its value in a label that covers as little as possible."""

import math
from typing import Any

import numpy as np

from nntrain.report.formats import epoch_text, number
from nntrain.report.pictures.drawing.canvas import BLACK, EDGE, PALE_INK, PAPER, YELLOW
from nntrain.report.pictures.drawing.curves import Line, dense
from nntrain.run.history import LAST, History


def draw_best(axes: Any, history: History, at: np.ndarray, lines: list[Line], noise: Line) -> None:
    """Draws a star on the loss of the best evaluation, and a label that says by what it is best. `at` (evaluations,) are positions."""
    if history.best is None:
        return
    split = "validation" if history.value("validation_loss", history.best) is not None else "train"
    x, y = float(at[history.best]), history.value(f"{split}_loss", history.best)
    if y is None or not math.isfinite(y) or (axes.get_yscale() == "log" and y <= 0):
        return
    axes.plot(
        [x],
        [y],
        marker="*",
        markersize=15,
        color=YELLOW,
        markeredgecolor=BLACK,
        markeredgewidth=0.9,
        linestyle="none",
        zorder=6,
        clip_on=False,
        label="last" if history.monitor == LAST else "best",
    )
    text = best_text(history, history.best, f"{split} loss {number(y)}")
    axes.annotate(
        text,
        (x, y),
        xytext=emptiest_position(axes, x, y, text, lines, noise),
        textcoords="offset points",
        ha="center",
        va="center",
        fontsize=9,
        zorder=7,
        linespacing=1.25,
        bbox={"boxstyle": "round,pad=0.35", "facecolor": PAPER, "edgecolor": EDGE, "alpha": 0.92},
        arrowprops={"arrowstyle": "-", "color": PALE_INK, "linewidth": 0.8, "shrinkB": 7},
    )


def best_text(history: History, row: int, loss: str) -> str:
    """ "best: epoch 3, validation loss 0.1377", or "best validation accuracy 0.9514, epoch 3, ..." for another monitor, in lines.

    "last: epoch 3, train loss 0.1377" where the last evaluation is the best, whatever its scores.
    """
    epoch, monitor = history.value("epoch", row), history.monitor
    when = f"epoch {epoch_text(epoch)}" if epoch is not None else ""
    if monitor.endswith("_loss"):
        return f"best: {when}\n{loss}"
    if monitor == LAST:
        return f"last: {when}\n{loss}"
    value = history.value(monitor, row)
    return f"best {monitor.replace('_', ' ')} {number(value)}\n{when}, {loss}"


def emptiest_position(
    axes: Any, x: float, y: float, text: str, lines: list[Line], noise: Line
) -> tuple[float, float]:
    """The offset from (x, y), in points, at which a box with `text` covers the least of the lines and of the noisy line behind them."""
    to_points = 72 / axes.figure.dpi
    rows = text.split("\n")
    half = np.array(
        [5.2 * max(map(len, rows)) / 2 + 6, 13 * len(rows) / 2 + 5]
    )  # points; a letter of 9 points is 5.2 wide
    centre = axes.transData.transform((x, y))
    frame = axes.get_window_extent()
    low, high = ((np.array(corner) - centre) * to_points for corner in (frame.min, frame.max))

    def around(drawn: list[Line]) -> np.ndarray:
        points = [dense(axes.transData.transform(np.column_stack(line))) for line in drawn if len(line[0])]
        return (np.concatenate(points) - centre) * to_points if points else np.empty((0, 2))

    on_lines, on_noise = around(lines), around([noise])
    cheapest, best = math.inf, np.array([0.0, half[1] + 20])
    for distance in (34, 60, 90, 130, 180):
        for angle in range(0, 360, 15):
            at = np.array(
                [
                    math.cos(math.radians(angle)) * (distance + half[0] - 20),
                    math.sin(math.radians(angle)) * distance,
                ]
            )
            if (at - half < low + 3).any() or (at + half > high - 3).any() or (abs(at) < half + 8).all():
                continue  # outside the frame, or over the star
            covers = [np.count_nonzero((abs(points - at) < half).all(1)) for points in (on_lines, on_noise)]
            # Covering a line is worse than a long pointer; some noise may be covered, as there is more of it around.
            cost = distance / 4 + 4 * covers[0] + min(0.5 * covers[1], 10)
            if cost < cheapest:
                cheapest, best = cost, at
    return float(best[0]), float(best[1])
