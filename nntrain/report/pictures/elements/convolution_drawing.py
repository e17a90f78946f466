"""The drawing of one value of a convolution: input, patch × filter = products, and the feature map, with the numbers in the cells."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nntrain.report.formats import number, printable, shortened
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.activity import colours_of
from nntrain.report.pictures.drawing.canvas import EDGE, ORANGE, PALE_INK, RED
from nntrain.report.pictures.drawing.page import Page
from nntrain.report.pictures.drawing.shades import text_on

LEFT, RIGHT = canvas.MARGINS["left"], 0.25
IMAGE, PATCH, GAP = 2.3, 1.75, 0.42  # inches
HEAD, ROW, EQUATION = 0.3, 0.36, 0.75
LARGEST = 7  # a larger kernel has no numbers in its cells
WIDTH = LEFT + 2 * IMAGE + 3 * PATCH + 4 * GAP + RIGHT


def draw_convolution(name: str, arrays: Mapping[str, np.ndarray]) -> Any:
    """From left to right: the input with the window, a row of patch × filter = products for each channel, the feature map."""
    shown = [int(channel) for channel in arrays["channels"]]
    height, width = arrays["patch"].shape[:2]
    down = max(PATCH * min(height / width, 1), 0.45)
    across = PATCH * min(width / height, 1) if height > width else PATCH
    rows = len(shown) * (down + ROW)
    images = [shape_inside(arrays["x"].shape), shape_inside(arrays["map"].shape)]
    middle = max(rows, images[0][1], images[1][1])
    row, column = (int(place) for place in arrays["at"])
    layer = shortened(printable(arrays["layer"]), 40)
    sentence = f"One value of a feature map of {layer}: the patch of the input times the filter, cell by cell, summed up, plus the bias"
    # A window that begins in the padding must not cover the headings.
    above = HEAD + max(0, -int(arrays["start"][0])) * images[0][1] / arrays["x"].shape[0]
    page = Page(name, sentence, [[geometry_of(arrays)]], below=above + middle + EQUATION, width=WIDTH)

    def head(x: float, text: str) -> None:
        page.text(x, HEAD / 2, text, fontsize=9)

    middle_of = above + middle / 2
    head(LEFT, f"{arrays['split']} sample {arrays['sample']:,}" if not deep(arrays) else f"input of {layer}")
    source = page.axes(LEFT, middle_of - images[0][1] / 2, *images[0])
    draw_input(source, arrays)
    x0 = LEFT + IMAGE + GAP
    for text, place in (("patch", 0), ("filter", 1), ("products", 2)):
        head(x0 + place * (PATCH + GAP), text if place != 1 else f"filter {arrays['filter']}")
    largest = np.abs(arrays["weights"]).max() or 1.0
    most = np.abs(arrays["products"]).max() or 1.0
    first = None
    for place, channel in enumerate(shown):
        y = middle_of - rows / 2 + place * (down + ROW)
        panels = [
            (arrays["patch"][..., channel], colours_of(arrays["x"])),
            (arrays["weights"][..., channel], {"cmap": "RdBu", "vmin": -largest, "vmax": largest}),
            (arrays["products"][..., channel], {"cmap": "RdBu", "vmin": -most, "vmax": most}),
        ]
        for order, (values, colours) in enumerate(panels):
            x = x0 + order * (PATCH + GAP)
            axes = page.axes(x, y, across, down)
            draw_cells(axes, values, colours, arrays["inside"] if order == 0 else None)
            first = first or axes
            if order < 2:
                sign = "×" if order == 0 else "="
                page.text(
                    x + across + (PATCH + GAP - across) / 2, y + down / 2, sign, ha="center", fontsize=15
                )
        if len(arrays["x"].shape) == 3 and arrays["x"].shape[2] > 1:
            text = f"channel {channel}: {arrays['products'][..., channel].sum() + 0.0:.2f}"
            page.text(x0 + 2 * (PATCH + GAP), y + down + ROW * 0.4, text, fontsize=8, color=PALE_INK)
    last = x0 + 3 * (PATCH + GAP)
    head(last, f"feature map {arrays['filter']}, {'×'.join(map(str, arrays['map'].shape))}")
    target = page.axes(last, middle_of - images[1][1] / 2, *images[1])
    canvas.show_image(target, arrays["map"], aspect="auto", **colours_of(arrays["map"]))
    mark(target, row, column)
    connect(page.figure, source, first, arrays)
    page.text(last - GAP / 2 - 0.02, middle_of, "Σ", ha="center", fontsize=15)
    lines = equation(arrays)
    for place, line in enumerate(lines):
        page.text(LEFT, above + middle + 0.3 + 0.24 * place, line, fontsize=11)
    return page.figure


def shape_inside(shape: tuple[int, ...]) -> tuple[float, float]:
    """Inches across and down of an image of this shape (rows, columns, ...) within a square of IMAGE."""
    rows, columns = shape[:2]
    return IMAGE * min(1, max(columns / rows, 0.15)), IMAGE * min(1, max(rows / columns, 0.15))


def deep(arrays: Mapping[str, np.ndarray]) -> bool:
    """Whether the input is feature maps, not an image."""
    return arrays["x"].shape[2] not in (1, 3)


def draw_input(axes: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """The input (of many channels their mean) with the cells that the kernel sees."""
    from matplotlib.patches import Rectangle

    x = arrays["x"]
    if x.shape[2] == 3:
        canvas.show_image(axes, (x - x.min()) / ((x.max() - x.min()) or 1), aspect="auto")
    else:
        mean = x.mean(axis=2)
        canvas.show_image(axes, mean, aspect="auto", **colours_of(mean))
    (top, left), (down, across) = arrays["start"], arrays["dilation"]
    height, width = arrays["patch"].shape[:2]
    style: dict[str, Any] = {"fill": False, "clip_on": False, "zorder": 4}
    if down > 1 or across > 1:  # the kernel sees single cells
        for i in range(height):
            for j in range(width):
                corner = (left + j * across - 0.5, top + i * down - 0.5)
                axes.add_patch(Rectangle(corner, 1, 1, edgecolor=ORANGE, linewidth=1, **style))
    size = ((width - 1) * across + 1, (height - 1) * down + 1)
    axes.add_patch(Rectangle((left - 0.5, top - 0.5), *size, edgecolor=RED, linewidth=2, **style))


def mark(axes: Any, row: int, column: int) -> None:
    from matplotlib.patches import Rectangle

    style: dict[str, Any] = {"fill": False, "edgecolor": RED, "linewidth": 2, "clip_on": False, "zorder": 4}
    axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, **style))


def draw_cells(axes: Any, values: np.ndarray, colours: dict[str, Any], inside: np.ndarray | None) -> None:
    """Coloured cells with their numbers; those of the padding are hatched."""
    from matplotlib import colormaps
    from matplotlib.patches import Rectangle

    canvas.show_image(axes, values, aspect="auto", **colours)
    rows, columns = values.shape
    for line in range(1, max(rows, columns)):
        if line < rows:
            axes.axhline(line - 0.5, color=EDGE, linewidth=0.6)
        if line < columns:
            axes.axvline(line - 0.5, color=EDGE, linewidth=0.6)
    if inside is not None:
        for row, column in np.argwhere(~inside):
            cell = Rectangle(
                (column - 0.5, row - 0.5),
                1,
                1,
                facecolor="none",
                edgecolor=PALE_INK,
                hatch="////",
                linewidth=0,
            )
            axes.add_patch(cell)
    if max(rows, columns) > LARGEST:
        return
    scale = colormaps[colours["cmap"]]
    span = (colours["vmax"] - colours["vmin"]) or 1
    size = 9.5 if columns <= 4 else 8 if columns == 5 else 6
    for (row, column), value in np.ndenumerate(values):
        background = np.array(scale((value - colours["vmin"]) / span)[:3])
        colour = text_on(background)
        axes.text(
            column, row, f"{round(value, 2) + 0.0:.2f}", ha="center", va="center", fontsize=size, color=colour
        )


def connect(figure: Any, source: Any, patch: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Thin lines from the window in the input to the patch."""
    from matplotlib.patches import ConnectionPatch

    (top, left), (down, across) = arrays["start"], arrays["dilation"]
    height, width = arrays["patch"].shape[:2]
    right = left + (width - 1) * across + 0.5
    for y, corner in ((top - 0.5, -0.5), (top + (height - 1) * down + 0.5, height - 0.5)):
        line = ConnectionPatch((right, y), (-0.5, corner), "data", "data", axesA=source, axesB=patch)
        line.set(color=RED, linewidth=0.8)
        line.set_annotation_clip(False)
        figure.add_artist(line)


