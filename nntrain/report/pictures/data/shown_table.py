"""The columns of a table: a histogram of each, in the colours of the classes, or each against the target."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.report.formats import distinct, printable, shortened
from nntrain.report.pictures.data.balance import COLOURED, balance_sentence, draw_balance
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.bars import room_for_names
from nntrain.report.pictures.drawing.canvas import BLUE, CLASS_COLOURS

if TYPE_CHECKING:
    from nntrain.data.dataset import Dataset

PANELS, ACROSS = 12, 4
BINS = 24
ROWS = 20_000  # of the data, at most, from all over it
DOTS = 1500  # of a column against the target, at most


def collect(data: "Dataset") -> dict[str, np.ndarray]:
    """values (rows, columns) float64, NaN where missing; target (rows,); names (columns,); of: how many columns there are.

    Of more than PANELS columns, those that tell the most of the target by themselves: with the largest share of their variance
    between the classes, or the largest correlation with the target.
    """
    rows = evenly(len(data), ROWS)
    x = np.asarray(data.x[rows], np.float64)
    target = np.asarray(data.target[rows])
    per_class = bool(data.classes) and target.ndim == 1
    if data.heads and data.heads[0].classes:  # of several targets the first
        known = ~np.isnan(target[:, 0])
        x, target, per_class = x[known], target[known, 0].astype(np.int32), True
    y = target if per_class else np.asarray(target, np.float64).reshape(len(x), -1)[:, 0]
    names = data.feature_names or tuple(f"x{number}" for number in range(1, x.shape[1] + 1))
    chosen = np.arange(x.shape[1])
    if len(chosen) > PANELS:
        shares = [between_classes(column, y) if per_class else correlation(column, y) for column in x.T]
        chosen = np.sort(np.argsort(-np.array(shares), kind="stable")[:PANELS])
    labels = data.target_names or ("y",)
    return {
        "values": x[:, chosen],
        "target": y,
        "names": np.array([names[place] for place in chosen]),
        "of": np.array(x.shape[1]),
        "rows": np.array(len(data)),
        "label": np.array("" if per_class else labels[0]),
        "targets": np.array(1 if per_class else len(labels)),
    }


def evenly(count: int, most: int) -> np.ndarray:
    """The numbers of at most so many samples from all over the data, which may be in the order of their classes."""
    return np.unique(np.linspace(0, count - 1, most).astype(int))


def between_classes(column: np.ndarray, target: np.ndarray) -> float:
    """The share of the variance of a column that lies between the classes (eta squared)."""
    known = np.isfinite(column)
    column, target = column[known], target[known]
    if not len(column) or column.var() == 0:
        return 0.0
    counts = np.bincount(target)
    means = np.bincount(target, column - column.mean()) / np.maximum(counts, 1)
    return float((counts * means**2).sum() / (len(column) * column.var()))


def correlation(column: np.ndarray, target: np.ndarray) -> float:
    """The square of the correlation with the target."""
    known = np.isfinite(column) & np.isfinite(target)
    column, target = column[known], target[known]
    if len(column) < 2 or column.std() == 0 or target.std() == 0:
        return 0.0
    return float(np.corrcoef(column, target)[0, 1] ** 2)


def figure(name: str, arrays: Mapping[str, np.ndarray], sizes: str) -> Any:
    values, target, names, total = (arrays[key] for key in ("values", "target", "names", "of"))
    classes = [str(each) for each in arrays["classes"]]
    by_class = bool(classes) and str(arrays["label"]) == "" and len(classes) <= COLOURED
    across = min(ACROSS, len(names))
    down = -(-len(names) // across)
    balance = 1.6 + room_for_names(classes) if classes else 0
    page = canvas.new_figure(canvas.WIDTH, 1.2 + 1.75 * down + balance)
    which = (
        "The columns"
        if len(names) == total
        else f"The {len(names)} of {total:,} columns that tell most of the target"
    )
    how = (
        ", in the colours of the classes"
        if by_class
        else ""
        if classes
        else f", each against {shortened(printable(arrays['label']), 40)}"
        + (f", the first of {arrays['targets']:,} targets" if arrays["targets"] > 1 else "")
    )
    if len(values) < arrays["rows"]:
        how += f" ({len(values):,} of {arrays['rows']:,} rows)"
    sentence = f"{which}{how}{balance_sentence(arrays)}"
    top = canvas.title(page, name, [[sizes]], 1 if by_class else 0, sentence)
    canvas.lay_out(page, top)
    grid = page.add_gridspec(
        down + bool(classes), across, height_ratios=[1.75] * down + [balance] * bool(classes)
    )
    heads = distinct([printable(each) for each in names], 24)
    for place, column in enumerate(values.T):
        axes = page.add_subplot(grid[place // across, place % across])
        missing = np.mean(~np.isfinite(column))
        more = f" ({missing:.0%} missing)" if missing else ""
        head = shortened(heads[place], 24 - len(more)) + more
        axes.set_title(head, fontsize=9, pad=4, parse_math=False)
        if arrays["label"]:
            draw_against(axes, column, target)
            if place % across == 0:
                axes.set_ylabel(shortened(printable(arrays["label"]), 24), fontsize=8, parse_math=False)
        else:
            draw_histogram(axes, column, target if by_class else np.zeros(len(column), int))
        axes.tick_params(labelsize=8)
    if classes:
        draw_balance(page.add_subplot(grid[down, :]), arrays)
    if by_class:
        draw_legend(page, classes, top)
    return page


def draw_histogram(axes: Any, column: np.ndarray, target: np.ndarray) -> None:
    """Stacked bars: of each bin the samples of each class."""
    known = np.isfinite(column)
    values = np.unique(column[known])
    if not len(values):
        return
    edges = bin_edges(values)
    below = np.zeros(len(edges) - 1)
    for label in range(target.max() + 1):
        counts = np.histogram(column[known & (target == label)], edges)[0]
        widths = np.diff(edges) * 0.92
        colour = CLASS_COLOURS[label % len(CLASS_COLOURS)]
        axes.bar(edges[:-1] + np.diff(edges) / 2, counts, widths, below, color=colour)
        below += counts


def bin_edges(values: np.ndarray) -> np.ndarray:
    """For sorted distinct values; where they lie on a grid, such as 5.1, 5.2, 5.4, each bin has equally many points of it."""
    span = values[-1] - values[0]
    step = np.diff(values).min() if len(values) > 1 else 1.0
    on_grid = np.allclose((values - values[0]) / step, np.rint((values - values[0]) / step), atol=1e-3)
    if on_grid and span / step < 1000:
        width = step * max(math.ceil((span / step + 1) / BINS), 1)
        return values[0] - step / 2 + width * np.arange(math.ceil((span + step) / width - 1e-6) + 1)
    return np.linspace(values[0], values[-1], BINS + 1)


def draw_against(axes: Any, column: np.ndarray, target: np.ndarray) -> None:
    step = math.ceil(len(column) / DOTS)
    axes.plot(column[::step], target[::step], "o", color=BLUE, markersize=2, alpha=0.6, markeredgewidth=0)
    axes.grid(True)


def draw_legend(page: Any, classes: list[str], top: float) -> None:
    """A row of the classes' colours right below the title."""
    from matplotlib.patches import Patch

    handles = [
        Patch(color=CLASS_COLOURS[i], label=shortened(printable(each), max(18, 72 // len(classes))))
        for i, each in enumerate(classes)
    ]
    height = page.get_size_inches()[1]
    legend = page.legend(
        handles=handles,
        loc="lower left",
        ncols=len(classes) if sum(map(len, classes)) < 90 else 4,
        frameon=False,
        bbox_to_anchor=(canvas.MARGINS["left"] / canvas.WIDTH - 0.01, 1 - top / height),
    )
    legend.set_in_layout(False)
    for text in legend.get_texts():
        text.set_parse_math(False)
