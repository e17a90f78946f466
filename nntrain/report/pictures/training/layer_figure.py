"""Layer figure: how each layer's numbers change over training: a line for each layer, and below them their distributions."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nntrain.report.formats import printable, short, shortened
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.axes import scale, whole_numbers
from nntrain.report.pictures.training.layer_records import QUANTILES, LayerRecords

MOST_BANDS = 8  # layers whose distributions are shown; of more, some between the first and the last
MOST_RUNS = 4  # side by side
LINES_HEIGHT, SHARES_HEIGHT, BAND_HEIGHT = 2.4, 1.1, 0.58  # inches
GAP, BAND_GAP, COLUMN_GAP = 0.16, 0.22, 0.3  # inches between panels, above distributions, between runs
LEFT, BOTTOM = 1.0, 0.42  # inches for the labels of the axes
HEAD = 0.22  # inches of a line above a column
PLAIN: dict[str, Any] = {"fontsize": 9.5, "parse_math": False}  # texts with names


@dataclass(frozen=True)
class Lines:
    """A panel with one line for each layer. values: (records, layers)."""

    label: str
    values: Callable[[LayerRecords], np.ndarray]
    logarithmic: bool = True  # or shares from 0 to 1
    guide: float | None = None  # a value to compare with, drawn as a dotted line


@dataclass(frozen=True)
class Bands:
    """The panels of distributions, each with its own range, or all with one that is logarithmic on both sides of 0."""

    label: str
    symlog: bool = False


def layer_figure(
    runs: Sequence[LayerRecords],
    panels: Sequence[Lines],
    sentence: str,
    bands: Bands,
    remark: Callable[[LayerRecords], str],
) -> Any:
    """A column for each run, with common axes. remark: about a run, below its name."""
    panels = [panel for panel in panels if any(np.isfinite(panel.values(run)).any() for run in runs)]
    rows = max(min(len(run.names), MOST_BANDS) for run in runs)
    heights = [LINES_HEIGHT if panel.logarithmic else SHARES_HEIGHT for panel in panels] + [
        BAND_HEIGHT
    ] * rows
    width = max(canvas.WIDTH, 3.6 * len(runs) + 0.9)
    name = ", ".join(run.run for run in runs)
    name = name if len(runs) == 1 or len(name) <= 6 * width else f"{len(runs)} runs"
    heads = HEAD * ((len(runs) > 1) + any(remark(run) for run in runs))
    figure = canvas.new_figure(
        width, 1.2 + heads + BOTTOM + sum(heights) + len(panels) * GAP + rows * BAND_GAP
    )
    top = canvas.title(figure, name, sentence=sentence)
    axes = figure.subplots(len(heights), len(runs), sharex="col", squeeze=False)
    place(figure, axes, heights, top + heads, len(panels))
    for each, run in zip(axes[0], runs, strict=True):
        if len(runs) > 1:
            head = shortened(printable(run.run), 40)
            each.set_title(head, fontweight="bold", loc="left", pad=72 * (heads - HEAD) + 4, **PLAIN)
        each.text(0, 1.02, remark(run), transform=each.transAxes, color=canvas.SOFT_INK, **PLAIN)
    for row, panel in enumerate(panels):
        draw_panel(axes[row], runs, panel)
    draw_bands(axes[len(panels) :], runs, bands)
    axes[len(panels) + (rows - 1) // 2, 0].set_ylabel(bands.label)
    for column, run in enumerate(runs):
        end = float(run.epochs[-1])
        last = axes[len(panels) + min(len(run.names), rows) - 1, column]
        last.set_xlim(0, end)
        last.xaxis.set_major_locator(whole_numbers(end))
        last.xaxis.set_major_formatter("{x:,.0f}" if end >= 2 else "{x:g}")
        last.set_xlabel("epoch", loc="right")
    draw_key(figure, top, max(len(run.names) for run in runs))
    return figure


def place(figure: Any, axes: np.ndarray, heights: Sequence[float], top: float, panels: int) -> None:
    """Positions in inches, so that matplotlib need not look for them: constrained layout took half of the drawing's time."""
    width, height = figure.get_size_inches()
    column = (width - LEFT - canvas.MARGINS["right"] + COLUMN_GAP) / axes.shape[1]
    down = top
    for row, (each, tall) in enumerate(zip(axes, heights, strict=True)):
        down += (GAP if row < panels else BAND_GAP) * (row > 0)
        for number, one in enumerate(each):
            left = LEFT + number * column
            box = (left / width, 1 - (down + tall) / height, (column - COLUMN_GAP) / width, tall / height)
            one.set_position(box)
            one.yaxis.set_label_coords((0.2 - LEFT) / (column - COLUMN_GAP), 0.5)
        down += tall


