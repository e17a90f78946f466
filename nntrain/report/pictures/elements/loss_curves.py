"""Loss curves: each loss and its slope against what it measures, by the kernels that train."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nntrain.losses import Loss

POINTS = 401
TARGET = 1.0  # of the real-valued losses
FARTHEST = 30.0  # errors over which a density is integrated
SAMPLE = np.array([0.0, 1.0, 2.0, 3.0, 14.0])  # targets with an outlier


@dataclass(frozen=True)
class Curve:
    """loss and slope (points,) at x; `group` names what x is."""

    group: str
    label: str
    x: np.ndarray
    loss: np.ndarray
    slope: np.ndarray


def curve(loss: "Loss", label: str) -> Curve:
    """The loss against the error, the probability of the true class, the margin or the angle, whichever it measures."""
    if loss.binary and not loss.probabilistic:
        x = np.linspace(-3, 3, POINTS)
        return Curve("margin", label, x, *values(loss, x[:, None], np.int32(1)))
    if loss.binary:
        p = probabilities()
        return Curve("probability", label, p, *values(loss, np.log(p / (1 - p))[:, None], np.int32(1)))
    if loss.targets == "classes" or loss.yaml_name == "kl_div":
        p = probabilities()
        return Curve("probability", label, p, *values(loss, np.log([p, 1 - p]).T, np.int32(0)))
    if loss.yaml_name == "cosine":
        angle = np.linspace(-180, 180, POINTS)
        cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        found, gradient = gradients(loss, np.array([cosine, sine]).T, np.array([1.0, 0.0]))
        return Curve("angle", label, angle, found, (gradient * np.array([-sine, cosine]).T).sum(axis=1))
    x = np.linspace(-3, 3, POINTS)
    return Curve("error", label, x, *at(loss, origin(loss) + x))


def of_softmax(loss: "Loss", label: str) -> Curve:
    """A loss of one-hot targets after a softmax over two classes, with its slope by the logit of the true class."""
    from nntrain.layers.activations.softmax import Softmax
    from nntrain.network.single import Single

    p = probabilities()
    single = Single(Softmax(), ((2,),), len(p))
    single.ctx.x[...] = np.log([p, 1 - p]).T
    found, gradient = gradients(loss, single.forward().copy(), np.int32(0))
    single.executor.dy[...] = gradient
    single.backward()
    return Curve("probability", label, p, found, single.executor.dx[:, 0].copy())


def probabilities() -> np.ndarray:
    return np.linspace(0.004, 0.996, POINTS)


def origin(loss: "Loss") -> float:
    """The prediction without error for the target."""
    from nntrain.losses.targets import Targets

    return float(loss.best_constant(Targets(np.array([[TARGET]]), np.ones(1), 1))[0])


def at(loss: "Loss", points: np.ndarray, target: float = TARGET) -> tuple[np.ndarray, np.ndarray]:
    """The loss and its slope (points,) where all outputs predict a point; of `gaussian_nll` with a variance of 1."""
    outputs = np.repeat(points[:, None], loss.outputs_per_target, axis=1)
    gaussian = loss.yaml_name == "gaussian_nll"
    if gaussian:
        outputs[:, 1] = 0
    found, gradient = gradients(loss, outputs, np.array([target]))
    return found, gradient[:, 0] if gaussian else gradient.sum(axis=1)


def values(
    loss: "Loss", predictions: np.ndarray, target: np.ndarray | np.int32
) -> tuple[np.ndarray, np.ndarray]:
    """The loss and its slope by the first output (rows,) for each prediction (rows, outputs)."""
    found, gradient = gradients(loss, predictions, target)
    return found, gradient[:, 0]


def gradients(
    loss: "Loss", predictions: np.ndarray, target: np.ndarray | np.int32
) -> tuple[np.ndarray, np.ndarray]:
    """The loss (rows,) and its gradient (rows, outputs), each row on its own, since a loss returns a sum."""
    found = np.empty(len(predictions))
    gradient = np.empty(predictions.shape)
    targets = np.asarray(target)[None]
    for i in range(len(predictions)):
        total, counted = loss(predictions[i : i + 1].copy(), targets, None, gradient[i : i + 1])
        found[i] = total / counted
    return found, gradient


def density(loss: "Loss", x: np.ndarray) -> np.ndarray:
    """The probability density (points,) of the errors whose negative logarithm is the loss, except for a constant.

    Of the squared error without a factor 1/2 it is that of half the loss, so that its standard deviation is 1.
    """
    scale = 0.5 if loss.squares_targets and loss.outputs_per_target == 1 else 1.0
    wide = np.linspace(-FARTHEST, FARTHEST, 2001)
    start = origin(loss)

    def unnormalized(x: np.ndarray) -> np.ndarray:
        return np.exp(-scale * at(loss, start + x)[0])

    return unnormalized(x) / np.trapezoid(unnormalized(wide), wide)


def of_constants(loss: "Loss", constants: np.ndarray) -> np.ndarray:
    """The mean loss (constants,) of each constant prediction for the targets SAMPLE."""
    sums = [at(loss, constants, target)[0] for target in SAMPLE]
    return np.mean(sums, axis=0)
