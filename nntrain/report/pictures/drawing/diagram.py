"""Diagram: boxes, circles and arrows on a figure, placed in inches from its top left corner, with y downward."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nntrain.report.formats import printable, shortened
from nntrain.report.pictures.drawing.canvas import BLUE, INK, PAPER, SOFT_INK

Point = tuple[float, float]
CORNER = 0.09  # the radius of a bend, in inches
HEAD = 0.16  # the solid end of a dashed arrow
PADDING = 0.07  # between a text and the edge of its box
LEADING = 0.0195  # the height of a line of text, in inches per point of its size


@dataclass(frozen=True)
class Box:
    """A place on the page: its left and upper edge and its size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> Point:
        return self.x, self.y + self.height / 2

    @property
    def right(self) -> Point:
        return self.x + self.width, self.y + self.height / 2

    @property
    def top(self) -> Point:
        return self.x + self.width / 2, self.y

    @property
    def bottom(self) -> Point:
        return self.x + self.width / 2, self.y + self.height

    @property
    def centre(self) -> Point:
        return self.x + self.width / 2, self.y + self.height / 2


class Diagram:
    """Draws on axes that cover the whole figure. Within `canvas.styled`."""

    def __init__(self, figure: Any):
        self.figure = figure
        self.width, self.height = figure.get_size_inches()
        self.axes = figure.add_axes((0, 0, 1, 1))
        self.axes.set(xlim=(0, self.width), ylim=(self.height, 0))
        self.axes.axis(
            "off"
        )  # shapes are added as artists, because patches would be measured for the limits of the axes

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = 9,
        colour: str = INK,
        ha: str = "center",
        va: str = "center",
        width: float | None = None,
        **more: Any,
    ) -> Any:
        """A text whose anchor is at (x, y); shortened in its middle if it is wider than `width`."""
        shown = self.axes.text(
            x, y, printable(text), fontsize=size, color=colour, ha=ha, va=va, parse_math=False, **more
        )
        while width is not None and (ratio := self.width_of(shown) / width) > 1 and len(shown.get_text()) > 3:
            letters = len(shown.get_text())
            shown.set_text(shortened(shown.get_text(), min(int(letters / ratio), letters - 1)))
        return shown

    def width_of(self, text: Any) -> float:
        """The width of a text in inches."""
        return float(text.get_window_extent().width) / self.figure.dpi

    def frame(
        self, box: Box, colour: str = BLUE, *, fill: float = 0.12, dashed: bool = False, zorder: float = 2
    ) -> None:
        """The outline of a box, filled with a tint of its colour: `fill` is 0 for none, 1 for all of it."""
        from matplotlib.patches import FancyBboxPatch

        shape = f"round,pad=0,rounding_size={min(CORNER, box.height / 3)}"
        place = ((box.x, box.y), box.width, box.height)
        self.axes.add_artist(
            FancyBboxPatch(*place, boxstyle=shape, facecolor=PAPER, edgecolor="none", zorder=zorder)
        )
        if fill:
            self.axes.add_artist(
                FancyBboxPatch(
                    *place, boxstyle=shape, facecolor=colour, alpha=fill, edgecolor="none", zorder=zorder
                )
            )
        self.axes.add_artist(
            FancyBboxPatch(
                *place,
                boxstyle=shape,
                facecolor="none",
                edgecolor=colour,
                linewidth=1.2,
                linestyle=(0, (3, 2)) if dashed else "-",
                zorder=zorder,
            )
        )

    def box(
        self,
        box: Box,
        lines: Sequence[str],
        colour: str = BLUE,
        *,
        size: float = 9,
        fill: float = 0.12,
        dashed: bool = False,
    ) -> Box:
        """A box with centred lines of text, the first of them bold."""
        self.frame(box, colour, fill=fill, dashed=dashed)
        x, y = box.centre
        y -= (len(lines) - 1) * LEADING * size / 2
        for number, line in enumerate(lines):
            self.text(
                x,
                y + number * LEADING * size,
                line,
                size=size if number == 0 else size - 1,
                colour=INK if number == 0 else SOFT_INK,
                width=box.width - 2 * PADDING,
                fontweight="bold" if number == 0 else "normal",
                zorder=4,
            )
        return box

    def circle(self, x: float, y: float, radius: float, colour: str = BLUE, *, fill: float = 0.18) -> None:
        from matplotlib.patches import Circle

        self.axes.add_artist(Circle((x, y), radius, facecolor=PAPER, edgecolor="none", zorder=3))
        self.axes.add_artist(Circle((x, y), radius, facecolor=colour, alpha=fill, edgecolor="none", zorder=3))
        self.axes.add_artist(
            Circle((x, y), radius, facecolor="none", edgecolor=colour, linewidth=1.3, zorder=3)
        )

    def arrow(
        self,
        points: Sequence[Point],
        colour: str = INK,
        *,
        width: float = 1.4,
        head: bool = True,
        dashed: bool = False,
        alpha: float = 1,
        zorder: float = 1.5,
    ) -> None:
        """An arrow along a line with rounded bends."""
        from matplotlib.patches import FancyArrowPatch

        def patch(path: Any, style: str, dashes: Any) -> None:
            self.axes.add_artist(
                FancyArrowPatch(
                    path=path,
                    arrowstyle=style,
                    mutation_scale=8 + 1.5 * width,
                    color=colour,
                    linewidth=width,
                    linestyle=dashes,
                    shrinkA=0,
                    shrinkB=0,
                    alpha=alpha,
                    zorder=zorder,
                    joinstyle="miter",
                )
            )

        if not dashed:
            patch(bent(points), "-|>" if head else "-", "-")
            return
        end = towards(points[-1], points[-2], HEAD)
        patch(bent([*points[:-1], end]), "-", (0, (4, 2.5)))
        if head:  # whose outline is not dashed
            patch(bent([end, points[-1]]), "-|>", "-")


def bent(points: Sequence[Point]) -> Any:
    """The path along the points, whose bends are rounded."""
    from matplotlib.path import Path

    places, codes = [points[0]], [Path.MOVETO]
    for before, at, after in zip(points, points[1:], points[2:], strict=False):
        places += [towards(at, before), at, towards(at, after)]
        codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
    return Path([*places, points[-1]], [*codes, Path.LINETO])


def towards(start: Point, end: Point, distance: float = CORNER) -> Point:
    """The point on the way from `start` to `end` that is so far from `start`, at most half of the way."""
    length = math.dist(start, end)
    share = min(distance / length, 0.5) if length else 0.0
    return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])
