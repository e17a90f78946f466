"""Canvas: what all pictures share: colours, style, title, margins, legend, and the atomic writing of a file."""

import contextlib
import io
import math
import textwrap
import warnings
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import numpy as np

from nntrain.files import replacing
from nntrain.report.formats import printable, shortened

Style = Literal["light", "dark"]

# Names of colours, whose values depend on the style; matplotlib knows them within `styled`. Those of data are from Okabe & Ito 2008,
# distinguishable with every kind of colour vision; in print the line styles differ too.
BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, RED, PINK = (
    f"nntrain:{name}" for name in ("black", "orange", "sky", "green", "yellow", "blue", "red", "pink")
)
(
    PAPER,
    INK,
    SOFT_INK,
    PALE_INK,
    EDGE,
    GRID,
    SPINE,
) = (  # the background, texts from dark to pale, frames, grid lines, axes
    f"nntrain:{name}" for name in ("paper", "ink", "soft ink", "pale ink", "edge", "grid", "spine")
)
COLOURS: dict[Style, dict[str, str]] = {
    "light": {
        BLACK: "#000000",
        ORANGE: "#E69F00",
        SKY: "#56B4E9",
        GREEN: "#009E73",
        YELLOW: "#F0E442",
        BLUE: "#0072B2",
        RED: "#D55E00",
        PINK: "#CC79A7",
        PAPER: "#FFFFFF",
        INK: "#222222",
        SOFT_INK: "#444444",
        PALE_INK: "#666666",
        EDGE: "#BBBBBB",
        GRID: "#E4E4E4",
        SPINE: "#999999",
    },
    "dark": {
        BLACK: "#F2F2F2",
        ORANGE: "#F0B23A",
        SKY: "#7CC7F2",
        GREEN: "#2EC08F",
        YELLOW: "#F4EC6A",
        BLUE: "#4797DD",
        RED: "#F2803F",
        PINK: "#E09BC0",
        PAPER: "#14171C",
        INK: "#E6E6E6",
        SOFT_INK: "#C4C4C4",
        PALE_INK: "#A0A0A0",
        EDGE: "#5A5F66",
        GRID: "#2B3037",
        SPINE: "#7A7F86",
    },
}
CLASS_COLOURS = (BLUE, ORANGE, GREEN, PINK, SKY, RED, YELLOW, BLACK)
CLASS_MARKERS = "os^DvPX*"

WIDTH, HEIGHT, DPI = 9.0, 6.0, 150  # inches, inches, dots per inch of the PNG
MARGINS = {
    "left": 0.78,
    "right": 0.22,
    "bottom": 0.52,
}  # inches around the axes; the title comes above
COLUMN_GAP = 0.16  # inches between the columns of a title
SMALL = 8.6  # points of the text in them, where it fits

SETTINGS: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.edgecolor": SPINE,
    "axes.facecolor": PAPER,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "legend.labelcolor": INK,
    "lines.solid_capstyle": "round",
    "figure.facecolor": PAPER,
    "path.simplify_threshold": 0.5,
    "svg.fonttype": "path",
    "svg.hashsalt": "nntrain",
}


@contextlib.contextmanager
def styled(style: Style = "light") -> Iterator[None]:
    """Uses our style instead of the user's matplotlibrc, and ignores letters that the font lacks."""
    import matplotlib
    from matplotlib.colors import get_named_colors_mapping

    names = get_named_colors_mapping()
    before = {name: names[name] for name in COLOURS[style] if name in names}

    def define(colours: Mapping[str, Any]) -> None:
        for name, value in colours.items():  # not `update`, which would leave values in matplotlib's cache
            names[name] = value

    with matplotlib.rc_context(), warnings.catch_warnings():
        define(COLOURS[style])
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)  # type: ignore[arg-type]
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        try:
            yield
        finally:
            define(before)


def load() -> None:
    """Loads what drawing needs, by drawing: matplotlib imports its parts and reads its fonts on first use."""
    with styled():
        figure = new_figure(1, 1)
        axes = figure.add_subplot()
        axes.semilogy([1, 2], label="1")
        axes.legend()
        show_image(figure.add_subplot(), np.zeros((2, 2)), cmap="Blues")
        for kind in ("png", "svg"):
            figure.savefig(io.BytesIO(), format=kind)


def new_figure(width: float = WIDTH, height: float = HEIGHT) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # At the resolution of the PNG, so that texts measure what they will take there.
    figure = Figure(figsize=(width, height), dpi=DPI)
    FigureCanvasAgg(figure)  # keeps its renderer; the base class makes one for each text that is measured
    return figure


