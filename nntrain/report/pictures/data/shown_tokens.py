"""Tokens: sequences of small whole numbers as rows of cells, with their targets, and how often each token occurs."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.report.formats import number, printable, shortened
from nntrain.report.pictures.data.balance import balance_sentence, draw_balance
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.bars import draw_counts, room_for_names
from nntrain.report.pictures.drawing.canvas import CLASS_COLOURS, INK, PALE_INK, SKY
from nntrain.report.pictures.drawing.page import Page

if TYPE_CHECKING:
    from nntrain.data.dataset import Dataset

ROWS, STEPS, BARS = 8, 40, 40
CELL = 0.2  # inches
PANEL = 1.3


def collect(data: "Dataset") -> dict[str, np.ndarray]:
    """x (sequences, steps) with -1 after the end; target (sequences, ...); frequencies (tokens,) in the whole split."""
    from nntrain.data.sequences.lengths import real_steps

    some = data.select(np.arange(min(ROWS, len(data))))
    x = np.asarray(some.x)
    whole = np.asarray(data.x)
    if data.lengths is not None and some.lengths is not None:
        x = np.where(real_steps(some.lengths, x), x, -1)
        whole = whole[real_steps(data.lengths, whole)]
    return {
        "x": x[:, :STEPS],
        "of": np.array(x.shape[1]),
        "target": np.asarray(some.target),
        "frequencies": np.bincount(whole.ravel(), minlength=data.vocabulary),
        "names": np.array(() if data.tokenizer is None else data.tokenizer.names, dtype=str),
        "steps": np.array(1) if data.per_step else np.zeros(0),
    }


def figure(name: str, arrays: Mapping[str, np.ndarray], sizes: str) -> Any:
    x, target, frequencies = arrays["x"], arrays["target"], arrays["frequencies"]
    classes = [str(each) for each in arrays["classes"]]
    per_step = arrays["steps"].size == 1 and bool(classes)
    rows, steps = x.shape
    pitch = 2.3 * CELL if per_step else 1.3 * CELL
    order = (
        np.argsort(-frequencies, kind="stable")[:BARS]
        if len(frequencies) > BARS
        else np.arange(len(frequencies))
    )
    names = [shortened(printable(str(name)), 12) for name in arrays["names"]]
    tokens = [names[token] if names else str(token) for token in order]
    bars = 0.35 + PANEL + room_for_names(tokens) + 0.2
    balance = 0.35 + PANEL + room_for_names(classes) if classes else 0
    cut = f"the first {steps} of {arrays['of']:,} steps" if arrays["of"] > steps else f"{steps} steps"
    sentence = f"Sequences of tokens of the {arrays['split']} split, {cut}"
    sentence += ", with the target of each step below it" if per_step else ", with the target at the end"
    page = Page(name, sentence + balance_sentence(arrays), [[sizes]], below=rows * pitch + bars + balance)
    left = canvas.MARGINS["left"]
    width = min(CELL * steps, canvas.WIDTH - left - 0.9)
    for row in range(rows):
        axes = page.axes(left, row * pitch, width, CELL)
        draw_cells(axes, x[row])
        page.text(left - 0.1, row * pitch + CELL / 2, str(row), ha="right", fontsize=8, color=PALE_INK)
        if per_step:
            for step in np.flatnonzero(x[row] >= 0):
                text = shortened(printable(classes[target[row, step]]), 3)
                style = {"ha": "center", "fontsize": 7, "color": PALE_INK}
                page.text(left + (step + 0.5) * width / steps, row * pitch + 1.45 * CELL, text, **style)
        else:
            value = np.ravel(target[row])[0]
            text = shortened(printable(classes[int(value)] if classes else number(float(value))), 12)
            page.text(left + width + 0.1, row * pitch + CELL / 2, text, fontsize=8)
    across = canvas.WIDTH - left - canvas.MARGINS["right"]
    axes = page.axes(left, rows * pitch + 0.3, across, PANEL)
    draw_counts(axes, tokens, frequencies[order], SKY)
    axes.set_ylabel("steps")
    more = f"token (the {len(order)} most frequent of {len(frequencies):,})"
    axes.set_xlabel(more if len(order) < len(frequencies) else "token", fontsize=9)
    if classes:
        draw_balance(page.axes(left, rows * pitch + bars + 0.3, across, PANEL), arrays)
    return page.figure


def draw_cells(axes: Any, row: np.ndarray) -> None:
    """A coloured cell with its number for each token; nothing after the end."""
    axes.set(xlim=(0, len(row)), ylim=(0, 1))
    axes.set_axis_off()
    for step in np.flatnonzero(row >= 0):
        colour = CLASS_COLOURS[row[step] % len(CLASS_COLOURS)]
        axes.bar(step + 0.5, 1, 0.94, color=colour, alpha=0.35, linewidth=0)
        axes.text(step + 0.5, 0.45, str(row[step]), ha="center", va="center", fontsize=7, color=INK)
