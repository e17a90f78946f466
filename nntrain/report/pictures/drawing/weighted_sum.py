"""Weighted sum: draws what Neuron collects: inputs times weights as lines to a sum, and the activation with the sample on it."""

import math
from typing import Any

import numpy as np

from nntrain.report.formats import distinct, printable
from nntrain.report.pictures.drawing.canvas import BLUE, INK, ORANGE, PALE_INK, PAPER, RED, SKY, SOFT_INK
from nntrain.report.pictures.drawing.chain_rule import Arrays, digits, in_product
from nntrain.report.pictures.drawing.diagram import Diagram

SHOWN = 8  # inputs; of more, the rest is one sum
ROW = 0.46  # inches
INPUT, LABEL, SUM, CURVE = 1.75, 2.75, 5.0, (6.6, 9.7)  # places from the left
RADIUS, LARGE = 0.19, 0.36

Row = tuple[str, float | None, float | None, float]  # name, x, w, x · w


def contributions(found: Arrays) -> list[Row]:
    """Rows of name, x, w and x · w: the inputs with the largest products, in their order; of the others the sum."""
    x, w, names = found["x"], found["w"], found["names"].tolist()
    products = x * w
    shown = np.arange(len(x))
    if len(x) > SHOWN + 1:
        shown = np.sort(np.argsort(-np.abs(products), kind="stable")[:SHOWN])
    rows: list[Row] = [(names[i], float(x[i]), float(w[i]), float(products[i])) for i in shown]
    if others := len(x) - len(shown):
        rest = float(np.delete(products, shown).sum())
        rows.append((f"{others:,} others", None, None, rest))
    return rows


def draw_inputs(
    diagram: Diagram,
    rows: list[Row],
    terms: list[str],
    y: float,
    middle: float,
) -> None:
    """A circle for each input, and a line to the sum."""
    largest = max((abs(w) for _, _, w, _ in rows if w is not None), default=1) or 1
    names = distinct([printable(name) for name, *_ in rows], 16)
    for name, (_, x, w, _), product in zip(names, rows, terms, strict=False):
        diagram.text(INPUT - RADIUS - 0.1, y, name, size=8.5, ha="right", colour=SOFT_INK)
        colour = PALE_INK if w is None or not w else BLUE if w > 0 else RED
        line = [
            (INPUT + (RADIUS if x is not None else 0), y),
            (SUM - LARGE * 0.9, middle + 0.3 * (y - middle) / 4),
        ]
        diagram.arrow(
            line,
            colour,
            width=0.8 + (3.6 * abs(w) / largest if w is not None else 0),
            head=False,
            alpha=0.75,
            dashed=w is None,
        )
        if x is not None and w is not None:
            diagram.circle(INPUT, y, RADIUS, SKY)
            diagram.text(INPUT, y, digits(x), size=6.8, zorder=6)
            text = f"× {in_product(w)} = {product}"
        else:
            text = f"together {product}"
        share = (LABEL - line[0][0]) / (line[1][0] - line[0][0])
        at = line[0][1] + share * (line[1][1] - line[0][1])
        box = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.8, "alpha": 0.85}
        diagram.text(LABEL, at, text, size=8, zorder=4, bbox=box)
        y += ROW


def draw_curve(figure: Any, found: Arrays, top: float, tall: float) -> None:
    """The activation over the weighted sum before the bias, with the threshold that the bias sets, and this sample."""
    width, height = figure.get_size_inches()
    b, z, y = found["unit"].tolist()
    activation = str(found["place"][1]) or "no activation"
    axes = figure.add_axes(
        (CURVE[0] / width, 1 - (top + 0.25 + tall) / height, (CURVE[1] - CURVE[0]) / width, tall / height)
    )
    grid, curve = found["grid"], found["curve"]
    axes.plot(grid, curve, color=INK, linewidth=1.8)
    axes.axhline(0, color=PALE_INK, linewidth=0.8, zorder=1)
    axes.axvline(-b, color=BLUE, linewidth=1.2, linestyle=(0, (4, 3)), zorder=1.5)
    axes.plot([z - b], [y], "o", color=ORANGE, markersize=8, zorder=5)
    axes.plot(
        [z - b, z - b, grid[0]],
        [min(curve.min(), 0), y, y],
        color=ORANGE,
        linewidth=1,
        linestyle=":",
        zorder=1.5,
    )
    low, high = float(curve.min()), float(curve.max())
    margin = 0.06 * (high - low or 1)
    axes.set_ylim(low - margin, high + 3 * margin)
    axes.set_xlim(grid[0], grid[-1])
    axes.text(
        -b,
        high + 2 * margin,
        f"threshold −b = {digits(-b)}",
        color=BLUE,
        fontsize=8.5,
        ha="center",
        va="center",
        bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1},
    )
    axes.set_xlabel("weighted sum Σ x·w, before the bias")
    axes.set_title(f"y = {activation}(Σ x·w + b)" if str(found["place"][1]) else "y = Σ x·w + b", fontsize=10)
    axes.grid(True)


def adding_up(terms: list[float], total: float) -> list[str]:
    """The terms, and the total last, rounded such that the rounded ones add up, too: the largest remainder goes first."""
    largest = max(abs(value) for value in [*terms, total, 1e-6])
    decimals = max(3 - math.floor(math.log10(largest)), 0)
    exact = np.array(terms) * 10**decimals
    rounded = np.floor(exact)
    missing = round(total * 10**decimals) - int(rounded.sum())
    rounded[np.argsort(rounded - exact, kind="stable")[: max(missing, 0)]] += 1
    values = [*rounded.tolist(), rounded.sum()]
    return [f"{value / 10**decimals:.{decimals}f}".replace("-", "−") if value else "0" for value in values]


def equation(terms: list[str], y: str, activation: str) -> str:
    """z as the sum of the numbers shown, and y."""
    *products, b, z = terms
    added = " + ".join(f"({term})" if term.startswith("−") else term for term in (*products, b))
    return f"z = {added} = {z}{f',   y = {activation}({z}) = {y}' if activation else ' = y'}"
