"""Descent panels: the cut with its steps and tangents, and the landscapes with their contours and the path."""

from typing import Any

import numpy as np

from nntrain.report.formats import counted, number, short
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.axes import log_ticks, tick_labels
from nntrain.report.pictures.drawing.curves import keep_smooth
from nntrain.report.pictures.drawing.markers import ring, star
from nntrain.report.pictures.training.cut import Cut

NAMES = ("small", "good", "too large")
TANGENT = 0.07  # half the width of a tangent, as a share of the panel
APART = 0.6  # between tangents, as a share of that
LEVELS = 16  # contours
STEEPEST = 1e6  # the ratio of the highest to the lowest loss whose contours are shown, at most


def draw_cut(axes: Any, arrays: Any, i: int) -> None:
    """The loss along the line, and the steps of gradient descent with one of the learning rates, each with its tangent."""
    cut, lr = Cut(arrays["t"], arrays["loss"]), float(arrays["lr"][i])
    path = cut.descend(lr)
    shown = path[(path >= cut.t[0]) & (path <= cut.t[-1])]
    left = len(shown) < len(path)
    loss, slope = cut.at(shown), np.interp(shown, cut.t, cut.slope)
    low, high = float(cut.loss.min()), float(cut.loss.max())
    axes.plot(cut.t, cut.loss, color=canvas.BLUE, linewidth=2.2, zorder=3)
    keep_smooth(axes)
    width = TANGENT * (cut.t[-1] - cut.t[0])
    last = -np.inf
    for at, height, steepness in zip(shown, loss, slope, strict=True):
        if abs(at - last) < APART * width:
            continue  # tangents of neighbours would hide each other
        last = at
        reach = np.array([-width, width])
        axes.plot(at + reach, height + steepness * reach, color=canvas.ORANGE, linewidth=1.6, zorder=4)
    axes.plot(shown, loss, "-o", color=canvas.RED, linewidth=1.0, markersize=4.5, zorder=5)
    if left:  # as far as the border, in the direction of the step
        end = cut.t[-1] if path[-1] > cut.t[-1] else cut.t[0]
        axes.annotate(
            "",
            (end, loss[-1] + 0.06 * (high - low)),
            (shown[-1], loss[-1]),
            arrowprops={"arrowstyle": "->", "color": canvas.RED, "linewidth": 1.2},
            zorder=5,
        )
    ring(axes, 0, loss[0])
    axes.set_title(
        f"{NAMES[i]}: learning rate {short(float(f'{lr:.2g}'))}", fontsize=10.5, fontweight="bold", pad=18
    )
    note = f"loss {number(loss[0])} at the ring, {note_of(loss, left, i)}"
    axes.text(0.5, 1.025, note, transform=axes.transAxes, ha="center", fontsize=8.4, color=canvas.SOFT_INK)
    axes.set_xlim(cut.t[0], cut.t[-1])
    axes.set_ylim(low - 0.1 * (high - low), high + 0.1 * (high - low))
    axes.set_xlabel("distance along the line")
    axes.tick_params(labelleft=i == 0)
    write_ticks(axes)
    if i == 0:
        axes.set_ylabel("loss")
    axes.grid(True)


def note_of(loss: np.ndarray, left: bool, i: int) -> str:
    """What the steps lead to; of those that are too large, what the first one does."""
    if left and len(loss) == 1:
        return "the first step leaves the picture"
    if NAMES[i] == "too large":
        return f"after the first step {number(loss[1])}"
    return f"after {len(loss) - 1} steps {number(loss[-1])}"


def draw_around(figure: Any, axes: Any, arrays: Any) -> None:
    """The landscape in two random directions."""
    draw_contours(figure, axes, arrays["across"], arrays["across"], arrays["around"])
    star(axes, 0, 0)
    axes.set_title("Two random directions", fontsize=10.5, fontweight="bold")
    axes.set_xlabel("first direction, in lengths of the weights")
    axes.set_ylabel("second direction")


def draw_along(figure: Any, axes: Any, arrays: Any) -> None:
    """The landscape that the path of training spans, with the path from a ring to the star of the trained network."""
    draw_contours(figure, axes, arrays["x"], arrays["y"], arrays["along"])
    path, shares = arrays["path"], arrays["shares"]
    axes.plot(*path.T, color=canvas.PAPER, linewidth=3.4, zorder=4)
    axes.plot(*path.T, "-o", color=canvas.RED, linewidth=1.3, markersize=3, zorder=5)
    ring(axes, *path[0])
    star(axes, 0, 0)
    steps = int(arrays["steps"][-1])
    axes.set_title(f"The path of training, {counted(steps, 'step')}", fontsize=10.5, fontweight="bold")
    axes.set_xlabel(f"first direction, {shares[0]:.0%} of the path")
    axes.set_ylabel(f"second direction, {shares[1]:.0%}")


def draw_contours(figure: Any, axes: Any, x: np.ndarray, y: np.ndarray, loss: np.ndarray) -> None:
    """Filled contours of the loss, on a logarithmic scale where it is positive, with a bar that says how high they are."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LogNorm, Normalize

    known = loss[np.isfinite(loss)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    logarithmic = low > 0 and high > low
    if logarithmic:
        high = min(high, low * STEEPEST)
        levels = np.geomspace(low, high, LEVELS)
        norm: Any = LogNorm(low, high)
    else:
        high = max(high, low + 1e-9)
        levels = np.linspace(low, high, LEVELS)
        norm = Normalize(low, high)
    shown = np.ma.masked_invalid(np.clip(loss, low, high))
    axes.contourf(x, y, shown, levels=levels, norm=norm, cmap="viridis", extend="both")
    axes.contour(x, y, shown, levels=levels, colors=[canvas.PAPER], linewidths=0.4, alpha=0.6)
    bar = figure.colorbar(ScalarMappable(norm, "viridis"), ax=axes, pad=0.02, aspect=28)
    bar.outline.set_edgecolor(canvas.SPINE)
    if logarithmic:
        ticks, _ = log_ticks(low, high, 6)
        bar.set_ticks(ticks, labels=tick_labels(ticks))
        bar.ax.minorticks_off()
    bar.set_label("loss", color=canvas.INK)
    axes.set_xlim(x[0], x[-1])
    axes.set_ylim(y[0], y[-1])
    axes.locator_params(nbins=5)
    write_ticks(axes)


def write_ticks(axes: Any) -> None:
    """Writes each tick in full, without a common factor in a corner."""
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, place: short(float(f"{value:.4g}")).replace("-", "−"))
