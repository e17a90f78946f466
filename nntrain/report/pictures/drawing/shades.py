"""Shades: a colour between the background and a full colour for each value, and texts that are readable on it."""

from typing import Any

import numpy as np

from nntrain.report.pictures.drawing.canvas import INK, PAPER, rgb


def shades(strength: np.ndarray, colour: str) -> np.ndarray:
    """(..., 3): the background where the strength is 0, the full colour where it is 1; within `styled`."""
    paper = rgb(PAPER)
    return paper + np.asarray(strength)[..., None] * (rgb(colour) - paper)


def text_on(background: np.ndarray) -> str:
    """The colour of a text on a background (3,), whichever has more contrast."""
    own = luminance(background)

    def contrast(colour: str) -> float:
        low, high = sorted((own, luminance(rgb(colour))))
        return (high + 0.05) / (low + 0.05)  # WCAG 2.1

    return max((INK, PAPER), key=contrast)


def luminance(colour: np.ndarray) -> float:
    """The relative luminance of an sRGB colour (3,), as WCAG 2.1 defines it."""
    linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def widest(figure: Any, texts: Any, fontsize: float) -> float:
    """The width of the widest text in inches."""
    if not len(texts):
        return 0.0
    drawn = [figure.text(0, 0, text, fontsize=fontsize, parse_math=False) for text in texts]
    width = max(text.get_window_extent().width for text in drawn) / figure.dpi
    for text in drawn:
        text.remove()
    return width
