"""Cut: the loss of a network as a function of its parameters, and gradient descent along one line through it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nntrain.report.pictures.subject import Subject

ROWS = (32, 256)  # samples of the training split whose mean loss it is: at least, and at most
WORK = 2e11  # floating-point operations of a picture, about; of large networks fewer samples are taken
POINTS = 241  # of a cut
STEPS = 8  # of gradient descent that are shown
DOUBLINGS = 60  # at most, until the loss rises


class Objective:
    """The mean loss over some training samples, as evaluation computes it, as a function of the trainable parameters."""

    def __init__(self, subject: "Subject", evaluations: int):
        """evaluations: how often it will be asked, about; the more, the fewer samples it takes."""
        from nntrain.inference.feed import Feeds

        data = subject.setup.splits.train
        flops = 1 + sum(node.flops for node in subject.setup.graph.layers)
        most = int(np.clip(WORK / (flops * evaluations), *ROWS))
        self.rows = min(most, len(data))
        self.loss = subject.setup.config.loss
        self.network = subject.learner(self.rows)
        self.feed = Feeds(self.network, data).filled(
            data, np.linspace(0, len(data) - 1, self.rows).round().astype(int)
        )
        self.start = self.network.theta.copy()

    def __call__(self, theta: np.ndarray) -> float:
        from nntrain import kernels

        self.network.theta[...] = theta
        feed = self.feed
        with kernels.exclusive.lock, np.errstate(all="ignore"):
            self.network.info.fresh = True
            feed.forward(training=False)
            total, weight = self.loss(feed.prediction, feed.target, feed.weight, feed.no_gradient)
        return total / weight if weight else 0.0

    def gradient(self, theta: np.ndarray) -> np.ndarray:
        """(parameters,) float64, that of one training step, with its dropout."""
        from nntrain import kernels

        self.network.theta[...] = theta
        feed = self.feed
        assert feed.gradient is not None
        with kernels.exclusive.lock, np.errstate(all="ignore"):
            self.network.info.fresh = True
            feed.forward(training=True)
            self.loss(feed.prediction, feed.target, feed.weight, feed.gradient)
            feed.executor.backward()
        return self.network.grad.astype(np.float64)


@dataclass(frozen=True)
class Cut:
    """The loss (points,) at evenly spaced distances t (points,) along a line, which begins at t = 0."""

    t: np.ndarray
    loss: np.ndarray

    @property
    def slope(self) -> np.ndarray:
        return np.gradient(self.loss, self.t)

    @property
    def lowest(self) -> float:
        """Where the loss is lowest."""
        return float(self.t[self.loss.argmin()])

    def descend(self, lr: float) -> np.ndarray:
        """The positions (steps + 1,) of gradient descent from 0; it ends where a step leaves the cut, with that step."""
        found = [0.0]
        slope = self.slope
        while len(found) <= STEPS and self.t[0] <= found[-1] <= self.t[-1]:
            found.append(found[-1] - lr * float(np.interp(found[-1], self.t, slope)))
        return np.array(found)

    def at(self, t: np.ndarray) -> np.ndarray:
        return np.interp(t, self.t, self.loss)


def cut_along(objective: Objective, origin: np.ndarray, direction: np.ndarray) -> Cut:
    """The cut from `origin` along a unit vector, from a little before it to where the loss has risen again."""

    def loss_at(t: float) -> float:
        return objective((origin + t * direction).astype(origin.dtype))

    begin = loss_at(0.0)
    t = 1e-3 * max(float(np.linalg.norm(origin.astype(np.float64))), 1e-3)
    lowest, where = begin, 0.0
    for _ in range(DOUBLINGS):
        value = loss_at(t)
        if value < lowest:
            lowest, where = value, t
        if not value <= begin + 0.5 * (begin - lowest) and (where or not np.isfinite(value)):
            break
        t *= 1.3
    end = min(t, 6 * where) if where else t
    points = np.linspace(-0.12 * end, end, POINTS)
    loss = np.array([loss_at(each) for each in points])
    finite = np.isfinite(loss)
    return Cut(points[finite], loss[finite])


def rates(cut: Cut) -> dict[str, float]:
    """Three learning rates for gradient descent along the cut: one that creeps, one that arrives, and one that overshoots."""
    steepness = abs(float(np.interp(0.0, cut.t, cut.slope)))
    if not steepness > 0 or not cut.lowest > 0:
        steepness, target = max(steepness, 1e-12), float(cut.t[-1]) / 3
    else:
        target = cut.lowest
    unit = target / steepness  # the first step goes straight to the minimum
    tried = unit * np.logspace(-1.5, 2, 71)
    paths = [cut.descend(lr) for lr in tried]
    worst = [max(cut.at(path[1:]).max(), np.inf * (not inside(cut, path)) or 0.0) for path in paths]
    calm = [i for i, path in enumerate(paths) if inside(cut, path) and path[1] <= 0.55 * target]
    good = min(
        calm, key=lambda i: cut.at(paths[i]).mean(), default=int(np.argmin(np.abs(tried - 0.4 * unit)))
    )
    begin = float(cut.at(np.zeros(1))[0])
    large = next((i for i in range(good + 1, len(tried)) if worst[i] > begin), len(tried) - 1)
    return {"small": float(tried[good]) / 12, "good": float(tried[good]), "too large": float(tried[large])}


def inside(cut: Cut, path: np.ndarray) -> bool:
    return bool(cut.t[0] <= path.min() and path.max() <= cut.t[-1])
