"""Animation: figures as the frames of a GIF or WebP."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nntrain.files import replacing
from nntrain.report.pictures.drawing.canvas import MARK

SUFFIXES = (".gif", ".webp")
FRAME, LAST = 140, 2000  # milliseconds
DPI = 80
SOFTWARE = 0x0131  # the tag of EXIF that names the program


def save_animation(figures: Iterable[Any], path: Path) -> None:
    """Writes an endless loop that rests on its last frame, whole or not at all. A figure may be the one before, changed."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    frames = []
    for figure in figures:
        figure.set_dpi(DPI)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        frames.append(
            Image.frombytes("RGBA", canvas.get_width_height(), canvas.buffer_rgba().tobytes()).convert("RGB")
        )
    durations = [FRAME] * (len(frames) - 1) + [LAST]
    more: dict[str, Any] = {"comment": MARK.encode()}
    if path.suffix == ".webp":
        exif = Image.Exif()
        exif[SOFTWARE] = MARK
        more = {"exif": exif, "quality": 85}
    with replacing(path) as file:
        kind = path.suffix[1:].upper()
        frames[0].save(
            file, kind, save_all=True, append_images=frames[1:], duration=durations, loop=0, **more
        )
