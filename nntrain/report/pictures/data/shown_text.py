"""Text: a piece of it with the first window that the network reads, and its most frequent tokens."""

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.report.formats import printable
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.bars import draw_counts, room_for_names
from nntrain.report.pictures.drawing.canvas import BLUE, INK, PALE_INK
from nntrain.report.pictures.drawing.page import Page
from nntrain.report.pictures.drawing.tokens import visible

if TYPE_CHECKING:
    from nntrain.data.dataset import Dataset

LETTERS, LINES, LINE = 92, 14, 0.19  # letters of a line, lines, inches of a line
BARS, PANEL = 40, 1.7


def collect(data: "Dataset") -> dict[str, np.ndarray]:
    """inputs, after: the text of the first window, and of the windows after it; tokens with their counts, most frequent first."""
    from nntrain.data.sequences.tokens import decode, noun
    from nntrain.data.sequences.windows import Windows

    steps = data.input_shape[0]
    first = np.asarray(data.x[np.arange(1)])[0]
    more = np.asarray(data.x[np.arange(1, min(len(data), 1 + LETTERS * LINES // steps))]).ravel()
    whole = data.x.distinct_steps() if isinstance(data.x, Windows) else np.asarray(data.x).ravel()
    counts = np.bincount(whole.ravel(), minlength=len(data.classes))
    order = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
    return {
        "inputs": np.array(decode(data, first)),
        "after": np.array(decode(data, more) if len(more) else ""),
        "tokens": np.array([data.classes[token] for token in order]),
        "frequencies": counts[order],
        "window": np.array(steps),
        "unit": np.array(noun(data.unit)),
        "length": np.array(len(whole)),
        "windows": np.array(len(data)),
    }


def figure(name: str, arrays: Mapping[str, np.ndarray], sizes: str) -> Any:
    unit, tokens, frequencies = str(arrays["unit"]), arrays["tokens"][:BARS], arrays["frequencies"][:BARS]
    lines = laid_out(str(arrays["inputs"]), str(arrays["after"]))
    names = [visible(str(token)) for token in tokens]
    text = LINE * len(lines) + 0.45
    sentence = (
        f"Text of the {arrays['split']} split, {arrays['length']:,} {unit}s, {len(arrays['tokens']):,} distinct. Of each window of "
        f"{arrays['window']:,} {unit}s (blue: the first of {arrays['windows']:,}) the network learns to predict, at every step, the next {unit}."
    )
    page = Page(name, sentence, [[sizes]], below=text + PANEL + room_for_names(names) + 0.25)
    left = canvas.MARGINS["left"]
    for row, (inside, after) in enumerate(lines):
        y, style = LINE * (row + 0.5), {"family": "DejaVu Sans Mono", "fontsize": 8}
        start = page.text(left, y, inside, color=BLUE, fontweight="bold", **style) if inside else None
        across = start.get_window_extent().width / page.figure.dpi if start is not None else 0
        if after:
            page.text(left + across, y, after, color=INK if not inside and row == 0 else PALE_INK, **style)
    axes = page.axes(left, text, canvas.WIDTH - left - canvas.MARGINS["right"], PANEL)
    draw_counts(axes, names, 100 * frequencies / arrays["length"], numbered=False)
    axes.set_ylabel(f"% of the {unit}s")
    which = (
        f"the {len(names)} most frequent of {len(arrays['tokens']):,} {unit}s"
        if len(names) < len(arrays["tokens"])
        else f"{unit}s"
    )
    axes.set_xlabel(f"{which} (␣ space, ↵ end of a line)", fontsize=9)
    axes.grid(True, axis="y")
    return page.figure


def laid_out(inputs: str, after: str) -> list[tuple[str, str]]:
    """Lines of at most LETTERS letters, each as the part of the window and the part after it."""
    lines: list[tuple[str, str]] = []
    whole, position = inputs + after, 0
    for paragraph in whole.split("\n"):
        pieces = textwrap.wrap(paragraph, LETTERS, drop_whitespace=False, replace_whitespace=False) or [""]
        for piece in pieces:
            inside = max(0, min(len(piece), len(inputs) - position))
            lines.append((printable(piece[:inside]), printable(piece[inside:])))
            position += len(piece)
        position += 1
    return lines[:LINES]
