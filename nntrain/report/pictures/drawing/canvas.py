"""Canvas: what all pictures share: colours, style, title, margins, legend, and the atomic writing of a file."""

import contextlib
import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.files import replacing
from nntrain.report.formats import printable, shortened

# Okabe & Ito 2008: distinguishable with every kind of colour vision; in print the line styles differ too.
BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, RED, PINK = (
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#F0E442",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
)
INK, PALE_INK, GRID = "#222222", "#666666", "#E4E4E4"
CLASS_COLOURS = (BLUE, ORANGE, GREEN, PINK, SKY, RED, YELLOW, BLACK)
CLASS_MARKERS = "os^DvPX*"

WIDTH, HEIGHT, DPI = 9.0, 6.0, 150  # inches, inches, dots per inch of the PNG
MARGINS = {
    "left": 0.78,
    "right": 0.22,
    "bottom": 0.52,
}  # inches around the axes; the title comes above
COLUMN_GAP = 0.16  # inches between the columns of a title

STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#999999",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "lines.solid_capstyle": "round",
    "figure.facecolor": "white",
    "path.simplify_threshold": 0.5,
    "svg.fonttype": "path",
    "svg.hashsalt": "nntrain",
}


@contextlib.contextmanager
def styled() -> Iterator[None]:
    """Uses our style instead of the user's matplotlibrc, and ignores letters that the font lacks."""
    import matplotlib

    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)  # type: ignore[arg-type]
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def new_figure(width: float = WIDTH, height: float = HEIGHT) -> Any:
    from matplotlib.figure import Figure

    # At the resolution of the PNG, so that texts measure what they will take there.
    return Figure(figsize=(width, height), dpi=DPI)


def title(figure: Any, name: str, lines: list[list[str]], legend_rows: int = 1) -> float:
    """Writes the name of the run and below it `lines` of small text in columns. Returns the height of the title in inches."""
    width, height = figure.get_size_inches()
    left = MARGINS["left"] / width
    figure.text(
        left,
        1 - 0.1 / height,
        shortened(printable(name), int(6.4 * width)),
        fontsize=15,
        fontweight="bold",
        va="top",
        parse_math=False,
    )
    down = 0.44
    columns: dict[int, list[Any]] = {}
    for line in lines:
        for i, cell in enumerate(line):
            text = figure.text(
                left, 1 - down / height, cell, fontsize=8.6, color="#444444", va="top", parse_math=False
            )
            columns.setdefault(i, []).append(text)
        down += 0.19
    x = MARGINS["left"]
    for texts in columns.values():
        for text in texts:
            text.set_x(x / width)
        x += COLUMN_GAP + max(text.get_window_extent().width for text in texts) / figure.dpi
    return down + 0.12 + 0.21 * legend_rows


def set_margins(figure: Any, top: float, tick_label: int = 0) -> None:
    """`top` in inches; the longest tick label of the y axis has `tick_label` letters, each about 0.08 inches wide."""
    width, height = figure.get_size_inches()
    left = max(MARGINS["left"], 0.4 + 0.08 * tick_label)
    figure.subplots_adjust(
        left=left / width,
        right=1 - MARGINS["right"] / width,
        bottom=MARGINS["bottom"] / height,
        top=1 - top / height,
    )


def place_legend(figure: Any, axes: Any, columns: int = 6) -> None:
    """Places the legend above the axes, where it covers nothing."""
    legend = figure.legend(
        *axes.get_legend_handles_labels(),
        loc="lower left",
        ncols=columns,
        frameon=False,
        borderpad=0.2,
        columnspacing=1.6,
        bbox_to_anchor=(axes.get_position().x0 - 0.008, axes.get_position().y1),
        handlelength=2.2,
        handletextpad=0.6,
    )
    for line in legend.get_lines():
        line.set_linewidth(max(line.get_linewidth(), 1.2))
    for text in legend.get_texts():
        text.set_parse_math(False)


def show_image(axes: Any, image: np.ndarray, **colours: Any) -> None:
    """Shows an image (rows, columns) or (rows, columns, 3) with a thin frame and without ticks."""
    axes.imshow(image, interpolation="nearest", **colours)
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set(visible=True, color="#BBBBBB", linewidth=0.8)


def marker_size(samples: int) -> float:
    """The diameter of a marker in points: the more samples, the smaller."""
    return float(np.clip(9 - 1.9 * math.log10(max(samples, 1)), 1.8, 6))


def save(figure: Any, path: Path) -> None:
    """Writes the picture whole or not at all, so that a reader sees the old one or the new one."""
    metadata = {"Date": None} if path.suffix == ".svg" else None
    with replacing(path) as file:
        figure.savefig(file, format=path.suffix[1:], dpi=DPI, metadata=metadata)
