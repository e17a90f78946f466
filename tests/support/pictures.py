"""Pictures in tests: subjects from a config, figures without files, and what a reader would find wrong with them."""

import itertools
from pathlib import Path
from typing import Any

from matplotlib.text import Text

from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.picture import Arrays, Drawn, Picture
from nntrain.report.pictures.subject import Subject
from nntrain.training.setup import Setup


def subject_of(setup: Setup, network: Any = None, name: str = "toy", folder: Path | None = None) -> Subject:
    """A config, or a run whose trained network is `network`."""
    return Subject(name, lambda: setup, (lambda: network) if network is not None else None, folder)


def drawn_from(arrays: Any, name: str = "toy", folder: Path | None = None) -> Drawn:
    return Drawn(name, Arrays(Path(name), arrays), folder)


def figure_of(picture: Picture, *drawn: Drawn, style: canvas.Style = "light") -> Any:
    """The figure, drawn so that every text has its place."""
    with canvas.styled(style):
        figure = picture.figure(*drawn)
        figure.draw_without_rendering()
    return figure


def texts(figure: Any) -> list[Any]:
    """Every visible text of a figure."""
    return [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]


def words(figure: Any) -> str:
    return "\n".join(text.get_text() for text in texts(figure))


def faults(figure: Any) -> list[str]:
    """Texts that overlap by more than a hair, and texts that are cut off at the border of the figure."""
    shown = [(text, text.get_window_extent()) for text in texts(figure)]
    hidden = undrawn(figure)
    shown = [(text, box) for text, box in shown if box.width > 0 and id(text) not in hidden]
    page = figure.bbox
    found = [
        f"cut off: {text.get_text()!r}"
        for text, box in shown
        if box.x0 < page.x0 - 1 or box.y0 < page.y0 - 1 or box.x1 > page.x1 + 1 or box.y1 > page.y1 + 1
    ]
    for (one, box), (other, second) in itertools.combinations(shown, 2):
        across = min(box.x1, second.x1) - max(box.x0, second.x0)
        down = min(box.y1, second.y1) - max(box.y0, second.y0)
        if across > 1.5 and down > 0.25 * min(box.height, second.height):
            found.append(f"overlap: {one.get_text()!r} and {other.get_text()!r}")
    return found


def undrawn(figure: Any) -> set[int]:
    """The ids of the labels of ticks outside the limits of their axis: matplotlib keeps them, and does not draw them."""
    found = set()
    for axes in figure.findobj(lambda artist: hasattr(artist, "axison")):  # a secondary axis, too
        for axis, side in ((axes.xaxis, 0), (axes.yaxis, 1)):
            low, high = sorted(axis.get_view_interval())
            hair = 1e-9 * max(abs(low), abs(high))
            for tick in axis.get_major_ticks() + axis.get_minor_ticks():
                at = tick.label1.get_position()[side]
                if not axes.axison or not low - hair <= at <= high + hair:
                    found |= {id(tick.label1), id(tick.label2)}
    return found