def colours(layers: int) -> list[Any]:
    """From the first layer to the last: a sequential map without its ends, which are too close to the background."""
    return [colour_map()(place) for place in (np.linspace(0, 1, layers) if layers > 1 else [0.5])]


def colour_map() -> Any:
    """Viridis, from dark to light on light paper, and from light to dark on dark paper."""
    import matplotlib
    from matplotlib.colors import LinearSegmentedColormap

    dark = float(canvas.rgb(canvas.PAPER).mean()) < 0.5
    ends = (0.98, 0.34) if dark else (0.02, 0.86)
    return LinearSegmentedColormap.from_list(
        "layers", matplotlib.colormaps["viridis"](np.linspace(*ends, 64))
    )


def draw_panel(axes: Sequence[Any], runs: Sequence[LayerRecords], panel: Lines) -> None:
    """One panel for each run, with a common y axis."""
    values = [panel.values(run) for run in runs]
    if panel.logarithmic:
        low, high = positive_range(values, panel.guide)
    for column, (run, lines) in enumerate(zip(runs, values, strict=True)):
        each = axes[column]
        if panel.logarithmic:
            scale(each, low, high, True)
        else:
            each.set_ylim(-0.03, 1.03)
            each.set_yticks([0, 0.5, 1], ["0%", "50%", "100%"])
        for colour, line in zip(colours(len(run.names)), lines.T, strict=True):
            # A norm of 0 has no logarithm: it is drawn on the bottom.
            shown = np.maximum(line, low) if panel.logarithmic else line
            each.plot(
                run.epochs,
                shown,
                color=colour,
                linewidth=1.5 if len(run.names) <= 12 else 1.0,
                marker="o" if len(shown) == 1 else None,
                clip_on=False,
                zorder=3,
            )
        if panel.guide is not None:
            each.axhline(panel.guide, color=canvas.PALE_INK, linewidth=1, linestyle=(0, (1, 1.5)), zorder=2)
        each.grid(True)
        each.tick_params(labelbottom=False, labelleft=column == 0)
    axes[0].set_ylabel(panel.label)


def positive_range(values: Sequence[np.ndarray], guide: float | None) -> tuple[float, float]:
    """The limits of a logarithmic axis for all positive values, with a margin."""
    found = np.concatenate([each.ravel() for each in values])
    found = found[np.isfinite(found) & (found > 0)]
    if guide is not None:
        found = np.append(found, guide)
    if not len(found):
        return 0.1, 1.0
    low, high = max(float(found.min()), 1e-100), max(float(found.max()), 1e-100)
    margin = max((high / low) ** 0.04, 1.05)
    return low / margin, high * margin


def draw_bands(axes: np.ndarray, runs: Sequence[LayerRecords], bands: Bands) -> None:
    """The middle 50% and 90% of each layer's values, one row of panels for each of some layers."""
    chosen = [spread_out(len(run.names), len(axes)) for run in runs]
    ranges = []
    for row, panels in enumerate(axes):
        found = []
        for each, run, layers in zip(panels, runs, chosen, strict=True):
            if row < len(layers):
                found.append(draw_band(each, run, layers[row], bands))
            else:
                each.set_visible(False)
            each.tick_params(labelbottom=row == len(layers) - 1, labelleft=each is panels[0], labelsize=8)
        ranges.append((min(low for low, _ in found), max(high for _, high in found)))
    if bands.symlog:
        set_symlog(axes, runs, max(max(-low, high) for low, high in ranges))
        return
    for panels, (low, high) in zip(axes, ranges, strict=True):
        margin = 0.08 * (high - low) or 0.05 * abs(high) or 1.0
        for each in panels:
            each.set_ylim(low - margin, high + margin)
            each.locator_params(axis="y", nbins=3)


