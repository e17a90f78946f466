"""Pictures: all that fit a run, as images within the page."""

import base64
import io
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nntrain.errors import NntrainError
from nntrain.report.pictures.drawing.canvas import Style
from nntrain.report.pictures.picture import Drawn, Picture

COLOURS = 256  # of a PNG with a palette, which takes a third of one without
Styles = Literal["light", "dark", "both"]  # both: each picture twice, and the reader's system chooses


# What a reader of a report looks for first: how it learned, how good it is, what it has learned.
GROUPS = ("training", "judging", "learned", "data", "elements")


def place_in(groups: Sequence[str], group: str) -> int:
    return groups.index(group) if group in groups else len(groups)


@dataclass(frozen=True)
class Image:
    """A picture of a run as a PNG file."""

    name: str
    title: str  # one sentence: what it shows
    png: bytes
    dark: bytes | None = None  # for readers who prefer it


class Album:
    """The pictures of one run, by name. One that cannot be drawn is a warning."""

    def __init__(
        self,
        pictures: Iterable[Picture],
        fitting: Callable[[Picture], Drawn | None],
        styles: Styles = "light",
    ):
        """fitting: what a picture is drawn from; None where it does not fit the run."""
        self.images: dict[str, Image] = {}
        self.warnings: list[str] = []
        for picture in sorted(pictures, key=lambda picture: place_in(GROUPS, picture.group)):
            try:
                drawn = fitting(picture)
                if drawn is not None:
                    self.images[picture.name] = image(picture, drawn, styles)
            except Exception as error:  # the page is written with the other pictures
                self._failed(picture.name, error)

    def _failed(self, name: str, error: Exception) -> None:
        """An error that several pictures have, such as data that cannot be read, is one warning."""
        reason = str(error).partition("\n")[0] if isinstance(error, NntrainError) else repr(error)
        if not any(warning.endswith(f": {reason}") for warning in self.warnings):
            self.warnings.append(f"cannot draw the picture {name!r}: {reason}")


def image(picture: Picture, drawn: Drawn, styles: Styles) -> Image:
    first = png(picture, drawn, "dark" if styles == "dark" else "light")
    return Image(
        picture.name, picture.title, first, png(picture, drawn, "dark") if styles == "both" else None
    )


def png(picture: Picture, drawn: Drawn, style: Style) -> bytes:
    """The picture as a PNG file with a palette."""
    from PIL import Image as pillow

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{picture.name}.png"
        picture.write(file, drawn, style=style)
        with pillow.open(file) as full:
            buffer = io.BytesIO()
            full.convert("RGB").quantize(COLOURS).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def address(png: bytes) -> str:
    """A PNG file as the address of an image."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