def title(
    figure: Any, name: str, lines: Sequence[Sequence[str]] = (), legend_rows: int = 1, sentence: str = ""
) -> float:
    """Writes the name of the config or run, below it what the picture shows in one sentence, and `lines` of small text in columns.

    Lines of more than one column are set in a grid. Returns the height of all this, with `legend_rows` below it, in inches.
    """
    width, height = figure.get_size_inches()
    left = MARGINS["left"] / width

    def write(text: str, down: float, size: float, colour: str, **more: Any) -> Any:
        return figure.text(
            left, 1 - down / height, text, fontsize=size, color=colour, va="top", parse_math=False, **more
        )

    heading = write(shortened(printable(name), int(6.4 * width)), 0.1, 15, INK, fontweight="bold")
    room = (width - MARGINS["left"] - MARGINS["right"]) * figure.dpi
    if (wide := heading.get_window_extent().width) > room:  # letters of other scripts are wider
        heading.set_text(shortened(heading.get_text(), int(len(heading.get_text()) * room / wide)))
    down = 0.44
    for line in wrapped(sentence, int(12.4 * (width - MARGINS["left"] - MARGINS["right"]))):
        write(line, down, 10, INK)
        down += 0.21
    columns: dict[int, list[Any]] = {}
    for cells in lines:
        for i, cell in enumerate(cells):
            columns.setdefault(i, []).append(write(cell, down, SMALL, SOFT_INK))
        down += 0.19
    grid, gaps = list(columns.values()), COLUMN_GAP * figure.dpi * (len(columns) - 1)
    if (wide := sum(map(_widest, grid))) > room - gaps:
        for text in chain(*grid):
            text.set_fontsize(SMALL * (room - gaps) / wide)
    x = MARGINS["left"]
    for texts in grid:
        for text in texts:
            text.set_x(x / width)
        x += COLUMN_GAP + _widest(texts) / figure.dpi
    return down + 0.12 + 0.21 * legend_rows


def _widest(texts: Sequence[Any]) -> float:
    """In dots."""
    return max(text.get_window_extent().width for text in texts)


def wrapped(text: str, letters: int) -> list[str]:
    """Lines of at most so many letters, without a final full stop."""
    return textwrap.wrap(text.removesuffix("."), max(letters, 20))


def lay_out(figure: Any, top: float) -> None:
    """Lets matplotlib arrange all axes and their labels without overlaps below a title of `top` inches."""
    height = figure.get_size_inches()[1]
    figure.set_layout_engine("constrained", rect=(0.01, 0.01, 0.98, 1 - (top + 0.02) / height - 0.01))


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

    def place(size: float) -> Any:
        return figure.legend(
            *axes.get_legend_handles_labels(),
            loc="lower left",
            ncols=columns,
            frameon=False,
            borderpad=0.2,
            columnspacing=1.6,
            bbox_to_anchor=(axes.get_position().x0 - 0.008, axes.get_position().y1),
            handlelength=2.2,
            handletextpad=0.6,
            fontsize=size,
        )

    for size in (10, 9, 8, 7):  # points: the largest that fits
        legend = place(size)
        if size == 7 or legend.get_window_extent().x1 <= figure.bbox.x1:
            break
        legend.remove()
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
        side.set(visible=True, color=EDGE, linewidth=0.8)


def marker_size(samples: int) -> float:
    """The diameter of a marker in points: the more samples, the smaller."""
    return float(np.clip(9 - 1.9 * math.log10(max(samples, 1)), 1.8, 6))


def rgb(colour: str) -> np.ndarray:
    """The red, green and blue (3,) of one of the colours above, in [0, 1]; within `styled`."""
    from matplotlib.colors import to_rgb

    return np.array(to_rgb(colour))


COMPRESSION = 3  # of PNG files: a third less time than 6, and files larger by a sixth
MARK = "drawn by nntrain plot"  # in the metadata of our pictures, and hardly in any other file


def save(figure: Any, path: Path) -> None:
    """Writes the picture whole or not at all, so that a reader sees the old one or the new one."""
    vector = path.suffix == ".svg"
    metadata = {"Creator": MARK, "Date": None} if vector else {"Software": MARK}
    compression = {} if vector else {"pil_kwargs": {"compress_level": COMPRESSION}}
    with replacing(path) as file:
        figure.savefig(file, format=path.suffix[1:], dpi=DPI, metadata=metadata, **compression)


def is_ours(path: Path) -> bool:
    """Whether a file is a picture that `save` wrote, by its metadata, so that it can be drawn again."""
    with path.open("rb") as file:
        ends = file.read(4096)
        file.seek(max(path.stat().st_size - 4096, 0))  # where a WebP has its metadata
        ends += file.read()
    return MARK.encode() in ends
