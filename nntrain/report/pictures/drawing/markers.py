"""Markers: where a path through a landscape starts, and the minimum that it looks for."""

from typing import Any

from nntrain.report.pictures.drawing import canvas


def ring(axes: Any, x: float, y: float, zorder: float = 6) -> None:
    """The start of a path."""
    look = {"markeredgecolor": canvas.BLACK, "markeredgewidth": 1.6, "markersize": 8}
    axes.plot(x, y, "o", color=canvas.PAPER, zorder=zorder, **look)


def star(axes: Any, x: float, y: float, size: float = 13) -> None:
    """A minimum, or the parameters of the trained network."""
    axes.plot(x, y, "*", color=canvas.YELLOW, markeredgecolor=canvas.BLACK, markersize=size, zorder=7)
