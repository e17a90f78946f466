"""Surfaces: functions of two numbers on which optimizers are compared, and the paths that optimizers take on them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from nntrain.optimizers import Optimizer

Pair = tuple[float, float]
RATES = (1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
NEAREST = 1e-3  # distances below count as this, so that no rate is chosen for its last digits
FARTHEST = 1e6  # a path that goes beyond has diverged


@dataclass(frozen=True)
class Surface:
    """Its name in a sentence and as a heading; loss and gradient at x, y; where paths start; the minima and the loss there; the
    limits of the picture.
    """

    name: str
    heading: str
    loss: Callable[[Any, Any], Any]
    gradient: Callable[[float, float], Pair]
    start: Pair
    minima: tuple[Pair, ...]
    lowest: float
    x: Pair
    y: Pair

    def distance(self, path: np.ndarray) -> np.ndarray:
        """(steps,): how far each point of a path (steps, 2) is from the nearest minimum."""
        away = path[:, None] - np.array(self.minima)
        return np.hypot(away[..., 0], away[..., 1]).min(axis=1)

    def contains(self, path: np.ndarray) -> bool:
        """Whether a path stays within the limits of the picture."""
        low, high = np.array([self.x, self.y]).T
        return bool(((path >= low) & (path <= high)).all())


def beale_terms(x: Any, y: Any) -> tuple[Any, Any, Any]:
    return 1.5 - x + x * y, 2.25 - x + x * y**2, 2.625 - x + x * y**3


def beale_gradient(x: float, y: float) -> Pair:
    a, b, c = beale_terms(x, y)
    return (
        2 * (a * (y - 1) + b * (y**2 - 1) + c * (y**3 - 1)),
        2 * (a * x + 2 * b * x * y + 3 * c * x * y**2),
    )


def rosenbrock_gradient(x: float, y: float) -> Pair:
    return -2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)


SURFACES = {
    "beale": Surface(
        "Beale",
        "Beale: flat, with a steep wall",
        lambda x, y: np.square(beale_terms(x, y)).sum(axis=0),
        beale_gradient,
        (1.0, 1.5),
        ((3.0, 0.5),),
        0.0,
        (-0.2, 4.2),
        (-1.2, 2.2),
    ),
    "saddle": Surface(
        "the saddle",
        "A saddle between two minima",
        lambda x, y: x**2 - y**2 + y**4 / 4,
        lambda x, y: (2 * x, -2 * y + y**3),
        (-1.5, 0.01),
        ((0.0, 2**0.5), (0.0, -(2**0.5))),
        -1.0,
        (-2.0, 2.0),
        (-1.1, 2.1),
    ),
    "rosenbrock": Surface(
        "Rosenbrock",
        "Rosenbrock: a curved valley",
        lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
        rosenbrock_gradient,
        (-1.2, 1.0),
        ((1.0, 1.0),),
        0.0,
        (-1.9, 1.9),
        (-0.7, 2.3),
    ),
    "ravine": Surface(
        "the ravine",
        "A ravine, 40 times as steep across",
        lambda x, y: (x**2 + 40 * y**2) / 2,
        lambda x, y: (x, 40 * y),
        (-4.0, 1.0),
        ((0.0, 0.0),),
        0.0,
        (-4.8, 2.8),
        (-1.6, 1.6),
    ),
}


def path_of(optimizer: "Optimizer", surface: Surface, lr: float, steps: int) -> np.ndarray:
    """(steps + 1, 2): the points that the optimizer visits, or the average that it is evaluated at; NaN after it has diverged."""
    from nntrain.optimizers import Part, Tensor

    optimizer = optimizer.with_lr(lr)
    theta = np.array(surface.start, np.float32)
    grad = np.empty_like(theta)
    slots = {name: np.zeros_like(theta) for name in optimizer.slot_names()}
    part = Part(theta, grad, slots, 0, (Tensor("point", 0, 2, (1, 2), True),))
    optimizer.start(part)
    path = np.full((steps + 1, 2), np.nan)
    path[0] = theta
    with np.errstate(all="ignore"):
        for step in range(1, steps + 1):
            grad[:] = surface.gradient(float(theta[0]), float(theta[1]))
            if optimizer.perturbation:  # as training/ascent.py
                x, y = theta + optimizer.perturbation * grad / np.linalg.norm(grad)
                grad[:] = surface.gradient(float(x), float(y))
            optimizer.update(part, lr, step)
            if not np.abs(theta).max() < FARTHEST:
                break
            path[step] = slots.get(optimizer.average_slot, theta)
    return path


def score(surface: Surface, path: np.ndarray) -> tuple[bool, float]:
    """The lower, the better: first whether it leaves the picture, then the mean logarithm of the distance over the steps."""
    mean = float(np.log10(surface.distance(path).clip(NEAREST)).mean())
    return not surface.contains(path), np.inf if np.isnan(mean) else mean


def best_path(optimizer: "Optimizer", surface: Surface, steps: int) -> tuple[float, np.ndarray]:
    """The path with the learning rate of RATES that suits the optimizer best there, and that rate."""
    paths = {lr: path_of(optimizer, surface, lr, steps) for lr in RATES}
    lr = min(paths, key=lambda lr: score(surface, paths[lr]))
    return lr, paths[lr]