def geometry_of(arrays: Mapping[str, np.ndarray]) -> str:
    """ "kernel 3×3, stride 2×2, padding 1, dilation 2": what differs from a plain convolution."""
    text = f"kernel {'×'.join(map(str, arrays['patch'].shape[:2]))}"
    for what, plain in (("stride", 1), ("dilation", 1)):
        if (arrays[what] != plain).any():
            text += f", {what} {'×'.join(map(str, arrays[what]))}"
    if not arrays["inside"].all():
        text += "; hatched cells are zero padding"
    if len(arrays["channels"]) < arrays["x"].shape[2]:
        text += f"; of {arrays['x'].shape[2]} channels, the {len(arrays['channels'])} with the largest sums are drawn"
    return text


def equation(arrays: Mapping[str, np.ndarray]) -> list[str]:
    """The sum in numbers, and what the layers after it make of it."""
    products, bias = arrays["products"], float(arrays["bias"])
    total = float(products.sum())
    row, column = arrays["at"]
    first = f"sum of the {products.size:,} products: {number(total)}"
    if arrays["has_bias"]:
        first += f";  plus the bias, {number(bias)}: {number(total + bias)}"
    value = f"the value in row {row}, column {column} of feature map {arrays['filter']}: {number(float(arrays['y']))}"
    after = " and ".join(str(name) for name in arrays["following"])
    return [first, f"after {after}, {value}" if after else value]
