"""Labels: texts at points of a plane, as many as fit without overlaps."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nntrain.report.pictures.drawing.canvas import INK, PAPER


def place_labels(
    axes: Any,
    points: np.ndarray,
    labels: Sequence[str],
    size: float = 10,
    colours: Sequence[str] = (),
    **style: Any,
) -> np.ndarray:
    """Writes the labels at points (labels, 2) of the data, the first ones first, and leaves out those that would overlap an earlier one.

    Returns which are shown (labels,). The place and the limits of the axes must be final.
    """
    from matplotlib.patheffects import withStroke

    inside = axes.get_window_extent()
    taken: list[Any] = []
    shown = np.zeros(len(labels), bool)
    for place, ((x, y), label) in enumerate(zip(points, labels, strict=True)):
        text = axes.text(
            x,
            y,
            label,
            fontsize=size,
            ha="center",
            va="center",
            color=colours[place] if colours else INK,
            zorder=5,
            parse_math=False,
            path_effects=[withStroke(linewidth=2.5, foreground=PAPER)],
            **style,
        )
        box = text.get_window_extent()
        whole = inside.x0 <= box.x0 and box.x1 <= inside.x1 and inside.y0 <= box.y0 and box.y1 <= inside.y1
        shown[place] = whole and not any(box.overlaps(other) for other in taken)
        if shown[place]:
            taken.append(box)
        else:
            text.remove()
    return shown
