"""Binary losses: each output is a classifier of its own, for two classes or for multi-label targets."""

from typing import Any

import numpy as np
from pydantic import Field

from nntrain import kernels
from nntrain.errors import ConfigError
from nntrain.losses.loss import EXPONENTIAL, Loss
from nntrain.losses.targets import Targets


class BinaryLoss(Loss):
    """Base of the binary losses: one output for two classes, else one output per target."""

    binary = True
    follows_scale = False

    def required_outputs(self, classes: int | None, targets: int | None) -> int:
        if classes is None:
            return super().required_outputs(classes, targets)
        if classes != 2:
            raise ConfigError(
                f"{self.yaml_name} requires two classes or binary targets, but the data has {classes} classes",
                "Use cross_entropy.",
            )
        return 1


class BinaryCrossEntropy(BinaryLoss, name="binary_cross_entropy"):
    """Binary cross-entropy: `-t log(s) - (1 - t) log(1 - s)` with `s = sigmoid(y)`, averaged over outputs and samples.

    The usual loss for two classes (one output, the second class is the positive one) and for multi-label targets from 0 to 1
    (one output each). The outputs are logits: the loss applies the sigmoid, so the model must not end in one.
    """

    from_logits = True
    target_range = (0.0, 1.0)
    value_functions = ("sigmoid",)
    probability_functions = ("two_classes",)

    pos_weight: float = Field(
        1.0,
        gt=0,
        description="the weight of positive targets; the number of negatives divided by the number of positives "
        "balances both",
    )

    def best_constant(self, targets: Targets) -> np.ndarray:
        """The logit of the share of positive targets."""
        rare = 0.5 / targets.weight.sum()
        share = targets.mean.clip(rare, 1 - rare)
        return np.log(self.pos_weight * share / (1 - share))

    def total(self, gradient: np.ndarray, prediction: np.ndarray, *rest: Any) -> float:
        return kernels.losses.binary_cross_entropy.run(
            2 * EXPONENTIAL * prediction.size, gradient, prediction, *rest, self.pos_weight
        )


class MarginLoss(BinaryLoss):
    """Base of the hinge losses: the sign of the output is the prediction, and no probabilities follow from it."""

    probabilistic = False
    probability_functions = ("side",)


class Hinge(MarginLoss, name="hinge"):
    """Hinge loss: `max(0, 1 - s y)`, averaged over outputs and samples; s is 1 for positive targets (above 0, or the second of two
    classes), else -1.

    The loss of support vector machines: predictions that are correct by a margin of 1 cost nothing.

    Source: Cortes & Vapnik 1995, Support-vector networks.
    """

    def best_constant(self, targets: Targets) -> np.ndarray:
        """Each output is that of the more frequent sign."""
        return np.where(targets.positive > 0.5, 1.0, -1.0)

    def total(self, gradient: np.ndarray, prediction: np.ndarray, *rest: Any) -> float:
        return kernels.losses.hinge.run(3 * prediction.size, gradient, prediction, *rest)


class SquaredHinge(MarginLoss, name="squared_hinge"):
    """Squared hinge loss: `max(0, 1 - s y)²`, averaged over outputs and samples; s is 1 for positive targets, else -1.

    A smooth `hinge` that penalizes large violations of the margin more.
    """

    def best_constant(self, targets: Targets) -> np.ndarray:
        return 2 * targets.positive - 1

    def total(self, gradient: np.ndarray, prediction: np.ndarray, *rest: Any) -> float:
        return kernels.losses.squared_hinge.run(3 * prediction.size, gradient, prediction, *rest)
