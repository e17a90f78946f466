"""Tokens and text that are mistaken: what the network read before each error."""

from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np

from nntrain.report.formats import printable, shortened
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.canvas import EDGE, INK, PALE_INK, RED
from nntrain.report.pictures.drawing.page import Page
from nntrain.report.pictures.drawing.shades import widest
from nntrain.report.pictures.judging.predictions import Judged, named

SHOWN = 15
TOKENS, LETTERS = 40, 56  # that are shown of what was read, the last of them
LINE, GAP, FONT = 0.26, 0.3, 8.8
MONO = "DejaVu Sans Mono"


def collect(rows: Judged, chosen: np.ndarray) -> dict[str, np.ndarray]:
    """read (mistakes,): the last tokens up to the step of the error, or of the sequence; `steps` whether each step has a target."""
    texts = [spelled(rows.data, tokens_before(rows, int(row))) for row in chosen]
    return {"read": np.array(texts, dtype=str), "steps": np.array(rows.step is not None)}


def key_of(rows: Judged) -> Callable[[int], Hashable]:
    """What makes two errors the same: the text that is shown, the target and the prediction."""

    def key(row: int) -> Hashable:
        text = spelled(rows.data, tokens_before(rows, row))
        return text, np.asarray(rows.target[row]).tobytes(), np.asarray(rows.predicted[row]).tobytes()

    return key


def tokens_before(rows: Judged, row: int) -> np.ndarray:
    """(steps,): the tokens that the network has read."""
    data, sample = rows.data, int(rows.sample[row])
    tokens = np.asarray(data.x[np.array([sample])])[0]
    end = len(tokens) if data.lengths is None else int(data.lengths[sample])
    return tokens[: end if rows.step is None else int(rows.step[row]) + 1]


def spelled(data: Any, tokens: np.ndarray) -> str:
    """The last tokens as text, or as numbers, on one line."""
    from nntrain.data.sequences.tokens import decode

    some = tokens[-TOKENS:]
    text = decode(data, some) if data.unit else " ".join(map(str, some))
    text = printable(text.replace("\n", "↵").replace("\t", "⇥"))
    cut = len(tokens) > len(some) or len(text) > LETTERS
    return f"…{text[-LETTERS:]}" if cut else text


def figure(name: str, arrays: Mapping[str, np.ndarray]) -> Any:
    """A table: what was read, what is true, what is predicted, and where."""
    heads = [
        "read so far" if arrays["steps"] else "sequence (its end)",
        "true",
        "predicted",
        "where",
    ]
    lines = [
        [read, named(true, 30), named(predicted, 30), shortened(where, 34)]
        for read, true, predicted, where in zip(
            arrays["read"], arrays["true"], arrays["predicted"], arrays["where"], strict=True
        )
    ]
    probe = canvas.new_figure()
    columns = list(zip(*lines, strict=True))
    letter = widest(probe, ["W"], FONT)
    widths = [max(letter * 0.66 * max(map(len, columns[0])), widest(probe, heads[:1], FONT + 0.6)) + GAP]
    widths += [
        max(widest(probe, [head], FONT + 0.6), widest(probe, column, FONT)) + GAP
        for head, column in zip(heads[1:], columns[1:], strict=True)
    ]
    left = canvas.MARGINS["left"]
    page = Page(
        name,
        str(arrays["sentence"]),
        [[f"{arrays['about']}; each text once"]],
        below=(len(lines) + 1.6) * LINE,
        width=max(left + sum(widths) + 0.1, 7.5),
    )
    starts = left + np.concatenate([[0], np.cumsum(widths)])
    for place, (x, head) in enumerate(zip(starts, heads, strict=False)):
        right = place == 0
        page.text(
            x + widths[0] - GAP if right else x,
            LINE * 0.4,
            head,
            fontsize=FONT,
            fontweight="bold",
            ha="right" if right else "left",
        )
    axes = page.axes(left, LINE * 0.9, sum(widths) - GAP, 0.01)
    axes.set_axis_off()
    axes.axhline(0, color=EDGE, linewidth=1)
    for row, texts in enumerate(lines):
        y = LINE * (row + 1.4)
        page.text(starts[0] + widths[0] - GAP, y, texts[0], ha="right", fontsize=FONT - 0.6, family=MONO)
        for place, colour in ((1, INK), (2, INK if arrays["correct"] else RED), (3, PALE_INK)):
            page.text(starts[place], y, texts[place], fontsize=FONT, color=colour)
    return page.figure
