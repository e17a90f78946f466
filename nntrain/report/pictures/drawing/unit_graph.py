"""Unit graph: columns of units as circles, the weights between them as lines, and numbers on both."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nntrain.report.pictures.drawing.canvas import BLUE, INK, ORANGE, PALE_INK, PAPER, RED, SOFT_INK
from nntrain.report.pictures.drawing.diagram import Diagram, Point

RADIUS = 0.25
LAST = 1.1  # from the outputs to the loss
BEHIND = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.6, "alpha": 0.85}  # texts on lines
LETTER, HIGH = 0.061, 0.29  # inches: the width of a letter of the numbers on a line, the height of the two


@dataclass
class Unit:
    """A circle: its bias and its name above it, its value in it, and the gradient with respect to it below."""

    bias: str
    name: str
    value: str
    gradient: str


class UnitGraph:
    """Places columns of units between `left` and `right`, each centred between `top` and `bottom`."""

    def __init__(self, diagram: Diagram, left: float, right: float, top: float, bottom: float):
        self.diagram = diagram
        self.left, self.right, self.top, self.bottom = left, right, top, bottom

    def places(self, sizes: Sequence[int]) -> list[list[Point]]:
        """The centres of the circles, column by column; the last one, the loss, is nearer to the one before it."""
        columns = [*np.linspace(self.left, self.right - LAST, len(sizes) - 1), self.right]
        apart = (self.bottom - self.top - 2 * RADIUS - 0.5) / max(max(sizes) - 1, 1)
        middle = (self.top + self.bottom) / 2 + 0.05
        return [
            [(float(x), middle + (row - (size - 1) / 2) * min(apart, 1.5)) for row in range(size)]
            for x, size in zip(columns, sizes, strict=True)
        ]

    def unit(self, at: Point, unit: Unit, colour: str = BLUE) -> None:
        x, y = at
        self.diagram.circle(x, y, RADIUS, colour)
        self.diagram.text(x, y, unit.value, size=7.5, zorder=6)
        self.diagram.text(x, y - RADIUS - 0.09, unit.name, size=8, zorder=2.6, bbox=BEHIND)
        self.diagram.text(x, y - RADIUS - 0.22, unit.bias, size=6.8, colour=SOFT_INK, zorder=2.6, bbox=BEHIND)
        self.diagram.text(x, y + RADIUS + 0.1, unit.gradient, size=7.5, colour=RED, zorder=2.6, bbox=BEHIND)

    def lines(
        self,
        sources: Sequence[Point],
        targets: Sequence[Point],
        weight: np.ndarray,
        labels: Sequence[Sequence[tuple[str, str]]],
        marked: tuple[int, int] | None,
    ) -> None:
        """A line for each weight (sources, targets), as thick as the weight is large, with two numbers on it."""
        largest = np.abs(weight).max(initial=0) or 1
        wide = LETTER * max(len(text) for row in labels for pair in row for text in pair)
        shares = label_places(sources, targets, wide)
        for (i, source), (j, target) in itertools.product(enumerate(sources), enumerate(targets)):
            on_path = marked == (i, j)
            self.diagram.arrow(
                [source, target],
                ORANGE if on_path else PALE_INK,
                width=0.6 + 2.2 * abs(float(weight[i, j])) / largest,
                head=False,
                alpha=0.95 if on_path else 0.45,
                zorder=1.6 if on_path else 1.5,
            )
            share = shares[i]
            x, y = (source[k] + share * (target[k] - source[k]) for k in (0, 1))
            forward, backward = labels[i][j]
            self.diagram.text(x, y - 0.065, forward, size=6.8, colour=INK, zorder=2.5, bbox=BEHIND)
            self.diagram.text(x, y + 0.065, backward, size=6.8, colour=RED, zorder=2.5, bbox=BEHIND)


def label_places(sources: Sequence[Point], targets: Sequence[Point], wide: float) -> list[float]:
    """For each source the share of the way to its targets where its numbers, `wide` inches, are: apart from others, and from
    other lines.
    """
    start = np.repeat(np.array(sources), len(targets), axis=0)  # of each line
    end = np.tile(np.array(targets), (len(sources), 1))
    gap = targets[0][0] - sources[0][0]
    alone = np.where(np.eye(len(start), dtype=bool), np.inf, 0)
    best, found = -np.inf, [0.5] * len(sources)
    for share in np.arange(0.2, 0.81, 0.02):
        for aside in np.arange(-0.3, 0.31, 0.03):
            shares = [share + aside * ((row % 2) - 0.5) for row in range(len(sources))]
            places = start + np.repeat(shares, len(targets))[:, None] * (end - start)
            apart = (np.abs(places[:, None] - places[None]) / (wide, HIGH)).max(2) + alone
            # How far above or below each label the other lines are, and how far the label is from the circles.
            along = (places[:, :1] - start[:, 0]) / gap
            lines = start[:, 1] + along * (end - start)[:, 1]
            free = (np.abs(lines - places[:, 1:]) / HIGH + alone).min()
            room = gap * min(min(shares), 1 - max(shares)) - RADIUS - wide / 2 - 0.06
            score = 3 * min(float(apart.min()), 1.05) + 0.5 * min(float(free), 0.6) + 4 * min(room, 0.0)
            if score > best + 1e-9:
                best, found = score, shares
    return found
