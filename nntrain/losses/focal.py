"""Focal losses, for classes of which some are rare."""

from typing import Any

import numpy as np
from pydantic import Field

from nntrain import kernels
from nntrain.losses.binary import BinaryLoss
from nntrain.losses.classification import CrossEntropy, class_weights_of
from nntrain.losses.loss import EXPONENTIAL, Loss
from nntrain.losses.targets import Targets

GAMMA = "how strongly examples that are predicted well are discounted; 0 is the cross-entropy"


class Focal(CrossEntropy, name="focal"):
    """Focal loss: `-(1 - p)^gamma log(p)`, averaged over samples, with the probability p of the true class, `p = softmax(y)`.

    A cross-entropy in which examples that are predicted well count little, so that a frequent, easy class does not drown rare or
    hard ones. The probabilities are less confident than those of `cross_entropy`. The outputs are logits, as there.

    Source: Lin et al. 2017, Focal loss for dense object detection; there for two classes, see `binary_focal`.
    """

    gamma: float = Field(2.0, ge=0, description=GAMMA)

    def best_constant(self, targets: Targets) -> np.ndarray:
        """The logarithms of the probabilities that sum to 1 and at which all classes have the same slope, by bisection."""
        share = (1 - self.label_smoothing) * targets.frequencies + self.label_smoothing / targets.outputs
        if self.class_weights is not None:
            share = np.maximum(share * self.class_weights, np.finfo(np.float32).tiny)
        low, high = -40.0, 40.0  # the logarithm of the slope downwards
        for _ in range(60):
            middle = (low + high) / 2
            p = self._reaching(-np.exp(middle) / share)
            low, high = (middle, high) if p.sum() > 1 else (low, middle)
        return np.log(p / p.sum())

    def _reaching(self, slope: np.ndarray) -> np.ndarray:
        """The probability p at which the derivative of `-(1 - p)^gamma log(p)` has this value."""
        low, high = np.full(slope.shape, -60.0), np.zeros(slope.shape)  # logarithms
        for _ in range(60):
            middle = (low + high) / 2
            p = np.exp(middle)
            u = np.maximum(1 - p, np.finfo(np.float64).tiny)
            found = u ** (self.gamma - 1) * (self.gamma * np.log(p) - u / p)
            low, high = np.where(found < slope, middle, low), np.where(found < slope, high, middle)
        return np.exp((low + high) / 2)

    def total(self, gradient: np.ndarray, prediction: np.ndarray, *rest: Any) -> float:
        weights = class_weights_of(self, prediction.dtype)
        return kernels.focal.focal.run(
            4 * EXPONENTIAL * prediction.size,
            gradient,
            prediction,
            *rest,
            weights,
            self.label_smoothing,
            self.gamma,
        )


class BinaryFocal(BinaryLoss, name="binary_focal"):
    """Binary focal loss: `-a (1 - p)^gamma log(p)`, averaged over outputs and samples, with the probability p that `sigmoid(y)`
    gives to the true answer; a is alpha for positive targets, else 1 - alpha.

    `binary_cross_entropy` in which examples that are predicted well count little; for two classes (one output), or for multi-label
    targets of which few are positive. The outputs are logits.

    Source: Lin et al. 2017, Focal loss for dense object detection.
    """

    from_logits = True
    target_range = (0.0, 1.0)
    value_functions = ("sigmoid",)
    probability_functions = ("two_classes",)

    gamma: float = Field(2.0, ge=0, description=GAMMA)
    alpha: float = Field(
        0.25, gt=0, lt=1, description="the weight of positive targets; 0.5 treats both alike"
    )

    def best_constant(self, targets: Targets) -> np.ndarray:
        """By bisection, from the logits of shares that an observation can tell from 0 and 1."""
        return np.clip(Loss.best_constant(self, targets), -30, 30)

    def total(self, gradient: np.ndarray, prediction: np.ndarray, *rest: Any) -> float:
        return kernels.focal.binary_focal.run(
            4 * EXPONENTIAL * prediction.size,
            gradient,
            prediction,
            *rest,
            self.gamma,
            self.alpha,
            1 - self.alpha,
        )
