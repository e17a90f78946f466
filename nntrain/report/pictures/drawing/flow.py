"""Flow: chains of layers and blocks from top to bottom, in columns, with arrows and skips."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nntrain.report.pictures.computing.parts import Part
from nntrain.report.pictures.drawing.canvas import (
    BLUE,
    EDGE,
    GREEN,
    INK,
    ORANGE,
    PALE_INK,
    PINK,
    RED,
    SKY,
    SOFT_INK,
)
from nntrain.report.pictures.drawing.diagram import Box, Diagram, Point

WIDTH = 2.25  # of a box, inches
LINE, TWO_LINES = 0.3, 0.5  # heights of boxes with one line and with two
GAP = 0.3  # between two boxes, with the arrow
FRAME, HEADER, SIDE = 0.13, 0.26, 0.22  # around a block, above it, between its branches
LANE = 0.3  # for a skip within a block
FIRST_LANE, NEXT_LANE, LANES = (
    0.14,
    0.09,
    5,
)  # for skips by name: their distances from the boxes, and how many differ
GUTTER = 0.2  # from a column to the arrow that leads to it
MERGE = 0.15  # radius of the sign where branches meet
COLOURS = {
    "weights": BLUE,
    "activation": ORANGE,
    "norm": GREEN,
    "random": PINK,
    "shape": SKY,
    "merge": ORANGE,
    "data": PALE_INK,
    "loss": RED,
    "more": PALE_INK,
}
SIGNS = {"add": "+", "multiply": "×", "concat": "∥"}


@dataclass(frozen=True)
class Extent:
    """How far something reaches to the left and to the right of the line through it, and how high it is."""

    left: float
    right: float
    height: float

    @property
    def width(self) -> float:
        return self.left + self.right


def extent(part: Part) -> Extent:
    if not part.is_block:
        return Extent(WIDTH / 2, WIDTH / 2, TWO_LINES if len(part.lines) > 1 else LINE)
    inner = [chain_extent(branch) for branch in part.branches]
    first, *others = inner  # the line goes through the first branch
    aside = sum(each.width + SIDE for each in others)
    joined = 2 * MERGE + 2 * GAP if part.merge else 0.0
    height = HEADER + max(each.height for each in inner) + joined + FRAME
    return Extent(FRAME + first.left, first.right + aside + FRAME, height)


def chain_extent(parts: Sequence[Part]) -> Extent:
    if not parts:
        return Extent(0.0, LANE / 2, 0.0)
    inner = [extent(part) for part in parts]
    height = sum(each.height for each in inner) + GAP * (len(parts) - 1)
    return Extent(max(each.left for each in inner), max(each.right for each in inner), height)


def in_columns(parts: Sequence[Part], proportion: float) -> list[list[Part]]:
    """The parts in columns of about equal height, so many that width / height is nearest to `proportion`."""
    heights = [extent(part).height + GAP for part in parts]

    def filled(limit: float) -> list[list[Part]]:
        columns: list[list[Part]] = [[]]
        height = 0.0
        for part, own in zip(parts, heights, strict=True):
            if columns[-1] and height + own > limit + 1e-9:
                columns.append([])
                height = 0.0
            columns[-1].append(part)
            height += own
        return columns

    def distance(columns: list[list[Part]]) -> float:
        reaches = [chain_extent(column) for column in columns]
        width = sum(reach.width + 2 * GUTTER for reach in reaches)
        return abs(math.log(width / max(reach.height for reach in reaches) / proportion))

    # The lowest limit for each number of columns: a column that is as low as possible holds a run of parts exactly.
    limits = {sum(heights[i:j]) for i in range(len(parts)) for j in range(i + 1, len(parts) + 1)}
    choices: dict[int, list[list[Part]]] = {}
    for limit in sorted(limits):
        if limit >= max(heights):
            columns = filled(limit)
            choices.setdefault(len(columns), columns)
    return min(choices.values(), key=distance)


class Flow:
    """Draws parts, and remembers the box of each output."""

    def __init__(self, diagram: Diagram, parameters: int):
        self.diagram = diagram
        self.parameters = parameters  # of the whole network: a full bar
        self.boxes: dict[str, Box] = {}

    def columns(self, columns: Sequence[Sequence[Part]], x: float, y: float, gap: float) -> None:
        """Draws columns whose first boxes begin at y, and the arrows from each to the next."""
        before: Point | None = None
        for number, column in enumerate(columns):
            reach = chain_extent(column)
            middle = x + reach.left
            if before is not None:
                (from_x, from_y), gutter = before, x - GUTTER
                down, up = from_y + 0.17, y - 0.22
                turns = [(from_x, down), (gutter, down), (gutter, up), (middle, up)]
                if column[0].follows:
                    self.diagram.arrow([before, *turns, (middle, y)], INK)
                    self.label(middle, y - 0.1, columns[number - 1][-1].shape)
            before = middle, self.chain(column, middle, y)
            x += reach.width + gap

    def chain(self, parts: Sequence[Part], middle: float, y: float) -> float:
        """Draws a chain around the line x = middle, from y downward; returns where it ends."""
        for number, part in enumerate(parts):
            if number:
                if part.follows:
                    self.diagram.arrow([(middle, y), (middle, y + GAP)], INK)
                    self.label(middle, y + GAP / 2 - 0.02, parts[number - 1].shape)
                y += GAP
            y = self.part(part, middle, y)
        return y

    def label(self, x: float, y: float, shape: str) -> None:
        self.diagram.text(x + 0.08, y, shape, size=7.5, colour=PALE_INK, ha="left")

    def part(self, part: Part, middle: float, y: float) -> float:
        if part.is_block:
            return self.block(part, middle, y)
        reach = extent(part)
        box = Box(middle - reach.left, y, reach.width, reach.height)
        colour = COLOURS[part.kind]
        self.diagram.box(box, part.lines, colour, size=8.5, dashed=part.kind == "random" or part.frozen)
        if part.parameters:
            self.bar(box, part.parameters / self.parameters, colour)
        self.boxes[part.name] = box
        return y + reach.height

    def bar(self, box: Box, share: float, colour: str) -> None:
        """The layer's part of the parameters, along the lower edge of its box."""
        from matplotlib.patches import Rectangle

        inner = box.width - 0.16
        place = (box.x + 0.08, box.y + box.height - 0.07)
        self.diagram.axes.add_artist(
            Rectangle(place, inner, 0.035, color=colour, alpha=0.15, zorder=3, linewidth=0)
        )
        self.diagram.axes.add_artist(
            Rectangle(
                place, max(inner * share, 0.01), 0.035, color=colour, zorder=3, linewidth=0, gid="share"
            )
        )

    def block(self, part: Part, middle: float, y: float) -> float:
        """A frame with a title, its branches side by side, and the sign where they meet."""
        reach = extent(part)
        box = self.boxes[part.name] = Box(middle - reach.left, y, reach.width, reach.height)
        self.diagram.frame(box, EDGE, fill=0.12, zorder=1)
        times = f" ×{part.times}" if part.times > 1 else ""
        self.diagram.text(
            box.x + 0.1,
            y + HEADER / 2 + 0.01,
            f"{part.lines[0]}{times}",
            size=8,
            colour=SOFT_INK,
            ha="left",
            fontweight="bold",
            width=(reach.left if part.merge else reach.width) - 0.2,
        )
        if part.merge:
            self.branches(part, middle, box)
        else:
            inner = part.branches[0]
            self.diagram.arrow([(middle, y), (middle, y + HEADER)], INK, head=not inner[0].is_block)
            end = self.chain(inner, middle, y + HEADER)
            self.diagram.arrow([(middle, end), (middle, y + reach.height)], INK, head=False)
        return y + reach.height

    def branches(self, part: Part, spine: float, box: Box) -> None:
        """Draws the first branch below the arrow that enters the block, the others on its right."""
        inner = [chain_extent(branch) for branch in part.branches]
        top = box.y + HEADER + GAP
        join = top + max(each.height for each in inner) + GAP + MERGE
        fork, right = (spine, box.y + HEADER), spine + inner[0].right
        first = part.branches[0]
        self.diagram.arrow([(spine, box.y), (spine, top)], INK)
        end = self.chain(first, spine, top)
        self.diagram.arrow([(spine, end), (spine, join - MERGE)], INK)
        self.label(spine, end + GAP / 2, first[-1].shape)
        for branch, reach in zip(part.branches[1:], inner[1:], strict=True):
            middle = right + SIDE + reach.left
            right += SIDE + reach.width
            colour = INK if branch else ORANGE  # a skip
            into = [(middle, join), (spine + MERGE, join)]
            if branch:
                self.diagram.arrow([fork, (middle, fork[1]), (middle, top)], colour)
                end = self.chain(branch, middle, top)
                self.label(middle, end + GAP / 2, branch[-1].shape)
                self.diagram.arrow([(middle, end), *into], colour)
            else:
                self.diagram.arrow([fork, (middle, fork[1]), *into], colour, width=1.8)
        self.diagram.circle(spine, join, MERGE, ORANGE)
        sign = SIGNS.get(part.merge, part.merge[:1])
        self.diagram.text(spine, join, sign, size=11, fontweight="bold", zorder=5)
        self.diagram.arrow([(spine, join + MERGE), (spine, box.y + box.height)], INK, head=False)

    def skips(self, parts: Iterable[Part]) -> None:
        """Draws an arrow for each input that is not the layer before, on the right of the boxes."""
        top = min(box.y for box in self.boxes.values()) - 0.3
        number = 0
        for part in parts:
            into = self.boxes[part.name]
            for place, source in enumerate(self.boxes[name] for name in part.sources if name in self.boxes):
                away = FIRST_LANE + NEXT_LANE * (number % LANES)
                number += 1
                # Below the middle where it leaves a box, above where it enters one.
                start = (source.right[0], source.right[1] + 0.07)
                up = into.right[1] - 0.07 + 0.1 * place
                if into.y > source.y and abs(into.x - source.x) < WIDTH:
                    between = [box for box in self.boxes.values() if lies_between(box, source, into)]
                    lane = max(box.x + box.width for box in between) + away
                    path = [start, (lane, start[1]), (lane, up), (into.right[0], up)]
                else:  # another column
                    edge = min(box.x for box in self.boxes.values() if beside(box, into, into))
                    before, lane, high = edge - away / 2, start[0] + away, top - away / 2
                    path = [start, (before, start[1]), (before, up), (into.x, up)]
                    if any(source.right[0] < box.x < before for box in self.boxes.values()):
                        over = [(lane, start[1]), (lane, high), (before, high), (before, up)]
                        path = [start, *over, (into.x, up)]
                self.diagram.arrow(path, ORANGE, width=1.8)


def lies_between(box: Box, first: Box, last: Box) -> bool:
    """Whether a box is between two others of its column, or one of them."""
    return beside(box, first, last) and box.y + box.height > first.y and box.y < last.y + last.height


def beside(box: Box, first: Box, last: Box) -> bool:
    """Whether a box is in the column of two others."""
    return box.x < max(first.x, last.x) + WIDTH and box.x + box.width > min(first.x, last.x)
