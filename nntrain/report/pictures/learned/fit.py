"""Fit: the function of one variable that a network learned, over its training and test data."""

from typing import Any

import numpy as np

from nntrain.report.formats import printable
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.canvas import BLUE, GREEN, RED, SKY
from nntrain.report.pictures.drawing.grid import grid_over
from nntrain.report.pictures.picture import Drawn, Picture
from nntrain.report.pictures.subject import Subject

POINTS = 600  # of the curve


class Fit(Picture, name="fit"):
    title = "The network's function of one variable, with the data that it was trained and tested on."
    moment = "end"
    applies_to = "networks with one numeric input and one output"

    def applies(self, subject: Subject) -> bool:
        train = subject.setup.splits.train
        return (
            not train.vocabulary
            and train.input_shape == (1,)
            and train.target_shape == (1,)
            and not train.heads
        )

    def collect(self, subject: Subject) -> dict[str, np.ndarray]:
        """x, target (samples,); test_x, test_target (test samples,), maybe empty; grid, prediction (POINTS,); labels (2,)."""
        train, test = subject.setup.splits.train, subject.setup.splits.test
        x = np.asarray(train.imputed)
        grid = grid_over(x, POINTS)[0]
        prediction = subject.setup.config.loss.point(subject.outputs(grid[:, None]))
        labels = (train.feature_names or ("x",))[0], (train.target_names or ("y",))[0]
        return {
            "x": x.ravel(),
            "target": np.ravel(train.target),
            "test_x": np.empty(0) if test is None else np.ravel(test.imputed),
            "test_target": np.empty(0) if test is None else np.ravel(test.target),
            "grid": grid,
            "prediction": prediction.ravel(),
            "labels": np.array(labels),
        }

    def figure(self, drawn: Drawn) -> Any:
        arrays = drawn.arrays
        x, target, test_x, test_target = (arrays[name] for name in ("x", "target", "test_x", "test_target"))
        figure = canvas.new_figure()
        axes = figure.subplots()
        crowded = len(x) > 2000
        axes.plot(
            x,
            target,
            "o",
            color=SKY,
            markersize=canvas.marker_size(len(x)),
            alpha=0.45 if crowded else 0.75,
            zorder=2,
            markeredgecolor=BLUE,
            markeredgewidth=0 if crowded else 0.5,
            label=f"training data ({len(x):,})",
        )
        if len(test_x):
            axes.plot(
                test_x,
                test_target,
                "^",
                color=GREEN,
                markersize=canvas.marker_size(len(test_x)),
                alpha=0.75,
                zorder=2.5,
                markeredgewidth=0,
                label=f"test data ({len(test_x):,})",
            )
        axes.plot(arrays["grid"], arrays["prediction"], color=RED, linewidth=2.4, zorder=4, label="network")
        axes.set_xlabel(printable(arrays["labels"][0]), parse_math=False)
        axes.set_ylabel(printable(arrays["labels"][1]), parse_math=False)
        axes.grid(True)
        axes.margins(x=0.02)
        canvas.set_margins(figure, canvas.title(figure, drawn.name, sentence=self.title))
        canvas.place_legend(figure, axes)
        return figure
