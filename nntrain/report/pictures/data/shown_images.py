"""Images of the data: a row for each class, or one image for each of many classes, and the class balance."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.report.formats import number, printable, shortened
from nntrain.report.pictures.data.balance import balance_sentence, draw_balance
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.bars import room_for_names
from nntrain.report.pictures.drawing.page import Page
from nntrain.report.pictures.images import as_images, plain

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
        captions = np.full(indices.shape, "", dtype=object)
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
        captions = np.array([caption(data, index) for index in indices.ravel()], dtype=object)
        captions = captions.reshape(rows, columns)
    images = as_images(data, indices.ravel())
    return {
        "images": images.reshape(*indices.shape, *images.shape[1:]).astype(np.float32),
        "names": np.array(names, dtype=str),
        "captions": captions.astype(str),
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
    page = Page(name, sentence, [[sizes]], below=rows * pitch + below)
    for row, column in np.argwhere(present):
        axes = page.axes(left + column * (across + GAP), row * pitch, across, down)
        canvas.show_image(axes, plain(images[row, column]), cmap="gray", vmin=0, vmax=1)
        if captioned:
            text = shortened(printable(captions[row, column]), max(int(across / 0.075), 3))
            axes.set_xlabel(text, fontsize=7, labelpad=2, parse_math=False)
        if column == 0 and names[row]:
            text = shortened(printable(names[row]), 13)
            style = {"rotation": 0, "ha": "right", "va": "center", "labelpad": 6, "parse_math": False}
            axes.set_ylabel(text, fontsize=9, **style)
    if classes:
        margins = canvas.MARGINS
        bars = canvas.WIDTH - margins["left"] - margins["right"]
        draw_balance(page.axes(margins["left"], rows * pitch + ABOVE_BARS, bars, BARS), arrays)
    return page.figure
