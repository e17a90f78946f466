"""Optimizers: the paths that they take on functions of two numbers, and how fast they come near the minimum."""

from typing import Any

import numpy as np

from nntrain.errors import UserError
from nntrain.report.formats import short
from nntrain.report.pictures.computing.named import named
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.axes import scale
from nntrain.report.pictures.drawing.markers import ring, star
from nntrain.report.pictures.picture import Drawn, Picture, option
from nntrain.report.pictures.training.surfaces import RATES, SURFACES, Surface, best_path, path_of

PLACE = "plot optimizers"
VARIANTS = {  # beside every registered optimizer with its defaults
    "sgd, momentum 0.9": "sgd: {lr: 1, momentum: 0.9}",
    "sgd, nesterov": "sgd: {lr: 1, momentum: 0.9, nesterov: true}",
    "rmsprop, centered": "rmsprop: {centered: true}",
    "adam, amsgrad": "adam: {amsgrad: true}",
    "lookahead, sgd": "lookahead: {base: {sgd: 1}}",
    "sam, sgd": "sam: {base: {sgd: 1}}",
}
FAMILIES = {  # the module of an optimizer -> the heading of its column
    "sgd": "Gradient descent",
    "adaptive": "A rate for each parameter",
    "lion": "A rate for each parameter",
    "rprop": "A rate for each parameter",
    "adam": "Adam and its variants",
    "lamb": "Adam and its variants",
}
OTHERS = "Others"
COLOURS = (canvas.BLUE, canvas.RED, canvas.GREEN, canvas.ORANGE, canvas.PINK, canvas.SKY, canvas.BLACK)
DASHES = ("-", (0, (4, 1.3)), (0, (1, 1)), (0, (4, 1, 1, 1)))  # of the families, where all are in one panel
LONGEST = 24  # letters of a label in a legend of two columns
DOTS = 50  # of a path, about
NEAR = 0.1  # a distance that counts as arrived
CLOSEST = 1e-4  # the lower end of the axis of distances
GRID = 100  # points of a surface along each axis


