"""Losses: each loss and its slope, and why the squared error belongs to the Gaussian."""

from typing import Any

import numpy as np

from nntrain.report.pictures.computing.named import named
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.curves import keep_smooth
from nntrain.report.pictures.elements import loss_curves
from nntrain.report.pictures.picture import Drawn, Picture, option

DEFAULT = ("mse", "mae", "huber", "cross_entropy")
COLOURS = (canvas.BLUE, canvas.RED, canvas.GREEN, canvas.ORANGE, canvas.PINK, canvas.SKY, canvas.BLACK)
DASHES = ("-", (0, (5, 1.5)), (0, (1, 1.1)), (0, (4, 1.2, 1, 1.2)))  # lines may lie on each other
SOFTMAX = " of a softmax"
MOST_CONSTANT = 15.0  # constant predictions are shown up to here
# What x is: heading, label of the axis, label of the slopes, limits of loss and slope, place of the legend.
GROUPS: dict[str, tuple[str, str, str, tuple[float, float], tuple[float, float], str]] = {
    "error": ("Against the error", "error y − t", "slope", (0, 5), (-4.2, 4.2), "upper center"),
    "probability": (
        "Against the probability of the true class",
        "probability p of the true class",
        "slope by the output of the true class",
        (0, 5),
        (-1.1, 0.1),
        "upper right",
    ),
    "margin": (
        "Against the output for a positive target",
        "output y",
        "slope",
        (0, 5),
        (-4.2, 0.4),
        "upper right",
    ),
    "angle": (
        "Against the angle",
        "angle between y and t, in degrees",
        "slope",
        (0, 2.2),
        (-1.2, 1.2),
        "upper center",
    ),
}
DISTRIBUTIONS = {"mse": "Gaussian, exp(−e²/2)", "mae": "Laplace, exp(−|e|)"}


class Losses(Picture, name="losses"):
    title = "Loss functions and their slopes; why the squared error belongs to the Gaussian."
    takes = ("names",)

    names: tuple[str, ...] = option((), "losses, such as mse or 'huber: 0.5'")

    def compute(self) -> dict[str, np.ndarray]:
        """For each curve i `x_i`, `loss_i`, `slope_i` (points,), its group and label; for those of an error `density_i` and
        `constant_i`, the mean loss of constant predictions for a few targets, by the kernels that train.
        """
        from nntrain.losses import Loss

        chosen = named(self.names, DEFAULT, Loss, "plot losses")
        curves = [loss_curves.curve(loss, label) for label, loss in chosen]
        losses = [loss for _, loss in chosen]
        if any(curve.group == "probability" for curve in curves):
            squared = [
                (label, loss) for label, loss in chosen if loss.squares_targets and loss.targets == "any"
            ]
            curves += [loss_curves.of_softmax(loss, f"{label}{SOFTMAX}") for label, loss in squared]
            losses += [loss for _, loss in squared]
        errors = np.linspace(-4, 4, loss_curves.POINTS)
        constants = np.linspace(-1, MOST_CONSTANT, loss_curves.POINTS)
        arrays = {
            "groups": np.array([curve.group for curve in curves]),
            "labels": np.array([curve.label for curve in curves]),
            "kinds": np.array([loss.yaml_name for loss in losses]),
            "errors": errors,
            "constants": constants,
        }
        for i, (curve, loss) in enumerate(zip(curves, losses, strict=True)):
            arrays |= {f"x_{i}": curve.x, f"loss_{i}": curve.loss, f"slope_{i}": curve.slope}
            if curve.group == "error" and loss.follows_scale:
                arrays[f"density_{i}"] = loss_curves.density(loss, errors)
                arrays[f"constant_{i}"] = loss_curves.of_constants(loss, constants)
        return arrays

    def figure(self, drawn: Drawn) -> Any:
        """A column for each group: the losses above, their slopes below; for those of an error, a column on their distributions."""
        arrays = drawn.arrays
        groups = [group for group in GROUPS if group in arrays["groups"]]
        fitted = any(name.startswith("density_") for name in arrays)
        columns = len(groups) + fitted
        figure = canvas.new_figure(max(4.05 * columns, 6.2), 7.2)
        top = canvas.title(
            figure, drawn.name, legend_rows=0, sentence=sentence(set(arrays["kinds"].tolist()))
        )
        panels = figure.subplots(2, columns, squeeze=False)
        for column, group in enumerate(groups):
            draw_group(panels[0, column], panels[1, column], arrays, group)
        if fitted:
            draw_densities(panels[0, -1], arrays)
            draw_constants(panels[1, -1], arrays)
        for axes in panels.ravel():
            axes.grid(True)
            keep_smooth(axes)
        canvas.lay_out(figure, top)
        return figure


