"""Bars: how often each class, token or value occurs."""

from typing import Any

import numpy as np

from nntrain.report.formats import distinct, printable
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.canvas import BLUE, INK
from nntrain.report.pictures.drawing.shades import widest

NUMBERED = 20  # bars or fewer have their counts above them
UPRIGHT = 12  # names or more may be long, because they are upright
ACROSS = 90  # letters side by side
NAMED = 120  # bars or fewer have names
CLOSEST = 72  # names side by side, upright and small: of more bars every second one has its name


def draw_counts(
    axes: Any, names: list[str], counts: np.ndarray, colours: list[str] | str = BLUE, numbered: bool = True
) -> None:
    """A bar for each name; the names are as large as their number permits."""
    at, spare = np.arange(len(names)), max(0, 6 - len(names)) / 2  # two bars are not as wide as the figure
    axes.bar(at, counts, color=colours, width=0.8 if len(names) < 60 else 0.9)
    axes.set_xlim(-0.6 - spare, len(names) - 0.4 + spare)
    if numbered and len(names) <= NUMBERED:
        for x, count in zip(at, counts, strict=True):
            axes.annotate(
                f"{count:,}",
                (x, count),
                (0, 2),
                textcoords="offset points",
                ha="center",
                fontsize=8,
                color=INK,
            )
        axes.margins(y=0.15)
    if len(names) > NAMED:
        axes.set_xticks([])
        return
    labels, every = labels_of(names), 2 if len(names) > CLOSEST else 1
    axes.set_xticks(
        at[::every],
        labels[::every],
        rotation=0 if are_level(labels) else 90,
        fontsize=letter_size(names),
        parse_math=False,
    )
    axes.tick_params(axis="x", length=0)
    if every > 1:
        axes.set_xlabel("every second name is written", fontsize=8)


def letter_size(names: list[str]) -> float:
    return 9 if len(names) <= NUMBERED else 8 if len(names) <= 60 else 6


def labels_of(names: list[str]) -> list[str]:
    return distinct([printable(name) for name in names], 22 if len(names) > UPRIGHT else 12)


def are_level(labels: list[str]) -> bool:
    """Whether the names fit side by side."""
    return max(map(len, labels)) * len(labels) <= ACROSS


def room_for_names(names: list[str]) -> float:
    """The inches below the bars that their names take."""
    labels = labels_of(names)
    if len(names) > NAMED or are_level(labels):
        return 0.35
    return 0.35 + widest(canvas.new_figure(), labels, letter_size(names)) + 0.2 * (len(names) > CLOSEST)
