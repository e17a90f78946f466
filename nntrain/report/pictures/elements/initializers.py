"""Initializers: the initial weights of each layer, and how activations and gradients spread through the layers."""

from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.report.formats import count, printable, shortened
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.axes import log_ticks, tick_labels
from nntrain.report.pictures.elements import densities, spread
from nntrain.report.pictures.picture import Drawn, Picture, option
from nntrain.report.pictures.subject import Subject

if TYPE_CHECKING:
    from nntrain.initializers import Initializer

OTHERS = ("normal: 1", "normal: 0.01", "glorot_normal", "he_normal", "orthogonal")
COLOURS = (canvas.RED, canvas.GREEN, canvas.ORANGE, canvas.PINK, canvas.SKY, canvas.BLACK)
KINDS = {  # of densities, and their colours
    densities.NORMAL: canvas.BLUE,
    densities.TRUNCATED: canvas.RED,
    densities.UNIFORM: canvas.GREEN,
    densities.ORTHOGONAL: canvas.PINK,
}
MOST = 8  # layers whose weights are shown
COLUMNS = 4
BINS = (8, 50)  # at least and at most; else the square root of the number of values
MOST_NAMES, LONGEST_NAME = 8, 14  # layers that the axis names; else they are numbered
FAINT, STRONG = 1e-30, 1e30  # the ends of the axis of spreads
STARVED, EXPLODED = 0.01, 100.0  # factors over the whole network