def sentence(kinds: set[str]) -> str:
    text = "Above each loss, below it its slope, which is what training follows"
    if {"mse", "mae"} <= kinds:
        text += ": the squared error pulls in proportion to the error, the absolute error with the same force everywhere"
    if {"mse", "cross_entropy"} <= kinds:
        text += "; for a confident mistake (p near 0) the cross-entropy is steepest, and the squared error almost flat"
    return f"{text}."


def looks(arrays: Any, group: str, name: str = "loss") -> dict[int, dict[str, Any]]:
    """How the lines of a group look: a curve of a softmax has the colour of its loss; one that lies on another is dashed."""
    labels = arrays["labels"].tolist()
    members = [int(i) for i in np.flatnonzero(arrays["groups"] == group) if f"{name}_{i}" in arrays]
    found: dict[int, dict[str, Any]] = {}
    for i in members:
        covered = sum(np.allclose(arrays[f"{name}_{i}"], arrays[f"{name}_{j}"]) for j in found)
        colour = COLOURS[labels.index(labels[i].removesuffix(SOFTMAX)) % len(COLOURS)]
        found[i] = {"color": colour, "linestyle": DASHES[covered % len(DASHES)], "linewidth": 2.0}
    return found


def draw_group(above: Any, below: Any, arrays: Any, group: str) -> None:
    heading, label, slope_label, losses, slopes, place = GROUPS[group]
    below_looks = looks(arrays, group, "slope")
    for i, look in looks(arrays, group).items():
        x = arrays[f"x_{i}"]
        above.plot(x, arrays[f"loss_{i}"], label=str(arrays["labels"][i]), **look)
        below.plot(x, arrays[f"slope_{i}"], **below_looks[i])
    head(above, heading)
    above.set_ylabel("loss")
    above.set_ylim(*losses)
    steepest = min(arrays[f"slope_{i}"].min() for i in below_looks)
    below.set_ylim(max(slopes[0], 1.12 * steepest), slopes[1])
    below.set_ylabel(slope_label)
    below.set_xlabel(label)
    below.axhline(0, color=canvas.SPINE, linewidth=0.8, zorder=1)
    for axes in (above, below):
        axes.set_xlim(x[0], x[-1])
        if group == "angle":
            axes.set_xticks(range(-180, 181, 90))
    legend(above, place)


def draw_densities(axes: Any, arrays: Any) -> None:
    """How likely errors are where the loss is the negative logarithm of that."""
    lines = looks(arrays, "error", "density")
    for i, look in lines.items():
        kind, label = str(arrays["kinds"][i]), str(arrays["labels"][i])
        name = f"{label}: {DISTRIBUTIONS[kind]}" if kind in DISTRIBUTIONS else label
        axes.plot(arrays["errors"], arrays[f"density_{i}"], label=name, **look)
    head(axes, "Why squared: the loss is −log(density)")
    axes.set_xlabel("error y − t")
    axes.set_ylabel("density of the errors")
    axes.set_xlim(-4, 4)
    axes.set_ylim(0, 0.55 + 0.06 * len(lines))
    legend(axes, "upper right")


def draw_constants(axes: Any, arrays: Any) -> None:
    """Which constant each loss prefers for targets with an outlier: the mean, the median, or between."""
    constants, sample = arrays["constants"], loss_curves.SAMPLE
    for i, look in looks(arrays, "error", "constant").items():
        loss = arrays[f"constant_{i}"]
        at = int(loss.argmin())
        axes.plot(constants, loss / loss[at], **look)
        label = f"{arrays['labels'][i]}: {constants[at]:.1f}"
        axes.plot(constants[at], 1, "o", color=look["color"], markersize=7, label=label, zorder=5)
    axes.plot(sample, np.full(len(sample), 0.78), "|", color=canvas.INK, markersize=10)
    axes.text(sample[-1], 0.86, "outlier", ha="center", fontsize=8.4, color=canvas.SOFT_INK)
    head(axes, f"The best constant for {', '.join(f'{value:g}' for value in sample)}")
    axes.set_xlabel("prediction")
    axes.set_ylabel("loss / its minimum")
    axes.set_xlim(-1, MOST_CONSTANT)
    axes.set_xticks(range(0, 16, 5))
    axes.set_ylim(0.65, 3.2)
    legend(axes, "upper left")


def head(axes: Any, text: str) -> None:
    axes.set_title(text, fontsize=10, fontweight="bold")


def legend(axes: Any, place: str) -> None:
    box = axes.legend(loc=place, fontsize=8.6, framealpha=0.85, facecolor=canvas.PAPER, edgecolor="none")
    for text in box.get_texts():
        text.set_parse_math(False)
