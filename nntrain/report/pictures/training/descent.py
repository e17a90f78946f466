"""Descent: gradient descent on a cut through the loss for three learning rates, and the loss around a trained network."""

from typing import Any

import numpy as np

from nntrain.errors import UserError
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.picture import Drawn, Picture, option
from nntrain.report.pictures.subject import Subject
from nntrain.report.pictures.training import descent_panels

PLACE = "plot descent"
FEWEST = 20  # finite losses of a cut
FINEST = 101  # points of a landscape along each axis


class Descent(Picture, name="descent"):
    title = (
        "Gradient descent with three learning rates; of a run, the loss around it and the path of training."
    )
    takes = ("config", "run")
    costly = True

    grid: int = option(31, "points of a landscape along each axis")
    retrain: bool = option(False, "find the path by training again in memory, however long the run took")

    def collect(self, subject: Subject) -> dict[str, np.ndarray]:
        """t and loss (points,) of the cut, lr (3,); of a run the `around` and `along` landscapes (grid, grid) and the path."""
        from nntrain.report.pictures.training import trajectory
        from nntrain.report.pictures.training.cut import POINTS, Objective, cut_along, rates

        if not 3 <= self.grid <= FINEST:
            raise UserError(f"expected a grid of 3 to {FINEST} points. Received: {self.grid}", place=PLACE)
        if subject.setup.graph.layers and not any(node.learns for node in subject.setup.graph.layers):
            raise UserError("the network has no trainable parameters", place=PLACE)
        untrained = Subject(subject.name, lambda: subject.setup) if subject.is_run else subject
        objective = Objective(untrained, 2 * POINTS)
        origin = trajectory.initial(subject) if subject.is_run else objective.start
        direction = -objective.gradient(origin)
        length = float(np.linalg.norm(direction))
        if not (np.isfinite(length) and length > 0):
            raise UserError("the gradient at the initial parameters is 0 or not finite", place=PLACE)
        cut = cut_along(objective, origin, direction / length)
        if len(cut.t) < FEWEST:
            raise UserError("the loss along the gradient is not finite", place=PLACE)
        found = {
            "t": cut.t,
            "loss": cut.loss,
            "lr": np.array([*rates(cut).values()]),
            "rows": np.array(objective.rows),
        }
        return found | self.landscapes(subject) if subject.is_run else found

    def landscapes(self, subject: Subject) -> dict[str, np.ndarray]:
        from nntrain.report.pictures.training import landscape
        from nntrain.report.pictures.training.cut import Objective
        from nntrain.report.pictures.training.trajectory import trajectory

        objective = Objective(subject, 2 * self.grid**2)
        centre = objective.start
        across = np.linspace(-1, 1, self.grid)
        axes = landscape.random_directions(objective.network, subject.setup.config.seed)
        around = landscape.heights(objective, centre, axes, across, across)
        path = trajectory(subject, self.retrain)
        axes, coordinates, shares = landscape.path_directions(path.thetas, centre.astype(np.float64), axes[0])
        x, y = (np.linspace(*limits, self.grid) for limits in landscape.spans(coordinates))
        return {
            "across": across,
            "around": around,
            "x": x,
            "y": y,
            "along": landscape.heights(objective, centre, axes, x, y),
            "path": coordinates,
            "steps": path.steps,
            "shares": shares,
            "how": np.array(path.how),
        }

    def figure(self, drawn: Drawn) -> Any:
        """A panel for each learning rate; below, of a run, the two landscapes."""
        arrays = drawn.arrays
        is_run = "along" in arrays
        figure = canvas.new_figure(11, 9.4 if is_run else 4.9)
        top = canvas.title(figure, drawn.name, legend_rows=0, sentence=sentence(arrays, is_run))
        canvas.lay_out(figure, top)  # before the bars of colours, which are placed by it
        rows = figure.add_gridspec(1 + is_run, 1, height_ratios=[1, 1.35][: 1 + is_run])
        first, cuts = None, rows[0].subgridspec(1, 3)
        for i in range(3):
            first = axes = figure.add_subplot(cuts[i], sharey=first)
            descent_panels.draw_cut(axes, arrays, i)
        if is_run:
            left, right = (figure.add_subplot(place) for place in rows[1].subgridspec(1, 2))
            descent_panels.draw_around(figure, left, arrays)
            descent_panels.draw_along(figure, right, arrays)
        return figure


def sentence(arrays: Any, is_run: bool) -> str:
    text = (
        f"Gradient descent along one line through the loss of {int(arrays['rows']):,} training samples, from the initial parameters "
        "against the gradient: a step is the slope of the tangent times the learning rate"
    )
    if not is_run:
        return f"{text}. Small steps creep, large ones overshoot."
    return (
        f"{text}. Below, the loss around the trained network in two random directions, and on the plane that the path of training "
        f"spans ({arrays['how']})."
    )
