"""Saliency: how much each pixel of an image changes the winning output, by the gradient with respect to the input.

Source: Simonyan, Vedaldi & Zisserman 2014, Deep inside convolutional networks.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.report.pictures.computing.images import as_images, image_shape, plain
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.canvas import PALE_INK, RED
from nntrain.report.pictures.drawing.page import Page
from nntrain.report.pictures.drawing.shades import shades
from nntrain.report.pictures.judging.predictions import Judged, named

if TYPE_CHECKING:
    from nntrain.report.pictures.subject import Subject

COLUMNS = 10  # classes, or samples
AVERAGED = 100  # samples of a class
ROWS = 50  # of a batch
CELL, GAP, HEAD = 1.0, 0.08, 0.24  # inches


def collect(subject: "Subject", rows: Judged) -> dict[str, np.ndarray]:
    """images (columns, height, width, 1 or 3) in [0, 1], maps (columns, height, width) of these images, and means (columns, height,
    width) of the samples of each class, empty without classes; names (columns,); `of` classes; about.
    """
    has_classes = rows.kind == "classes" and rows.step is None
    if has_classes:
        present = np.unique(rows.true)
        classes = present[np.linspace(0, len(present) - 1, min(COLUMNS, len(present))).astype(int)]
        members = [np.flatnonzero(rows.true == label)[:AVERAGED] for label in classes]
        right = [own[rows.predicted[own] == label] for own, label in zip(members, classes, strict=True)]
        shown = [int((good if len(good) else own)[0]) for good, own in zip(right, members, strict=True)]
        names, total = [rows.names[label] for label in classes], len(present)
        means = np.stack([gradients(subject, rows, own).mean(axis=0) for own in members])
    else:
        shown = list(range(min(COLUMNS, len(rows))))
        names, total = [rows.where(row) for row in shown], len(rows)
        means = np.empty(0)
    return {
        "images": as_images(rows.data, rows.sample[shown]).astype(np.float32),
        "maps": gradients(subject, rows, np.array(shown)),
        "means": means,
        "names": np.array(names, dtype=str),
        "of": np.array(total),
        "about": np.array(rows.about),
    }


def gradients(subject: "Subject", rows: Judged, chosen: np.ndarray) -> np.ndarray:
    """(chosen, height, width): the absolute derivative of the largest output with respect to each pixel, of its channels the largest."""
    from nntrain import kernels
    from nntrain.inference.feed import Feeds

    data, found = rows.data, []
    shape = image_shape(data)
    assert shape is not None
    learner = subject.learner(min(ROWS, len(chosen)), input_gradient=True)
    feeds = Feeds(learner, data)
    for start in range(0, len(chosen), ROWS):
        samples = rows.sample[chosen[start : start + ROWS]]
        with kernels.exclusive.lock:
            feed = feeds.filled(data, samples)
            feed.forward(training=False)
            assert feed.gradient is not None
            feed.gradient[...] = 0
            winner = feed.prediction.argmax(axis=1)
            feed.gradient[np.arange(len(winner)), winner] = 1
            feed.executor.backward()
            slopes = np.abs(feed.executor.dx * data.scale)
        found.append(slopes.reshape(len(samples), *shape).max(axis=3))
    return np.concatenate(found)


def figure(name: str, arrays: Mapping[str, np.ndarray]) -> Any:
    images, maps, means = arrays["images"], arrays["maps"], arrays["means"]
    columns, height, width = maps.shape
    down = CELL * float(np.clip(height / width, 0.25, 1))
    left = canvas.MARGINS["left"] + 0.55
    by_class = means.size > 0
    lines = 3 if by_class else 2
    about = str(arrays["about"])
    if columns < arrays["of"]:
        about += f"; {columns} of {arrays['of']:,} {'classes' if by_class else 'images'}"
    page = Page(
        name,
        "Which pixels change the winning output most: the absolute gradient with respect to the input (stronger colour: more)",
        [[about]],
        below=HEAD + lines * (down + GAP) + 0.12,
        width=max(left + columns * (CELL + GAP) + 0.25, 7.5),
    )
    heads = ["image", "its pixels", "mean of\nthe class"][:lines]
    for row, head in enumerate(heads):
        page.text(
            left - 0.12, HEAD + row * (down + GAP) + down / 2, head, ha="right", fontsize=8.8, color=PALE_INK
        )
    for column in range(columns):
        x = left + column * (CELL + GAP)
        page.text(x + CELL / 2, HEAD / 2, named(arrays["names"][column], 12), ha="center", fontsize=8.5)
        canvas.show_image(page.axes(x, HEAD, CELL, down), plain(images[column]), cmap="gray", vmin=0, vmax=1)
        for row, slopes in enumerate([maps[column], *([means[column]] if by_class else [])], 1):
            axes = page.axes(x, HEAD + row * (down + GAP), CELL, down)
            canvas.show_image(axes, shades(slopes / (slopes.max() or 1), RED))
    return page.figure
