"""Balance: how many samples, or steps, there are of each class."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nntrain.report.formats import printable, shortened
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.bars import NAMED, draw_counts

COLOURED = len(canvas.CLASS_COLOURS)  # classes or fewer have a colour each


def draw_balance(axes: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Bars of the counts in the order of the classes; of very many classes without names."""
    classes = [str(name) for name in arrays["classes"]]
    few = len(classes) <= COLOURED
    colours: list[str] | str = [canvas.CLASS_COLOURS[i] for i in range(len(classes))] if few else canvas.BLUE
    draw_counts(axes, classes, arrays["counts"], colours)
    per_step = np.size(arrays.get("steps", ())) > 0
    axes.set_ylabel("steps" if per_step else f"{arrays['split']} samples")
    if len(classes) > NAMED:
        axes.set_xlabel(f"{len(classes):,} classes")
    axes.grid(True, axis="y")


def balance_sentence(arrays: Mapping[str, np.ndarray]) -> str:
    """ "; 3 classes of 40 samples each", or the largest and the smallest class."""
    counts, classes = arrays["counts"], arrays["classes"]
    if not len(classes):
        return ""
    low, high = int(counts.argmin()), int(counts.argmax())
    if counts[low] == counts[high]:
        return f"; {len(classes):,} classes with {counts[0]:,} each"
    names = [shortened(printable(classes[place]), 24) for place in (high, low)]
    largest, smallest = f"{names[0]} with {counts[high]:,}", f"{names[1]} with {counts[low]:,}"
    return f"; {len(classes):,} classes: the largest is {largest}, the smallest {smallest}"
