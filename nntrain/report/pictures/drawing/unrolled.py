"""Unrolled: draws what Unroll collects: a layer step by step, heat maps of its gates, and the reach of its gradient."""

import itertools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from nntrain.report.formats import counted, short
from nntrain.report.pictures.computing.layer_names import by
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.axes import scale, whole_numbers
from nntrain.report.pictures.drawing.canvas import BLUE, GREEN, INK, ORANGE, PALE_INK, RED, SKY, SOFT_INK
from nntrain.report.pictures.drawing.diagram import Box, Diagram
from nntrain.report.pictures.drawing.page import Page
from nntrain.report.pictures.drawing.tokens import visible

Arrays = Mapping[str, np.ndarray]
DIAGRAM = 2.35  # inches
LEFT, RIGHT, GAP = 0.78, 0.25, 0.45
STRIP, PANEL, HEAD = 0.75, 1.2, 0.32  # the input, one gate, and the name above it
LETTERS = 70  # tokens that a strip can name
FEATURES = 3  # drawn as lines; more as a heat map
LOWEST = 1e-12  # that the axis of the gradient shows
NAMES = {
    "i": "input gate i: what enters the cell",
    "f": "forget gate f: what the cell keeps",
    "o": "output gate o: what the cell shows",
    "g": "candidate g",
    "c": "cell c = f·c + i·g",
    "r": "reset gate r",
    "z": "update gate z: what the state keeps",
    "n": "candidate n",
    "h": "hidden state h",
}
SIGMOIDS = "iforz"  # from 0 to 1
STYLES: dict[str, tuple[str, Any, float]] = {  # colour, dashes, width
    "simple_rnn": (RED, "-", 1.8),
    "lstm": (BLUE, "-", 1.8),
    "gru": (GREEN, "-", 1.8),
    "own": (ORANGE, (0, (4, 2)), 2.4),
    "trained": (ORANGE, (0, (4, 2)), 2.4),
}


def draw_steps(page: Page, found: Arrays) -> None:
    """Cells side by side: the state passes from each to the next, x enters from below, the output leaves above."""
    diagram = Diagram(page.figure)
    steps, features, units, sequences = (int(value) for value in found["sizes"])
    kind, parameters = str(found["texts"][1]), str(found["texts"][2])
    reverse = bool(found["reverse"])
    numbers: list[int | None] = [*range(1, steps + 1)] if steps <= 5 else [1, 2, 3, None, steps]
    top = page.top + 0.55
    wide, tall = 1.05, 0.55
    across = page.width - 1.6 - 1.0
    pitch = across / len(numbers)
    states = "h, c" if kind == "lstm" else "h"
    boxes: list[tuple[int | None, Box]] = []
    for place, number in enumerate(numbers):
        box = Box(1.6 + pitch * place + (pitch - wide) / 2 - 0.1, top, wide, tall)
        boxes.append((number, box))
        x, y = box.centre
        if number is None:
            diagram.text(x, y, "…", size=16)
            continue
        diagram.box(box, [kind, f"step {number:,}"], BLUE, size=9)
        diagram.arrow([(x, top + tall + 0.45), (x, top + tall)], SKY, width=1.8)
        diagram.text(x, top + tall + 0.57, f"x{number}", size=9)
        last = number == (1 if reverse else steps)
        if sequences or last:
            diagram.arrow([(x, top), (x, top - 0.34)], ORANGE, width=1.8)
            diagram.text(x, top - 0.44, f"h{number}", size=9)
    order = boxes[::-1] if reverse else boxes
    first = order[0][1]
    start = (first.right[0] + 0.6, first.right[1]) if reverse else (first.x - 0.6, first.left[1])
    diagram.arrow([start, first.right if reverse else first.left], INK, width=1.6)
    diagram.text(
        start[0] + (0.05 if reverse else -0.05),
        start[1],
        f"{states} = 0",
        size=9,
        ha="left" if reverse else "right",
    )
    for (_, one), (_, other) in itertools.pairwise(order):
        line = [one.left, other.right] if reverse else [one.right, other.left]
        diagram.arrow(line, INK, width=1.6)
        middle = (line[0][0] + line[1][0]) / 2
        diagram.text(middle, line[0][1] - 0.12, states, size=8.5, colour=SOFT_INK)
    every = "each step" if sequences else "the last step that it reads"
    output = by((steps, units)) if sequences else f"{units:,}"
    facts = (
        f"x: {counted(features, 'number')} at each step; {states}: {units:,}; output: {output}, of {every}"
    )
    diagram.text(LEFT, top + tall + 0.86, facts, size=8.6, colour=SOFT_INK, ha="left", width=page.width - 1.2)
    shared = f"shared by all steps: {parameters}"
    diagram.text(
        LEFT, top + tall + 1.05, shared, size=8.6, colour=SOFT_INK, ha="left", width=page.width - 1.2
    )


def gate_names(found: Arrays) -> list[str]:
    return [key.removeprefix("gate.") for key in found if key.startswith("gate.")]


def grid_of(found: Arrays) -> tuple[int, int]:
    """Rows and columns of the heat maps."""
    count = len(gate_names(found))
    columns = 3 if count > 4 else 2 if count > 1 else 1
    return math.ceil(count / columns), columns


def gates_height(found: Arrays) -> float:
    return 0.35 + HEAD + STRIP + grid_of(found)[0] * (HEAD + PANEL) + 0.5


