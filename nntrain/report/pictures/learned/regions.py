"""Regions: the class that a network with two inputs predicts at each point of the plane, with its training data."""

import math
from typing import Any

import numpy as np

from nntrain.report.formats import printable, shortened
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.canvas import CLASS_COLOURS, CLASS_MARKERS, INK, PAPER
from nntrain.report.pictures.drawing.grid import grid_over, nearest, outer_edges
from nntrain.report.pictures.picture import Drawn, Picture
from nntrain.report.pictures.subject import Subject

CELLS = 300  # along each side of the plane


class Regions(Picture, name="regions"):
    title = "The class that the network predicts at each point of the plane (paler: less certain)."
    moment = "end"
    applies_to = "classifiers with two numeric inputs"

    def applies(self, subject: Subject) -> bool:
        train = subject.setup.splits.train
        in_plane = not train.vocabulary and train.input_shape == (2,)
        return in_plane and bool(train.classes) and train.target_shape == ()

    def collect(self, subject: Subject) -> dict[str, np.ndarray]:
        """x (samples, 2), target (samples,); grid_x, grid_y (CELLS,); probabilities (grid_y, grid_x, classes); classes;
        labels (2,).
        """
        train = subject.setup.splits.train
        x = np.asarray(train.imputed)
        grid_x, grid_y = grid_over(x, CELLS)
        plane = np.stack(np.meshgrid(grid_x, grid_y), axis=-1).reshape(-1, 2)
        probabilities = subject.setup.config.loss.probabilities(subject.outputs(plane))
        return {
            "x": x,
            "target": np.asarray(train.target),
            "grid_x": grid_x,
            "grid_y": grid_y,
            "probabilities": probabilities.reshape(CELLS, CELLS, -1).astype(np.float32),
            "classes": np.array(train.classes),
            "labels": np.array(train.feature_names or ("x1", "x2")),
        }

    def figure(self, drawn: Drawn) -> Any:
        arrays = drawn.arrays
        x, target, probabilities = arrays["x"], arrays["target"], arrays["probabilities"]
        grid_x, grid_y, classes = arrays["grid_x"], arrays["grid_y"], arrays["classes"]
        predicted = probabilities.argmax(-1)  # (grid_y, grid_x)
        figure = canvas.new_figure(7.2, 7.2)
        axes = figure.subplots()
        axes.imshow(
            region_colours(probabilities),
            origin="lower",
            aspect="auto",
            interpolation="nearest",
            zorder=0,
            extent=(*outer_edges(grid_x), *outer_edges(grid_y)),
        )
        for i in range(len(classes)):
            if (predicted == i).any() and (predicted != i).any():
                border = {"colors": [INK], "linewidths": 0.9, "zorder": 1}
                axes.contour(grid_x, grid_y, margin_of(i, probabilities), levels=[0], **border)
        for i, name in enumerate(classes):
            own = target == i
            axes.plot(
                x[own, 0],
                x[own, 1],
                CLASS_MARKERS[(i + i // 8) % 8],
                color=CLASS_COLOURS[i % 8],
                linestyle="none",
                markersize=canvas.marker_size(len(x)) + 1,
                markeredgecolor=PAPER,
                markeredgewidth=0.6,
                zorder=3,
                label=shortened(printable(name), 20),
            )
        axes.set_xlabel(printable(arrays["labels"][0]), parse_math=False)
        axes.set_ylabel(printable(arrays["labels"][1]), parse_math=False)
        wrong = np.count_nonzero(predicted[nearest(grid_y, x[:, 1]), nearest(grid_x, x[:, 0])] != target)
        line = f"{len(x):,} training samples, {wrong:,} of them misclassified"
        columns = 5 if max(map(len, classes)) <= 10 else 3
        legend_rows = math.ceil(len(classes) / columns)
        canvas.set_margins(figure, canvas.title(figure, drawn.name, [[line]], legend_rows, self.title))
        canvas.place_legend(figure, axes, columns)
        return figure


def margin_of(i: int, probabilities: np.ndarray) -> np.ndarray:
    """The probability of class i minus the largest other one (grid_y, grid_x); 0 at the border of its region."""
    others = np.delete(probabilities, i, axis=-1)
    return probabilities[..., i] - others.max(-1)


def region_colours(probabilities: np.ndarray) -> np.ndarray:
    """The pale colour (grid_y, grid_x, 3) of the predicted class, the paler the lower its probability."""
    palette = np.array([canvas.rgb(colour) for colour in CLASS_COLOURS])
    chance = 1 / probabilities.shape[-1]
    certainty = (probabilities.max(-1) - chance) / (1 - chance) if chance < 1 else 0.8
    strength = np.broadcast_to(0.06 + 0.39 * certainty, probabilities.shape[:2])
    paper = canvas.rgb(PAPER)
    return paper + strength[..., None] * (palette[probabilities.argmax(-1) % 8] - paper)
