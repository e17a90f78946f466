"""Page: a figure as high as its contents need, with axes at places given in inches from its top left corner."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nntrain.report.pictures.drawing import canvas


class Page:
    """A titled figure with `below` inches under its title. Places count from the left and from the end of the title."""

    def __init__(
        self,
        name: str,
        sentence: str,
        lines: Sequence[Sequence[str]] = (),
        *,
        below: float,
        width: float = canvas.WIDTH,
        legend_rows: int = 0,
    ):
        probe = canvas.new_figure(width)
        self.top = canvas.title(probe, name, lines, legend_rows, sentence)
        self.width, self.height = width, self.top + below
        self.figure = canvas.new_figure(width, self.height)
        canvas.title(self.figure, name, lines, legend_rows, sentence)

    def axes(self, x: float, y: float, width: float, height: float) -> Any:
        bottom = self.height - self.top - y - height
        return self.figure.add_axes(
            (x / self.width, bottom / self.height, width / self.width, height / self.height)
        )

    def text(self, x: float, y: float, text: str, **style: Any) -> Any:
        style = {"color": canvas.INK, "va": "center", "parse_math": False} | style
        return self.figure.text(x / self.width, 1 - (self.top + y) / self.height, text, **style)


class Sheet:
    """Many small images on a page in one pair of axes, at places in inches: a pair for each would take ten times as long."""

    def __init__(self, page: Page, below: float):
        self.axes = page.axes(0, 0, page.width, below)
        self.axes.axis("off")
        self.axes.set_autoscale_on(False)
        self.axes.set_xlim(0, page.width)
        self.axes.set_ylim(below, 0)

    def image(
        self, image: np.ndarray, x: float, y: float, width: float, height: float, **colours: Any
    ) -> None:
        """Shows an image (rows, columns) or (rows, columns, 3) in a thin frame."""
        from matplotlib.patches import Rectangle

        place = (x, x + width, y + height, y)
        self.axes.imshow(image, extent=place, interpolation="nearest", aspect="auto", **colours)
        self.axes.add_patch(
            Rectangle((x, y), width, height, fill=False, edgecolor=canvas.EDGE, linewidth=0.8, clip_on=False)
        )

    def caption(self, text: str, x: float, y: float) -> None:
        """Writes a text centred below a place."""
        self.axes.text(x, y + 0.04, text, fontsize=8, ha="center", va="top", parse_math=False)