class Optimizers(Picture, name="optimizers"):
    title = "The paths of all optimizers on Beale, a saddle, Rosenbrock and a ravine."
    takes = ("names",)

    names: tuple[str, ...] = option((), "optimizers, such as adam or 'sgd: {lr: 0.01, momentum: 0.9}'")
    on: tuple[str, ...] = option((), f"only these functions: {', '.join(SURFACES)}")
    steps: int = option(200, "the number of steps")

    def compute(self) -> dict[str, np.ndarray]:
        """paths (functions, optimizers, steps + 1, 2) with their learning rates `lr` (functions, optimizers); labels and families."""
        surfaces = self.surfaces()
        if self.steps < 1:
            raise UserError(f"expected at least 1 step. Received: {self.steps}", place=PLACE)
        chosen = optimizers(self.names)
        found = [
            [
                (given, path_of(optimizer, surface, given, self.steps))
                if given
                else best_path(optimizer, surface, self.steps)
                for _, optimizer, given in chosen
            ]
            for surface in surfaces.values()
        ]
        return {
            "labels": np.array([label for label, _, _ in chosen]),
            "families": np.array([family_of(optimizer) for _, optimizer, _ in chosen]),
            "chosen": np.array([not given for _, _, given in chosen]),
            "surfaces": np.array(list(surfaces)),
            "lr": np.array([[lr for lr, _ in row] for row in found]),
            "paths": np.array([[path for _, path in row] for row in found]),
        }

    def surfaces(self) -> dict[str, Surface]:
        from nntrain.options import did_you_mean, with_suggestion

        for name in self.on:
            if name not in SURFACES:
                from nntrain.options import did_you_mean, with_suggestion  # and with it pydantic

                suggestion = did_you_mean(name, SURFACES)
                raise UserError(with_suggestion(f"unknown function {name!r}", suggestion), place=PLACE)
        return {name: surface for name, surface in SURFACES.items() if not self.on or name in self.on}

    def figure(self, drawn: Drawn) -> Any:
        """A row for each function: a panel for each family of optimizers, and the distance to the minimum over the steps."""
        arrays = drawn.arrays
        families = list(dict.fromkeys(arrays["families"].tolist()))
        columns, rows = len(families) + 1, len(arrays["surfaces"])
        largest = max(len(members(arrays, family)) for family in families)
        columns_of_legend = 1 if max(map(len, arrays["labels"].tolist())) > LONGEST - 6 else 2
        legend = 0.18 * -(-largest // columns_of_legend) + 0.1  # inches
        figure = canvas.new_figure(3.35 * columns + 0.4, 1.2 + rows * (2.75 + legend))
        top = canvas.title(figure, drawn.name, legend_rows=0, sentence=sentence(arrays))
        panels = figure.subplots(rows, columns, squeeze=False)
        for row, name in enumerate(arrays["surfaces"].tolist()):
            surface = SURFACES[name]
            for column, family in enumerate(families):
                axes = panels[row, column]
                draw_surface(axes, surface)
                draw_paths(axes, surface, arrays, row, family)
                if row == 0:
                    axes.set_title(family, fontsize=10.5, fontweight="bold")
            panels[row, 0].set_ylabel(surface.heading, fontsize=9.5)
            draw_distances(panels[row, -1], surface, arrays, row, families)
        panels[0, -1].set_title("Nearest to a minimum so far", fontsize=10.5, fontweight="bold")
        panels[-1, -1].set_xlabel("step")
        canvas.lay_out(figure, top)
        return figure


def optimizers(texts: tuple[str, ...]) -> list[tuple[str, Any, float]]:
    """Each optimizer with its label and the learning rate that a text gives it; 0 where the best one is chosen."""
    from nntrain.optimizers import Optimizer

    registered = [name for name, kind in Optimizer.members().items() if "base" not in kind.model_fields]
    if texts:
        chosen = named(texts, registered, Optimizer, PLACE, required={"lr": 1.0})
        return [
            (
                label,
                optimizer,
                given_rate(optimizer) if ":" in label else 0.0,
            )
            for label, optimizer in chosen
        ]
    plain = named((), registered, Optimizer, PLACE, required={"lr": 1.0})
    variants = [(label, named((text,), (), Optimizer, PLACE)[0][1]) for label, text in VARIANTS.items()]
    order = list(dict.fromkeys([*FAMILIES.values(), OTHERS]))
    everything = sorted([*plain, *variants], key=lambda each: order.index(family_of(each[1])))
    return [(label, optimizer, 0.0) for label, optimizer in everything]


def given_rate(optimizer: Any) -> float:
    """The learning rate that an optimizer, or its base, was made with; 0 where that is the default."""
    if hasattr(optimizer, "base"):
        return given_rate(optimizer.base)
    return float(optimizer.lr) if "lr" in optimizer.model_fields_set else 0.0


def family_of(optimizer: Any) -> str:
    return FAMILIES.get(type(optimizer).__module__.rpartition(".")[2], OTHERS)


def sentence(arrays: Any) -> str:
    """How the learning rates were chosen, and on the last but one of the functions who arrives first."""
    row = max(len(arrays["surfaces"]) - 2, 0)
    surface, steps = SURFACES[str(arrays["surfaces"][row])], arrays["paths"].shape[2] - 1
    dots = f" (a dot every {every})" if (every := dot_every(steps)) > 1 else ""
    text = f"{steps} steps from the ring towards the star{dots}"
    if arrays["chosen"].any():
        which = "each" if arrays["chosen"].all() else "where none is given"
        text += f", {which} with the learning rate of {short(RATES[0])} to {short(RATES[-1])} that suits best within the picture"
    near = [surface.distance(path) < NEAR for path in arrays["paths"][row]]
    arrived = [int(there.argmax()) if there.any() else steps + 1 for there in near]
    first = int(np.argmin(arrived))
    place = f"On {surface.name}"
    if arrived[first] > steps:
        return f"{text}. {place} none comes within {NEAR} of a minimum."
    missing = sum(each > steps for each in arrived)
    late = f"; {missing} of {len(arrived)} do not" if missing else ""
    return f"{text}. {place} {arrays['labels'][first]} comes within {NEAR} of a minimum first, after {arrived[first]} steps{late}."


def draw_surface(axes: Any, surface: Surface) -> None:
    """The logarithm of the loss above its minimum as contours, and the minima as stars."""
    from matplotlib.colors import LinearSegmentedColormap

    x, y = np.linspace(*surface.x, GRID), np.linspace(*surface.y, GRID)
    height = np.log10(surface.loss(*np.meshgrid(x, y)) - surface.lowest + 1e-3)
    shades = LinearSegmentedColormap.from_list("shades", [canvas.rgb(canvas.EDGE), canvas.rgb(canvas.PAPER)])
    axes.contourf(x, y, height, levels=14, cmap=shades, alpha=0.6)
    axes.contour(x, y, height, levels=14, colors=[canvas.EDGE], linewidths=0.5, linestyles="solid")
    axes.set_xlim(*surface.x)
    axes.set_ylim(*surface.y)
    axes.set_xticks([])
    axes.set_yticks([])
    for at in surface.minima:
        star(axes, *at, size=11)


def draw_paths(axes: Any, surface: Surface, arrays: Any, row: int, family: str) -> None:
    """The paths of a family with a dot for each step, from a ring to a disc; the legend below has the learning rates."""
    labels = []
    for colour, i in zip(canvas_colours(), members(arrays, family), strict=False):
        path = arrays["paths"][row, i]
        path = path[np.isfinite(path[:, 0])]
        label = str(arrays["labels"][i]) + f" {short(arrays['lr'][row, i])}" * bool(arrays["chosen"][i])
        labels.append(label)
        every = dot_every(arrays["paths"].shape[2] - 1)
        look = {"linewidth": 1.1, "markersize": 2.4, "alpha": 0.9, "markevery": every, "zorder": 4}
        axes.plot(*path.T, "-o", color=colour, label=label, **look)
        axes.plot(*path[-1], "o", color=colour, markeredgecolor=canvas.PAPER, markersize=6.5, zorder=7)
    ring(axes, *surface.start, zorder=5)
    legend = axes.legend(
        loc="upper left",
        bbox_to_anchor=(-0.02, 0.0),
        ncols=1 if max(map(len, labels)) > LONGEST else 2,
        fontsize=7.4,
        frameon=False,
        handlelength=1.2,
        columnspacing=0.9,
        labelspacing=0.25,
        handletextpad=0.5,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)


def dot_every(steps: int) -> int:
    """Of how many steps a path shows one as a dot."""
    return max(1, steps // DOTS)


def draw_distances(axes: Any, surface: Surface, arrays: Any, row: int, families: list[str]) -> None:
    """How near each optimizer has come to a minimum up to each step, in the colours of the panels."""
    low, high = np.inf, 0.0
    for dashes, family in zip(DASHES, families, strict=False):
        for colour, i in zip(canvas_colours(), members(arrays, family), strict=False):
            nearest = np.fmin.accumulate(surface.distance(arrays["paths"][row, i])).clip(CLOSEST)
            low, high = min(low, nearest[-1]), max(high, nearest[0])
            axes.plot(nearest, color=colour, linestyle=dashes, linewidth=1.4)
    scale(axes, low / 1.5, high * 1.5, True, most=6)
    axes.set_xlim(0, arrays["paths"].shape[2] - 1)
    axes.grid(True)


def members(arrays: Any, family: str) -> list[int]:
    return [int(i) for i in np.flatnonzero(arrays["families"] == family)]


def canvas_colours() -> list[str]:
    return list(COLOURS) * 5
