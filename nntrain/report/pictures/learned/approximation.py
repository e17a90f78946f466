"""Approximation: one function fitted with few and many hidden units, as training goes on, and by bumps made by hand."""

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from nntrain.errors import UserError
from nntrain.report.formats import epoch_text, number, printable
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.axes import plain_ticks, scale
from nntrain.report.pictures.drawing.canvas import BLUE, INK, RED, SKY
from nntrain.report.pictures.drawing.grid import grid_over
from nntrain.report.pictures.drawing.page import Page
from nntrain.report.pictures.learned.bumps import draw_bumps
from nntrain.report.pictures.learned.fitting import epochs_for, fitted, hidden_layers
from nntrain.report.pictures.picture import Drawn, Picture, option
from nntrain.report.pictures.subject import Subject

POINTS, MOMENTS = 300, 40
ACROSS = 4  # panels side by side
PANEL, GAP, CAPTION, HEAD, BELOW = (2.15, 1.45), 0.55, 0.26, 0.34, 0.3  # inches
LEFT = canvas.MARGINS["left"]
WIDTH = LEFT + ACROSS * PANEL[0] + (ACROSS - 1) * GAP + canvas.MARGINS["right"]


class Approximation(Picture, name="approximation"):
    title = "One function fitted with few and many hidden units, as training goes on, and by bumps made by hand; also animated."
    takes = ("config", "run")
    applies_to = "networks with one numeric input, one output and a dense hidden layer"
    costly = True
    suffixes = (".png", ".svg", ".gif", ".webp")

    part: Literal["all", "units", "training", "bump"] = option("all", "the part to draw")
    units: tuple[int, ...] = option((1, 2, 4, 8, 16, 32, 64), "numbers of hidden units")
    epochs: int | None = option(
        None, "epochs of each training; by default those of the config, up to 3,000 steps"
    )

    def applies(self, subject: Subject) -> bool:
        train = subject.setup.splits.train
        curve = not train.vocabulary and train.input_shape == (1,) and train.target_shape == (1,)
        return curve and bool(hidden_layers(subject.setup.config))

    def collect(self, subject: Subject) -> dict[str, np.ndarray]:
        """x, target (samples,); grid (POINTS,); curves (widths, POINTS) after training, their units and losses; moments (MOMENTS,
        POINTS) of the largest network, with their epochs; labels of the axes, the loss's name and the split of the losses.
        """
        if not self.units or min(self.units) < 1 or (self.epochs is not None and self.epochs < 1):
            raise UserError(
                "expected numbers of at least 1", place="units" if self.epochs is None else "epochs"
            )
        setup = subject.setup
        train = setup.splits.train
        x = np.asarray(train.imputed, np.float64)
        grid = grid_over(x, POINTS, margin=0.02)[0]
        epochs = epochs_for(setup, self.epochs)
        widths = sorted(set(self.units)) if self.part in ("all", "units") else [max(self.units)]
        fits = (
            [fitted(setup, width, epochs, grid, MOMENTS) for width in widths] if self.part != "bump" else []
        )
        last = fits[-1] if fits else None
        labels = (train.feature_names or ("x",))[0], (train.target_names or ("y",))[0]
        return {
            "x": x.ravel(),
            "target": np.ravel(np.asarray(train.target, np.float64)),
            "grid": grid,
            "units": np.array(widths if fits else (), dtype=int),
            "curves": np.array([fit.curves[-1] for fit in fits]),
            "losses": np.array([fit.loss for fit in fits]),
            "moments": np.zeros((0, POINTS)) if last is None else last.curves,
            "epochs": np.zeros(0) if last is None else last.epochs,
            "of": np.array(epochs),
            "layers": np.array(len(hidden_layers(setup.config))),
            "labels": np.array(labels),
            "loss": np.array(setup.config.loss.yaml_name),
            "split": np.array(subject.judged),
        }

    def figure(self, drawn: Drawn) -> Any:
        """A band of panels for each part."""
        arrays = drawn.arrays
        wanted = ("units", "training", "bump") if self.part == "all" else (self.part,)
        rows = {"units": -(-(len(arrays["units"]) + 1) // ACROSS), "training": 1, "bump": 1}
        pitch = CAPTION + PANEL[1] + BELOW
        below = sum(HEAD + rows[part] * pitch for part in wanted)
        page = Page(drawn.name, sentence_of(arrays, wanted), below=below, width=WIDTH)
        y = 0.0
        for part in wanted:
            page.text(LEFT, y + HEAD / 2, heading(part, arrays), fontsize=10.5, fontweight="bold")
            places = [(row, column) for row in range(rows[part]) for column in range(ACROSS)]
            panels = [
                page.axes(LEFT + column * (PANEL[0] + GAP), y + HEAD + row * pitch + CAPTION, *PANEL)
                for row, column in places
            ]
            for axes in panels:
                axes.tick_params(labelsize=7.5)
                axes.grid(True)
            DRAW[part](panels, arrays)
            y += HEAD + rows[part] * pitch
        return page.figure

    def frames(self, drawn: Drawn) -> Iterator[Any]:
        """The function of the largest network before training and after more and more steps."""
        arrays = drawn.arrays
        if not len(arrays["moments"]):
            raise UserError("bumps have no animation", "Animate another part.", place="plot approximation")
        units = int(arrays["units"][-1])
        figure = canvas.new_figure(7.2, 4.8)
        sentence = f"What a network with {units} hidden unit{'s' * (units > 1)} computes, as training goes on"
        top = canvas.title(figure, drawn.name, [], 1, sentence)
        axes = figure.subplots()
        draw_data(axes, arrays, size=3.5)
        (line,) = axes.plot(arrays["grid"], arrays["moments"][0], color=RED, linewidth=2.4)
        axes.grid(True)
        axes.set_xlabel(printable(arrays["labels"][0]), parse_math=False)
        axes.set_ylabel(printable(arrays["labels"][1]), parse_math=False)
        canvas.set_margins(figure, top, plain_ticks(axes))
        text = axes.set_title("", fontsize=11, loc="left", pad=6)
        for epoch, curve in zip(arrays["epochs"], arrays["moments"], strict=True):
            line.set_ydata(curve)
            text.set_text(moment(epoch))
            yield figure


def moment(epoch: float) -> str:
    return "before training" if epoch == 0 else f"after epoch {epoch_text(round(float(epoch), 2))}"


def sentence_of(arrays: Any, parts: tuple[str, ...]) -> str:
    label = f"{arrays['split']} {arrays['loss']}"
    losses, units = arrays["losses"], arrays["units"]
    if "units" in parts and len(units) > 1:
        change = f"from {number(float(losses[0]))} with {units[0]} hidden unit{'s' * int(units[0] > 1)} to"
        last = f"{number(float(losses[-1]))} with {units[-1]}"
        return f"The same function fitted with more and more hidden units: {label} goes {change} {last}"
    if parts == ("bump",):
        return "Two sigmoids make a bump, and bumps make any function: why one hidden layer is enough, if it is wide enough"
    return f"The function that a network computes, as training goes on; {label} at the end: {number(float(losses[-1]))}"


def heading(part: str, arrays: Any) -> str:
    if part == "units":
        each = f" in each of {arrays['layers']} layers" if arrays["layers"] > 1 else ""
        return f"after {arrays['of']:,} epochs, with different numbers of hidden units{each}"
    if part == "training":
        units = int(arrays["units"][-1])
        return f"with {units} hidden unit{'s' * (units > 1)}, as training goes on"
    return "without training: bumps made of two sigmoids each"


def draw_data(axes: Any, arrays: Any, size: float = 2.0) -> None:
    """The training data, whose range the axes keep."""
    x, target = arrays["x"], arrays["target"]
    axes.plot(x, target, "o", color=SKY, markersize=size, alpha=0.6, markeredgewidth=0)
    beyond = 0.12 * (np.ptp(target) or 1)
    axes.set(
        xlim=(arrays["grid"][0], arrays["grid"][-1]), ylim=(target.min() - beyond, target.max() + beyond)
    )
    plain_ticks(axes)


def draw_units(panels: list[Any], arrays: Any) -> None:
    """A panel for each width, and the loss against the width."""
    for axes, units, curve, loss in zip(
        panels, arrays["units"], arrays["curves"], arrays["losses"], strict=False
    ):
        draw_data(axes, arrays)
        axes.plot(arrays["grid"], curve, color=RED, linewidth=1.8)
        value = number(float(loss)) if np.isfinite(loss) else "diverged"
        axes.set_title(
            f"{units} unit{'s' * int(units > 1)}: {arrays['split']} {arrays['loss']} {value}",
            fontsize=9,
            color=INK,
        )
    count = len(arrays["units"])
    axes = panels[count]
    known = np.isfinite(arrays["losses"]) & (arrays["losses"] > 0)
    axes.plot(arrays["units"][known], arrays["losses"][known], "o-", color=BLUE, markersize=4)
    axes.set_xscale("log", base=2)
    if known.any():
        low, high = arrays["losses"][known].min(), arrays["losses"][known].max()
        scale(axes, low / 1.5, high * 1.5, True, most=4)
    axes.set_xticks(arrays["units"], [str(units) for units in arrays["units"]])
    axes.xaxis.minorticks_off()
    axes.set_title(f"{arrays['split']} {arrays['loss']} by units", fontsize=9, color=INK)
    for empty in panels[count + 1 :]:
        empty.remove()


def draw_training(panels: list[Any], arrays: Any) -> None:
    """The start, two moments on a logarithmic scale, and the end."""
    last = len(arrays["epochs"]) - 1
    for axes, place in zip(panels, np.linspace(0, last, ACROSS).round().astype(int), strict=True):
        draw_data(axes, arrays)
        axes.plot(arrays["grid"], arrays["moments"][place], color=RED, linewidth=1.8)
        axes.set_title(moment(arrays["epochs"][place]), fontsize=9, color=INK)


def draw_by_hand(panels: list[Any], arrays: Any) -> None:
    draw_bumps(panels, arrays["grid"], arrays["x"], arrays["target"])


DRAW = {"units": draw_units, "training": draw_training, "bump": draw_by_hand}
