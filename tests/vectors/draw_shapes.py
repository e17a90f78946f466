"""Draws the pictures in nntrain/data/packaged/shapes: circles, squares, triangles and stars, 60 of each to train on and 20 to test."""

import math
import random
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw

SHAPES = Path(__file__).parents[2] / "nntrain" / "data" / "packaged" / "shapes"
COUNTS = {"train": 60, "test": 20}
SIZE, FINER = 32, 8  # pixels of a side; each is the mean of FINER x FINER
# The distance of the corners from the centre, going round.
OUTLINES = {"circle": [1.0] * 60, "square": [1.0] * 4, "star": [1.0, 0.4] * 5, "triangle": [1.0] * 3}


def pictures() -> Iterator[tuple[str, Image.Image]]:
    """ "train/circle/00.png" and its picture, for all of them."""
    for part, count in COUNTS.items():
        for name in OUTLINES:
            for number in range(count):
                path = f"{part}/{name}/{number:02}.png"
                yield path, drawn(name, random.Random(path))


def drawn(name: str, draw: random.Random) -> Image.Image:
    """One dark shape on a light background, of any place, size and turn, filled or hollow."""
    radius = draw.uniform(7, 13)
    x, y = (draw.uniform(radius + 1, SIZE - radius - 1) for _ in range(2))
    turn = draw.uniform(0, 2 * math.pi)
    back, ink = (tuple(draw.randint(*span) for _ in range(3)) for span in ((170, 255), (0, 110)))
    mask = Image.new("L", (SIZE * FINER, SIZE * FINER))
    paint = ImageDraw.Draw(mask)
    paint.polygon(corners(name, x, y, radius, turn), fill=255)
    if draw.random() < 0.3:
        paint.polygon(corners(name, x, y, radius * 0.6, turn), fill=0)
    mask = mask.resize((SIZE, SIZE), Image.Resampling.BOX)
    return Image.composite(Image.new("RGB", mask.size, ink), Image.new("RGB", mask.size, back), mask)


def corners(name: str, x: float, y: float, radius: float, turn: float) -> list[tuple[float, float]]:
    outline = OUTLINES[name]
    angles = [turn + 2 * math.pi * at / len(outline) for at in range(len(outline))]
    return [
        (FINER * (x + radius * far * math.cos(angle)), FINER * (y + radius * far * math.sin(angle)))
        for far, angle in zip(outline, angles, strict=True)
    ]


def main() -> None:
    for path, picture in pictures():
        (SHAPES / path).parent.mkdir(parents=True, exist_ok=True)
        picture.save(SHAPES / path, optimize=True)


if __name__ == "__main__":
    main()
