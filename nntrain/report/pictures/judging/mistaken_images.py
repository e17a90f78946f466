"""Images that are mistaken, each with what it is and what it is taken for."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nntrain.report.formats import shortened
from nntrain.report.pictures.computing.images import as_images, plain
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.canvas import INK, PALE_INK, RED
from nntrain.report.pictures.drawing.page import Page
from nntrain.report.pictures.judging.predictions import Judged

SHOWN, COLUMNS = 24, 6
CELL, GAP, CAPTION = 1.3, 0.12, 0.56  # inches
LETTERS = 22  # of a caption


def collect(rows: Judged, chosen: np.ndarray) -> dict[str, np.ndarray]:
    """images (mistakes, height, width, 1 or 3) in [0, 1]."""
    return {"images": as_images(rows.data, rows.sample[chosen]).astype(np.float32)}


def figure(name: str, arrays: Mapping[str, np.ndarray]) -> Any:
    images = arrays["images"]
    height, width = images.shape[1:3]
    down = CELL * float(np.clip(height / width, 0.25, 1))
    columns = min(COLUMNS, len(images))
    pitch = down + CAPTION + GAP
    left = canvas.MARGINS["left"]
    page = Page(
        name,
        str(arrays["sentence"]),
        [[str(arrays["about"])]],
        below=-(-len(images) // columns) * pitch + 0.05,
        width=max(left + columns * (CELL + GAP) + 0.3, 6.6),
    )
    for place, image in enumerate(images):
        x, y = left + place % columns * (CELL + GAP), 0.05 + place // columns * pitch
        canvas.show_image(page.axes(x, y, CELL, down), plain(image), cmap="gray", vmin=0, vmax=1)
        lines = (
            (f"is {arrays['true'][place]}", INK),
            (f"taken for {arrays['predicted'][place]}", INK if arrays["correct"] else RED),
            (str(arrays["where"][place]), PALE_INK),
        )
        for line, (text, colour) in enumerate(lines):
            at = y + down + 0.1 + 0.155 * line
            page.text(x, at, shortened(text, LETTERS), fontsize=7.2, color=colour)
    return page.figure
