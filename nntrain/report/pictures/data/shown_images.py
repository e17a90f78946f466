"""Images of the data: a row for each class, or one image for each of many classes, and the class balance."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.report.formats import number, printable, shortened
from nntrain.report.pictures.computing.images import as_images, plain
from nntrain.report.pictures.data.balance import balance_sentence, draw_balance
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.bars import room_for_names
from nntrain.report.pictures.drawing.page import Page

if TYPE_CHECKING:
    from nntrain.data.dataset import Dataset

ROWS, COLUMNS = 10, 12  # at most; with more classes than rows, a grid with one image for each class
MOST, WITHOUT_CLASSES = 96, 48
LARGEST, GAP, CAPTION = 1.3, 0.07, 0.18  # inches: of an image, between images, and of a caption
LEFT, RIGHT = 1.25, canvas.MARGINS["right"]
ABOVE_BARS, BARS = 0.3, 1.4  # inches: of the class balance


def collect(data: "Dataset") -> dict[str, np.ndarray]:
    """images (rows, columns, height, width, 1 or 3) in [0, 1]; captions (rows, columns), empty where the row has a name;
    names (rows,); present (rows, columns), False where a class has fewer images.
    """
    one_class = bool(data.classes) and not data.target_shape
    target = np.asarray(data.target) if one_class else np.zeros(0, int)
    classes = np.unique(target)
    if one_class and len(classes) <= ROWS:
        places = [np.flatnonzero(target == label)[:COLUMNS] for label in classes]
        columns = max(map(len, places))
        indices = np.array([np.resize(each, columns) for each in places])
        present = np.array([np.arange(columns) < len(each) for each in places])
        names = [data.classes[label] for label in classes]
        captions = [""] * indices.size
    else:
        chosen = (
            np.unique(target, return_index=True)[1][:MOST]
            if one_class
            else np.arange(min(len(data), WITHOUT_CLASSES))
        )
        columns = min(COLUMNS, len(chosen))
        rows = -(-len(chosen) // columns)
        indices = np.resize(chosen, (rows, columns))
        present = (np.arange(rows * columns) < len(chosen)).reshape(rows, columns)
        names = [""] * rows
        captions = [caption(data, index) for index in indices.ravel()]
    images = as_images(data, indices.ravel())
    return {
        "images": images.reshape(*indices.shape, *images.shape[1:]).astype(np.float32),
        "names": np.array(names, dtype=str),
        "captions": np.array(captions, dtype=str).reshape(indices.shape),
        "present": present,
    }


def caption(data: "Dataset", index: int) -> str:
    """The class of a sample, or its first target."""
    target = np.asarray(data.target[np.array([index])])[0]
    if data.classes:
        return data.classes[int(target)] if target.ndim == 0 else ""
    return number(float(np.ravel(target)[0]))


def figure(name: str, arrays: Mapping[str, np.ndarray], sizes: str) -> Any:
    images, names, captions, present = (arrays[key] for key in ("images", "names", "captions", "present"))
    rows, columns, height, width = images.shape[:4]
    captioned = bool((captions != "").any())
    left = LEFT if (names != "").any() else canvas.MARGINS["left"]
    across = min((canvas.WIDTH - left - RIGHT) / columns - GAP, LARGEST)
    down = across * min(max(height / width, 0.2), 3)
    pitch = down + GAP + (CAPTION if captioned else 0)
    classes = [str(name) for name in arrays["classes"]]
    below = ABOVE_BARS + BARS + room_for_names(classes) if classes else GAP
    sentence = f"Images of {height}×{width} pixels of the {arrays['split']} split{balance_sentence(arrays)}"
    shown = np.count_nonzero(present)
    if captioned and shown < len(classes):
        sentence += f"; one image of each of the first {shown}"
    page = Page(name, sentence, [[sizes]], below=rows * pitch + below)
    tiles = page.axes(
        0, 0, page.width, rows * pitch
    )  # all images in one: axes of their own take ten times as long
    tiles.set(xlim=(0, page.width), ylim=(rows * pitch, 0))
    tiles.set_axis_off()
    for row, column in np.argwhere(present):
        x, y = left + column * (across + GAP), row * pitch
        draw_tile(tiles, plain(images[row, column]), x, y, across, down)
        if captioned:
            text = shortened(printable(captions[row, column]), max(int(across / 0.075), 3))
            page.text(x + across / 2, y + down + 0.09, text, ha="center", fontsize=7)
        if column == 0 and names[row]:
            page.text(x - 0.08, y + down / 2, shortened(printable(names[row]), 13), ha="right", fontsize=9)
    if classes:
        margins = canvas.MARGINS
        bars = canvas.WIDTH - margins["left"] - margins["right"]
        draw_balance(page.axes(margins["left"], rows * pitch + ABOVE_BARS, bars, BARS), arrays)
    return page.figure


def draw_tile(axes: Any, image: np.ndarray, x: float, y: float, across: float, down: float) -> None:
    """An image with a thin frame, at a place of axes whose unit is the inch, with y downward."""
    from matplotlib.patches import Rectangle

    place = (x, x + across, y + down, y)
    axes.imshow(image, extent=place, cmap="gray", vmin=0, vmax=1, interpolation="nearest", aspect="auto")
    axes.add_patch(Rectangle((x, y), across, down, fill=False, edgecolor=canvas.EDGE, linewidth=0.8))
