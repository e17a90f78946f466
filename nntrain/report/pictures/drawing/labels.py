"""Labels: texts at points of a plane, as many as fit without overlaps."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nntrain.report.pictures.drawing.canvas import INK, PAPER

# Where a label may be instead of on its point, in sizes of the label.
ASIDE = ((0, 0), (0, -1), (0, 1), (-1, 0), (1, 0), (-1, -1), (1, -1), (-1, 1), (1, 1))


def place_labels(
    axes: Any,
    points: np.ndarray,
    labels: Sequence[str],
    size: float = 10,
    colours: Sequence[str] = (),
    nudged: bool = False,
    **style: Any,
) -> np.ndarray:
    """Writes the labels at points (labels, 2) of the data, the first ones first, and leaves out those that would overlap an earlier one.

    `nudged`: such a label is written next to its point, if there is room. Returns which are shown (labels,). The place and the limits of
    the axes must be final.
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
        for across, up in ASIDE if nudged else ASIDE[:1]:
            moved = box.translated(1.1 * across * box.width, 1.1 * up * box.height)
            whole = inside.contains(moved.x0, moved.y0) and inside.contains(moved.x1, moved.y1)
            if whole and not any(moved.overlaps(other) for other in taken):
                centre = (moved.x0 + moved.x1) / 2, (moved.y0 + moved.y1) / 2
                if across or up:
                    text.set_position(axes.transData.inverted().transform(centre))
                taken.append(moved)
                shown[place] = True
                break
        else:
            text.remove()
    return shown