def draw_gates(page: Page, found: Arrays, y: float) -> None:
    """The input, and a heat map for each gate and state: a row for each unit, a column for each step."""
    _, _, units, _ = (int(value) for value in found["sizes"])
    sample, split = (str(text) for text in found["texts"][3:5])
    shown = found["gate.h"].shape[1]
    which = f"the {shown} of {units:,} units that change most" if shown < units else f"{units:,} units"
    y += 0.2
    gates = "gates are dark at 0 and bright at 1, " if len(gate_names(found)) > 1 else ""
    about = f"Sample {sample} of the {split} split: {which}; {gates}states are blue above 0 and red below"
    page.text(LEFT, y, about, ha="left", fontsize=9)
    y += 0.15 + HEAD
    across = page.width - LEFT - RIGHT
    draw_input(page.axes(LEFT, y, across, STRIP), found)
    y += STRIP + HEAD
    rows, columns = grid_of(found)
    wide = (across - GAP * (columns - 1)) / columns
    for place, name in enumerate(gate_names(found)):
        row, column = divmod(place, columns)
        axes = page.axes(LEFT + column * (wide + GAP), y + row * (PANEL + HEAD), wide, PANEL)
        values = found[f"gate.{name}"].T
        if name in SIGMOIDS:
            colours: dict[str, Any] = {"cmap": "viridis", "vmin": 0, "vmax": 1}
        else:
            largest = float(np.abs(values).max()) or 1.0
            colours = {"cmap": "RdBu", "vmin": -largest, "vmax": largest}
        canvas.show_image(axes, values, aspect="auto", **colours)
        axes.set_title(NAMES[name], fontsize=9, pad=3)
        if column == 0:
            axes.set_ylabel("units", fontsize=8.5)
        if row == rows - 1:
            label_steps(axes, values.shape[1])


def label_steps(axes: Any, steps: int) -> None:
    """Steps count from 1."""
    at = sorted({0, *(round(share * (steps - 1)) for share in (0.25, 0.5, 0.75, 1))})
    axes.set_xticks(at, [f"{place + 1:,}" for place in at], fontsize=8)
    axes.set_xlabel("step", fontsize=8.5, labelpad=1)


def draw_input(axes: Any, found: Arrays) -> None:
    """Tokens as letters, a few features as lines, many as a heat map."""
    x, tokens = found["x"], [str(token) for token in found["tokens"]]
    steps = len(x)
    axes.set_title("input x", fontsize=9, pad=3)
    axes.set_xlim(-0.5, steps - 0.5)
    if tokens and steps <= LETTERS and max(len(visible(token, 14)) for token in tokens) <= 2:
        axes.set_ylim(0, 1)
        axes.axis("off")
        for step, token in enumerate(tokens):
            axes.text(
                step,
                0.5,
                visible(token),
                fontsize=8,
                ha="center",
                va="center",
                parse_math=False,
                family="monospace",
            )
    elif x.shape[1] <= FEATURES:
        for feature, colour in zip(x.T, (BLUE, ORANGE, GREEN), strict=False):
            axes.plot(feature, color=colour, linewidth=1.2, marker="o" if steps == 1 else None)
        axes.set_xticks([])
        axes.tick_params(axis="y", labelsize=8)
        axes.grid(True, axis="y")
    else:
        largest = float(np.abs(x).max()) or 1.0
        canvas.show_image(axes, x.T, aspect="auto", cmap="RdBu", vmin=-largest, vmax=largest)


def draw_reach(page: Page, found: Arrays, y: float) -> None:
    """The norm of the gradient by the steps back from the last, relative to the last step, on a logarithmic axis."""
    kind = str(found["texts"][1])
    curves = {key.removeprefix("reach."): found[key] for key in found if key.startswith("reach.")}
    page.text(
        LEFT,
        y + 0.1,
        "How far back the gradient reaches: |∂ loss of the last step / ∂x| by steps before it",
        ha="left",
        fontsize=10,
    )
    axes = page.axes(LEFT + 0.2, y + 0.62, page.width - LEFT - RIGHT - 0.2, 1.85)
    values = np.concatenate(list(curves.values()))
    values = values[np.isfinite(values) & (values > 0)]
    smallest, largest = float(values.min(initial=1)), float(values.max(initial=1))
    scale(axes, max(smallest / 2, LOWEST), largest * 2, True, most=6)
    longest = max(len(curve) for curve in curves.values())
    labels = {"own": f"this config's {kind}", "trained": f"this run's {kind}, trained"}
    for name, curve in curves.items():
        colour, dashes, width = STYLES[name]
        axes.plot(
            np.arange(len(curve)),
            np.where(curve > 0, curve, np.nan),
            color=colour,
            linestyle=dashes,
            linewidth=width,
            label=labels.get(name, f"{name}, initial"),
            marker="o" if len(curve) == 1 else None,
        )
    axes.set_xlim(
        max(longest - 1, 1) * 1.01, -0.01 * max(longest - 1, 1)
    )  # time runs to the right, as in the pictures above
    axes.xaxis.set_major_locator(whole_numbers(max(longest - 1, 2)))
    axes.set_xlabel("steps before the last")
    axes.set_ylabel("relative to\nthe last step")
    axes.grid(True)
    legend = axes.legend(
        loc="lower left", bbox_to_anchor=(-0.01, 0.99), ncols=4, frameon=False, fontsize=9, borderpad=0.1
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
    if smallest < LOWEST:
        text = f"the axis ends at {short(LOWEST)}"
        axes.text(1, 1.05, text, transform=axes.transAxes, fontsize=8, color=PALE_INK, ha="right")