def draw_band(axes: Any, run: LayerRecords, layer: int, bands: Bands) -> tuple[float, float]:
    """Returns the range of its values, without the peaks of a few records."""
    colour = colours(len(run.names))[layer]
    low, lower, middle, upper, high = (run[quantile][:, layer] for quantile in QUANTILES)
    axes.fill_between(run.epochs, low, high, color=colour, alpha=0.3, linewidth=0)
    axes.fill_between(run.epochs, lower, upper, color=colour, alpha=0.5, linewidth=0)
    if not bands.symlog:  # where a median near 0 would leap between the signs
        axes.plot(run.epochs, middle, color=colour, linewidth=1.2)
    if len(middle) == 1:
        axes.errorbar(run.epochs, middle, [middle - low, high - middle], color=colour, marker="o", capsize=3)
    name = shortened(printable(run.names[layer]), 40)
    axes.set_title(name, fontsize=8.2, loc="left", pad=1.5, color=canvas.SOFT_INK, parse_math=False)
    axes.grid(True)
    finite = np.isfinite(low) & np.isfinite(high)
    if not finite.any():
        return 0.0, 0.0
    return float(np.quantile(low[finite], 0.03)), float(np.quantile(high[finite], 0.97))


def set_symlog(axes: np.ndarray, runs: Sequence[LayerRecords], reach: float) -> None:
    """One axis for all panels, logarithmic on both sides of 0: the widths of all layers can be compared."""
    from matplotlib.ticker import FixedFormatter, FixedLocator

    reach = max(reach, 1e-30)
    widths = np.concatenate([(run["q75"] - run["q25"]).ravel() for run in runs])
    widths = widths[np.isfinite(widths) & (widths > 0)]
    least = float(np.quantile(widths, 0.05)) if len(widths) else reach / 10
    least = 10.0 ** math.floor(math.log10(np.clip(least, reach * 1e-12, reach / 10)))
    most = math.floor(math.log10(reach))
    stride = max(1, math.ceil((most - math.log10(least)) / 4))
    powers = [10.0**power for power in range(most, round(math.log10(least)) - 1, -stride)]
    labelled = [sign * power for power in powers[: len(powers) // 2 + 1 : 2] for sign in (-1, 1)] + [0.0]
    for each in axes.ravel():
        each.set_yscale("symlog", linthresh=least, linscale=0.5)
        each.set_ylim(-reach * 1.5, reach * 1.5)
        each.yaxis.set_major_locator(FixedLocator(labelled))
        each.yaxis.set_major_formatter(FixedFormatter([short(value) for value in labelled]))
        each.yaxis.set_minor_locator(FixedLocator([sign * power for power in powers for sign in (-1, 1)]))
        each.grid(True, which="minor", axis="y", linewidth=0.5)


def spread_out(layers: int, rows: int) -> list[int]:
    """The first layer, the last one and others evenly between them."""
    return sorted({round(i) for i in np.linspace(0, layers - 1, min(layers, rows))})


def draw_key(figure: Any, top: float, layers: int) -> None:
    """What the colours mean, in a line above the panels."""
    from matplotlib.lines import Line2D

    shades = colours(3)
    named = [("first layer", shades[0]), ("between", shades[1]), ("last layer", shades[2])]
    if layers == 1:
        named = [("the only layer", colours(1)[0])]
    elif layers == 2:
        named = [named[0], named[2]]
    width, height = figure.get_size_inches()
    figure.legend(
        [Line2D([], [], color=colour, linewidth=2.2) for _, colour in named],
        [label for label, _ in named],
        loc="lower left",
        bbox_to_anchor=((canvas.MARGINS["left"] - 0.08) / width, 1 - (top - 0.02) / height),
        ncols=3,
        frameon=False,
        borderpad=0,
        columnspacing=1.6,
        handlelength=1.8,
        handletextpad=0.6,
        fontsize=9,
    )
