"""Page: a figure as high as its contents need, with axes at places given in inches from its top left corner."""

from collections.abc import Sequence
from typing import Any

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
