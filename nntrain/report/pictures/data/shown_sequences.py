"""Sequences: some of them as lines, a line for each feature, with their targets."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.report.formats import number, printable, shortened
from nntrain.report.pictures.computing.sequences import unpadded
from nntrain.report.pictures.data.balance import balance_sentence, draw_balance
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.bars import room_for_names
from nntrain.report.pictures.drawing.canvas import CLASS_COLOURS, PALE_INK, RED

if TYPE_CHECKING:
    from nntrain.data.dataset import Dataset

PANELS, FEATURES = 5, 5


def collect(data: "Dataset") -> dict[str, np.ndarray]:
    """x (sequences, steps, features), NaN after the end of a sequence; target (sequences, ...); names of features and target;
    of: how many features there are; ahead: whether the target is the next values of the series.
    """
    from nntrain.data.sequences.windows import Windows

    chosen = chosen_samples(data)
    x, names = unpadded(data, chosen)
    return {
        "x": x[..., :FEATURES],
        "target": np.asarray(data.select(chosen).target),
        "features": np.array(names[:FEATURES]),
        "of": np.array(x.shape[2]),
        "label": np.array((data.target_names or ("target",))[0]),
        "ahead": np.array(isinstance(data.target, Windows) and not data.classes),
        "steps": np.array(1) if data.per_step else np.zeros(0),
    }


def chosen_samples(data: "Dataset") -> np.ndarray:
    """One of each of the first classes, else samples from all over the data."""
    if data.classes and not data.target_shape:
        return np.unique(np.asarray(data.target), return_index=True)[1][:PANELS]
    return np.unique(np.linspace(0, len(data) - 1, PANELS).astype(int))


def figure(name: str, arrays: Mapping[str, np.ndarray], sizes: str) -> Any:
    x, target, features = arrays["x"], arrays["target"], [str(each) for each in arrays["features"]]
    classes = [str(each) for each in arrays["classes"]]
    balance = 1.4 + room_for_names(classes) if classes else 0
    panels, total = len(x), int(arrays["of"])
    page = canvas.new_figure(canvas.WIDTH, 1.3 + 1.25 * panels + balance)
    which = "" if total == len(features) else f"; the first {len(features)} of {total:,} features"
    sentence = (
        f"{panels} sequences of the {arrays['split']} split, {lengths_of(x)}{which}{balance_sentence(arrays)}"
    )
    several = len(features) > 1
    top = canvas.title(page, name, [[sizes]], 1 if several or arrays["ahead"] else 0, sentence)
    canvas.lay_out(page, top)
    heights = [1.25] * panels + [balance] * bool(classes)
    grid = page.add_gridspec(len(heights), 1, height_ratios=heights)
    first = None
    for row in range(panels):
        axes = page.add_subplot(grid[row], sharex=first)
        first = first or axes
        axes.tick_params(labelbottom=row == panels - 1, labelsize=8)
        steps = np.arange(1, x.shape[1] + 1)
        for place, feature in enumerate(features):
            label = shortened(printable(feature), 24)
            axes.plot(steps, x[row, :, place], color=CLASS_COLOURS[place], linewidth=1.3, label=label)
        if arrays["ahead"]:
            ahead = np.asarray(target[row]).reshape(-1)
            style = {"marker": "o", "markersize": 3, "linewidth": 1.3, "label": "target: the next values"}
            axes.plot(steps[-1] + np.arange(1, len(ahead) + 1), ahead, color=RED, **style)
        axes.set_title(
            target_text(arrays, row), fontsize=8.5, loc="left", pad=3, parse_math=False, color=PALE_INK
        )
        axes.grid(True)
        axes.margins(x=0.01)
    if first is not None and (several or arrays["ahead"]):
        height = page.get_size_inches()[1]
        handles, labels = first.get_legend_handles_labels()
        where = {
            "loc": "lower left",
            "bbox_to_anchor": (canvas.MARGINS["left"] / canvas.WIDTH - 0.01, 1 - top / height),
        }
        legend = page.legend(handles, labels, ncols=6, frameon=False, **where)
        legend.set_in_layout(False)
        for text in legend.get_texts():
            text.set_parse_math(False)
    axes.set_xlabel("step", fontsize=9)
    if classes:
        draw_balance(page.add_subplot(grid[panels]), arrays)
    return page


def lengths_of(x: np.ndarray) -> str:
    """ "60 steps each", or "3 to 18 steps" where they end earlier."""
    steps = np.unique((~np.isnan(x)).any(axis=2).sum(axis=1))
    return f"{steps[-1]:,} steps each" if len(steps) == 1 else f"{steps[0]:,} to {steps[-1]:,} steps"


def target_text(arrays: Mapping[str, np.ndarray], row: int) -> str:
    """The target of a sequence in words; of a target per step its start."""
    target, classes = arrays["target"][row], arrays["classes"]
    if arrays["ahead"]:
        return ""
    if len(classes):
        shown = [printable(classes[label]) for label in np.ravel(target)[:12]]
        more = " …" if np.size(target) > 12 else ""
        return f"target{' of each step' if np.ndim(target) else ''}: {shortened(' '.join(shown), 90)}{more}"
    shown = [number(float(value)) for value in np.ravel(target)[:6]]
    return f"{shortened(printable(arrays['label']), 40)}: {', '.join(shown)}{' …' if np.size(target) > 6 else ''}"