class Initializers(Picture, name="initializers"):
    title = "The initial weights against their densities, and how activations and gradients spread through the layers."
    takes = ("config",)
    applies_to = "networks with weights"

    others: tuple[str, ...] = option((), f"initializers to compare with; by default {', '.join(OTHERS)}")

    def applies(self, subject: Subject) -> bool:
        return bool(spread.weighted(subject.setup.graph.layers))

    def collect(self, subject: Subject) -> dict[str, np.ndarray]:
        """Of each shown weight i `bars_i` and `edges_i` of its histogram, and its density `x_i`, `p_i`, `kind`; `forward` and
        `backward` (initializers, layers), the config's own first.
        """
        setup = subject.setup
        network = setup.network(min(spread.ROWS, setup.batches().rows))
        weights = spread.weights_of(network)
        shown = np.unique(np.linspace(0, len(weights) - 1, min(MOST, len(weights))).round().astype(int))
        arrays: dict[str, np.ndarray] = {}
        kinds, initial = [], []
        for i, place in enumerate(shown):
            _, param, values, node = weights[place]
            initializer = setup.graph.initializer_of(node, param)
            kind, x, p = densities.density(initializer, param.shape, param.fans)
            bins = int(np.clip(values.size**0.5, *BINS))
            bars, edges = np.histogram(values[np.isfinite(values)], bins, density=True)
            arrays |= {f"bars_{i}": bars, f"edges_{i}": edges, f"x_{i}": x, f"p_{i}": p}
            kinds.append(kind)
            initial.append(f"{spelled(initializer)}, std {float(values.std(dtype=np.float64)):.3g}")
        own = dict.fromkeys(spelled(setup.graph.initializer_of(node, param)) for _, param, _, node in weights)
        labels, found = [f"this config: {', '.join(own)}"], [spread.spreads(setup, network)]
        for label, initializer in self.compared():
            if list(own) != [spelled(initializer)] and spread.initialized(network, initializer):
                labels.append(label)
                found.append(spread.spreads(setup, network))
        computed = ~np.isnan(found[0]["forward"])  # not an embedding that the layer after it looks up
        return arrays | {
            "weights": np.array([weights[place][0] for place in shown]),
            "of": np.array(len(weights)),
            "initial": np.array(initial),
            "kinds": np.array(kinds),
            "layers": np.array([node.name for node in spread.weighted(network.graph.layers)])[computed],
            "labels": np.array(labels),
            **{name: np.array([each[name][computed] for each in found]) for name in ("forward", "backward")},
        }

    def compared(self) -> "list[tuple[str, Initializer]]":
        from nntrain.initializers import Initializer
        from nntrain.report.pictures.computing.named import named

        known = [name for name in Initializer.members() if name not in ("auto", "pretrained")]
        return named(self.others, OTHERS, Initializer, "plot initializers", known=known)

    def figure(self, drawn: Drawn) -> Any:
        """Above a histogram for each weight, below the spreads by layer: forward on the left, backward on the right."""
        arrays = drawn.arrays
        shown = len(arrays["weights"])
        columns = min(COLUMNS, shown)
        rows = -(-shown // columns)
        figure = canvas.new_figure(11, 1.3 + 1.75 * rows + 4.1)
        top = canvas.title(figure, drawn.name, legend_rows=0, sentence=sentence(arrays))
        grid = figure.add_gridspec(rows + 1, 12, height_ratios=[1.5] * rows + [3.6])
        width = 12 // columns
        for i in range(shown):
            row, column = divmod(i, columns)
            draw_weights(figure.add_subplot(grid[row, column * width : (column + 1) * width]), arrays, i)
        for place, name in ((grid[-1, :6], "forward"), (grid[-1, 6:], "backward")):
            axes = figure.add_subplot(place)
            draw_spreads(axes, arrays, name)
        lines = axes.get_legend_handles_labels()
        legend = figure.legend(*lines, loc="outside lower center", ncols=3, frameon=False, fontsize=9)
        for text in legend.get_texts():
            text.set_parse_math(False)
        canvas.lay_out(figure, top)
        return figure


def spelled(initializer: Any) -> str:
    """`he_normal`, `normal: 0.01`, as in a config; of gates that are initialized one by one, what each is."""
    short = getattr(initializer, "one", initializer).shortest()
    if isinstance(short, str):
        return short
    ((name, value),) = short.items()
    return f"{name}: {value:g}" if isinstance(value, float) else f"{name}: {value}".replace("'", "")


def sentence(arrays: Any) -> str:
    """What happens to activations and gradients of the config's own initial weights from one end of the network to the other."""
    forward, backward = arrays["forward"][0], arrays["backward"][0]
    left = (
        ""
        if len(arrays["weights"]) == arrays["of"]
        else f" of {len(arrays['weights'])} of its {arrays['of']} weight arrays"
    )
    return (
        f"The initial values{left}, and what they do to the first batch: "
        f"{fate(forward, 'activations')} from the first layer to the last, {fate(backward[::-1], 'gradients')} back to the first."
    )


def fate(spreads: np.ndarray, what: str) -> str:
    """ "the activations starve (1e-9 times)": what becomes of the spread in the order of the layers."""
    known = spreads[~np.isnan(spreads)]
    factor = known[-1] / known[0] if len(known) and known[0] > 0 else np.nan
    if not np.isfinite(factor):
        return f"the {what} overflow"
    verb = "starve" if factor < STARVED else "explode" if factor > EXPLODED else "keep their spread"
    return f"the {what} {verb} ({times(factor)})"


def times(factor: float) -> str:
    return (
        f"{factor:.1e} times".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")
        if not 1e-3 <= factor < 1e4
        else f"{factor:.2g} times"
    )


def draw_weights(axes: Any, arrays: Any, i: int) -> None:
    """The histogram of one weight, and the density that its values are drawn from."""
    edges, kind = arrays[f"edges_{i}"], str(arrays["kinds"][i])
    axes.stairs(arrays[f"bars_{i}"], edges, fill=True, color=canvas.SKY, alpha=0.45)
    if kind:
        axes.plot(arrays[f"x_{i}"], arrays[f"p_{i}"], color=KINDS[kind], linewidth=1.8, label=kind)
        axes.legend(loc="upper right", fontsize=7, frameon=False, handlelength=1.2, borderpad=0)
        axes.set_ylim(0, 1.45 * max(arrays[f"p_{i}"].max(), arrays[f"bars_{i}"].max()))
    name = shortened(printable(str(arrays["weights"][i]).removesuffix(".weight")), 28)
    axes.set_title(name, fontsize=9, fontweight="bold", pad=13, parse_math=False)
    place = {"transform": axes.transAxes, "ha": "center", "fontsize": 7.8, "color": canvas.SOFT_INK}
    axes.text(0.5, 1.03, shortened(str(arrays["initial"][i]), 36), parse_math=False, **place)
    axes.set_yticks([])
    axes.tick_params(labelsize=8)
    axes.xaxis.set_major_locator(ticks(5))


def ticks(most: int, whole: bool = False) -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(most, integer=whole)


def draw_spreads(axes: Any, arrays: Any, name: str) -> None:
    """The standard deviations by layer: a line for each initializer, the config's own thick; a cross where it is 0 or infinite."""
    spreads = arrays[name]
    x = np.arange(1, spreads.shape[1] + 1)
    good = np.isfinite(spreads) & (spreads > 0)
    inside = spreads[good].clip(FAINT, STRONG) if good.any() else np.ones(1)
    low, high = float(inside.min()) / 3, float(inside.max()) * 3
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    for i, label in enumerate(arrays["labels"].tolist()):
        own = i == 0
        colour = canvas.BLUE if own else COLOURS[(i - 1) % len(COLOURS)]
        axes.plot(
            x,
            np.where(good[i], spreads[i], np.nan).clip(low, high),
            color=colour,
            linewidth=3 if own else 1.5,
            marker="o",
            markersize=5 if own else 3,
            zorder=5 if own else 4,
            label=shortened(printable(label), 60),
        )
        lost = ~good[i] & ~np.isnan(spreads[i])
        if lost.any():
            ends = np.where(spreads[i][lost] == 0, low, high)
            axes.plot(x[lost], ends, "x", color=colour, markersize=6, clip_on=False, zorder=6)
    labelled, between = log_ticks(low, high, 7)
    axes.set_yticks(labelled, tick_labels(labelled))
    axes.set_yticks(between, [""] * len(between), minor=True)
    heading = (
        "Activations: std of each layer's output"
        if name == "forward"
        else "Gradients: std of what comes back"
    )
    axes.set_title(heading, fontsize=10.5, fontweight="bold")
    axes.set_xlim(0.7, len(x) + 0.3)
    name_layers(axes, arrays["layers"].tolist())
    axes.grid(True)


def name_layers(axes: Any, layers: list[str]) -> None:
    names = [printable(layer) for layer in layers]
    if len(names) <= MOST_NAMES and max(map(len, names)) <= LONGEST_NAME:
        axes.set_xticks(
            range(1, len(layers) + 1),
            names,
            fontsize=8,
            rotation=20 if len(layers) > 4 else 0,
            parse_math=False,
        )
        return
    axes.xaxis.set_major_locator(ticks(10, whole=True))
    axes.xaxis.set_major_formatter(lambda value, place: count(value))
    axes.set_xlabel(f"layer, of {len(layers)} with weights")
