"""Group: the pictures of a cross-validation or a sweep, drawn from the files in its folder."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.picture import Arrays, Drawn, Picture
from nntrain.report.pictures.registry import pictures
from nntrain.search.groups import group_of


def draw_group(
    folder: Path, style: canvas.Style = "light", suffixes: Sequence[str] = (".png", ".svg")
) -> Iterator[Path]:
    """Draws every picture of the folder into it, and yields each file. Raises UserError where its files are corrupt."""
    drawn = Drawn(folder.resolve().name, Arrays(folder), folder)
    for picture in of_group(folder):
        for file in picture.files:
            path = folder / file
            if path.suffix in suffixes:
                picture.write(path, drawn, style=style)
                yield path


def of_group(folder: Path) -> list[Picture]:
    group = group_of(folder)
    return [picture for picture in pictures().values() if group in picture.takes]
