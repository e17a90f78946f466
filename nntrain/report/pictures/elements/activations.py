"""Activations: each function and its slope, and where the slope vanishes."""

from typing import Any

import numpy as np

from nntrain.report.formats import short
from nntrain.report.pictures.computing.named import named
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.curves import keep_smooth
from nntrain.report.pictures.picture import Drawn, Picture, option

# Read down its columns: those that saturate on the left, the rectifiers beside them.
DEFAULT = ("sigmoid", "softplus", "relu", "tanh", "prelu", "maxout")
REACH = 6.0  # x is shown from -REACH to REACH
POINTS = 1201
INPUTS = 3  # a softmax needs several: x is the first, the others are 0
LOWEST, HIGHEST = -2.2, 3.2  # of the common y axis
LAYERS = 10  # of a network that the sentence speaks of
NARROWEST = 0.3  # a stretch of small slopes that is shaded; not a slope that passes through 0
COLUMNS = (1, 2, 3, 4, 3, 3)  # for so many panels; 4 for more


class Activations(Picture, name="activations"):
    title = "Activation functions and their slopes; of a run, the outputs of its layers over training."
    takes = ("names", "run")
    of_runs = "layer_outputs"

    names: tuple[str, ...] = option((), "activations, such as relu or 'leaky_relu: 0.2'")
    below: float = option(0.01, "slopes smaller than this count as vanished")

    def compute(self) -> dict[str, np.ndarray]:
        """x (points,); y and slope (functions, points) by the kernels that train; labels and notes (functions,)."""
        from nntrain.layers.layer import Activation, Layer

        known = [*Activation.members(), "maxout"]
        x = np.linspace(-REACH, REACH, POINTS)
        chosen = named(self.names, DEFAULT, Layer, "plot activations", known=known)
        curves = [curve(layer, x) for _, layer in chosen]
        return {
            "x": x,
            "y": np.array([y for y, _, _ in curves]),
            "slope": np.array([slope for _, slope, _ in curves]),
            "labels": np.array([label for label, _ in chosen]),
            "notes": np.array([note for _, _, note in curves]),
        }

    def figure(self, drawn: Drawn) -> Any:
        """A panel for each function, all with the same axes."""
        arrays = drawn.arrays
        x, y, slope = arrays["x"], arrays["y"], arrays["slope"]
        count = len(y)
        columns = COLUMNS[count - 1] if count <= len(COLUMNS) else 4
        rows = -(-count // columns)
        figure = canvas.new_figure(max(2.9 * columns + 0.3, 6), 1.15 + 2.5 * rows)
        top = canvas.title(figure, drawn.name, legend_rows=1, sentence=self.sentence(arrays))
        panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
        low = max(min(-1.25, 1.1 * min(y.min(), slope.min())), LOWEST)
        high = min(max(1.25, 1.05 * y.max()), HIGHEST)
        for i, axes in enumerate(panels):
            if i >= count:
                axes.set_visible(False)
                continue
            lines = draw_panel(axes, x, y[i], slope[i], self.below)
            note = str(arrays["notes"][i]) or slopes_of(slope[i])
            axes.set_title(
                str(arrays["labels"][i]), fontsize=10.5, fontweight="bold", pad=20, parse_math=False
            )
            axes.text(
                0.5, 1.03, note, transform=axes.transAxes, ha="center", fontsize=8.4, color=canvas.SOFT_INK
            )
            axes.set_xlim(-REACH, REACH)
            axes.set_ylim(low, high)
            axes.set_xticks(range(-6, 7, 3))
            axes.set_yticks([tick for tick in (-2, -1, 0, 1, 2, 3) if low <= tick <= high])
            axes.tick_params(labelbottom=i + columns >= count, labelleft=i % columns == 0)
            axes.grid(True)
            if i + columns >= count:
                axes.set_xlabel("x", labelpad=1)
        canvas.lay_out(figure, top)
        place_legend(figure, lines, self.below, top)
        return figure

    def sentence(self, arrays: Any) -> str:
        """What the shading means; and of the function whose slope is smallest at best, what a stack of layers does to a gradient."""
        text = f"Each function and its slope: where the slope is below {short(self.below)}, shaded, hardly any gradient passes"
        steepest = np.abs(arrays["slope"]).max(axis=1)
        worst = int(steepest.argmin())
        if steepest[worst] > 0.6:
            return f"{text}."
        label, most = arrays["labels"][worst], float(steepest[worst])
        times = float(f"{most**-LAYERS:.1g}")
        return (
            f"{text}. The slope of {label} is at most {most:.2g}: "
            f"{LAYERS} such layers make a gradient {times:,.0f} times smaller, or more."
        )


def curve(layer: Any, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, str]:
    """y and dy/dx (points,) of the first output for x as the first input, the other inputs 0; and a note on what is shown."""
    from nntrain.network.single import Single

    single = Single(layer, ((INPUTS,),), len(x))
    single.network.info.training = False  # rrelu has its mean slope then
    note = ""
    if layer.yaml_name == "maxout":
        note = set_pieces(single, layer)
    inputs = single.ctx.x
    inputs[...] = 0
    inputs[:, 0] = x
    y = single.forward().copy()
    single.executor.dy[...] = 0
    single.executor.dy[:, 0] = 1
    single.backward()
    if y.shape[1] > 1 and np.ptp(y[:, 1]) > 0 and not note:
        note = f"of the first of {INPUTS} inputs, the others 0"
    return y[:, 0], single.executor.dx[:, 0].copy(), note


def set_pieces(single: Any, layer: Any) -> str:
    """Gives maxout straight lines that touch a parabola, since its function is learned: slopes from -0.5 to 1."""
    slopes = np.linspace(-0.5, 1, layer.pieces)
    weight, bias = single.parameters["weight"], single.parameters.get("bias")
    weight[...] = 0
    weight[0] = np.repeat(slopes, layer.units)
    if bias is not None:
        bias[...] = np.repeat(0.5 - slopes**2, layer.units)
    return f"the largest of {layer.pieces} lines, here by hand"


def draw_panel(axes: Any, x: np.ndarray, y: np.ndarray, slope: np.ndarray, below: float) -> list[Any]:
    """The function, its slope, and a shade where the slope is small; returns the two lines."""
    for start, end in spans(np.abs(slope) < below):
        if x[end] - x[start] >= NARROWEST:
            axes.axvspan(x[start], x[end], color=canvas.ORANGE, alpha=0.28, linewidth=0, zorder=0)
    axes.axhline(0, color=canvas.SPINE, linewidth=0.8, zorder=1)
    (function,) = axes.plot(x, y, color=canvas.BLUE, linewidth=2.2, zorder=4)
    (derivative,) = axes.plot(x, slope, color=canvas.RED, linewidth=1.6, linestyle=(0, (4, 1.4)), zorder=3)
    keep_smooth(axes)
    return [function, derivative]


def spans(where: np.ndarray) -> list[tuple[int, int]]:
    """The first and the last index of each stretch of True."""
    edges = np.diff(np.concatenate([[0], where.astype(np.int8), [0]]))
    return [
        (int(a), int(b) - 1)
        for a, b in zip(np.flatnonzero(edges > 0), np.flatnonzero(edges < 0), strict=True)
    ]


def slopes_of(slope: np.ndarray) -> str:
    """ "slope from 0 to 0.25"."""
    low, high = (0.0 if abs(value) < 5e-4 else float(f"{value:.2g}") for value in (slope.min(), slope.max()))
    text = f"slope {low:g} everywhere" if low == high else f"slope from {low:g} to {high:g}"
    return text.replace("-", "−")


def place_legend(figure: Any, lines: list[Any], below: float, top: float) -> None:
    from matplotlib.patches import Patch

    width, height = figure.get_size_inches()
    figure.legend(
        [*lines, Patch(color=canvas.ORANGE, alpha=0.28, linewidth=0)],
        ["function", "its slope", f"slope below {short(below)}"],
        loc="upper left",
        bbox_to_anchor=(canvas.MARGINS["left"] / width, 1 - (top - 0.3) / height),
        borderaxespad=0,
        borderpad=0.2,
        ncols=3,
        frameon=False,
        fontsize=9,
    )
