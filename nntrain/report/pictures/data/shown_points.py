"""Points: data of two inputs in the plane, in the colours of the classes or of the target; or one input against the target."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.report.formats import printable, shortened
from nntrain.report.pictures.data.balance import balance_sentence
from nntrain.report.pictures.data.shown_table import evenly
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.axes import plain_ticks
from nntrain.report.pictures.drawing.canvas import BLUE, CLASS_COLOURS, CLASS_MARKERS, PAPER

if TYPE_CHECKING:
    from nntrain.data.dataset import Dataset

MOST = 20_000


def collect(data: "Dataset") -> dict[str, np.ndarray]:
    """x (samples, 1 or 2), target (samples,), labels of the inputs and the target."""
    rows = evenly(len(data), MOST)
    x, target = np.asarray(data.x[rows], np.float64), np.asarray(data.target[rows])
    inputs = data.feature_names or (("x1", "x2") if x.shape[1] == 2 else ("x",))
    return {
        "x": x,
        "rows": np.array(len(data)),
        "target": target if target.ndim == 1 else target[:, 0],
        "labels": np.array([*inputs, (data.target_names or ("y",))[0]]),
    }


def figure(name: str, arrays: Mapping[str, np.ndarray], sizes: str) -> Any:
    x, target = arrays["x"], arrays["target"]
    labels = [printable(label) for label in arrays["labels"]]
    classes = [shortened(printable(each), 20) for each in arrays["classes"]]
    one_input = x.shape[1] == 1
    count = f"{len(x):,}" if len(x) == arrays["rows"] else f"{len(x):,} of {arrays['rows']:,}"
    sentence = f"The {count} samples of the {arrays['split']} split"
    if one_input:
        sentence += ": the target against the input"
    else:
        sentence += " in the plane of the two inputs" + ("" if classes else ", in the colours of the target")
    columns = 5 if max(map(len, classes), default=0) <= 10 else 3
    rows = math.ceil(len(classes) / columns)
    figure = canvas.new_figure(canvas.WIDTH if one_input else 7.2, 6 if one_input else 7.2)
    top = canvas.title(figure, name, [[sizes]], rows, sentence + balance_sentence(arrays))
    axes = figure.subplots()
    size = canvas.marker_size(len(x)) + 1
    if one_input:
        axes.plot(x[:, 0], target, "o", color=BLUE, markersize=size, alpha=0.6, markeredgewidth=0)
    elif classes:
        for label, each in enumerate(classes):
            own = x[target == label]
            style = {"markeredgecolor": PAPER, "markeredgewidth": 0.6, "linestyle": "none", "label": each}
            marker, colour = CLASS_MARKERS[(label + label // 8) % 8], CLASS_COLOURS[label % 8]
            axes.plot(own[:, 0], own[:, 1], marker, color=colour, markersize=size, **style)
    else:
        points = axes.scatter(x[:, 0], x[:, 1], c=target, s=size**2, cmap="viridis", linewidths=0)
        figure.colorbar(points, ax=axes).set_label(labels[2], parse_math=False)
    axes.set_xlabel(labels[0], parse_math=False)
    axes.set_ylabel(labels[1], parse_math=False)
    axes.grid(True)
    canvas.set_margins(figure, top, plain_ticks(axes))
    if classes:
        canvas.place_legend(figure, axes, columns)
    return figure
