"""Loss: the base class of all losses, and what they share."""

import math
from functools import cache
from typing import Any, ClassVar, Literal, cast

import numpy as np

from nntrain.component import Component
from nntrain.errors import ConfigError
from nntrain.losses.outcome import Step, apply, shares
from nntrain.losses.targets import Targets

# A kernel runs in parallel from a number of multiply-adds on; an exponential costs about as much as so many.
EXPONENTIAL = 10


class Loss(Component, family="loss"):
    """The loss function that training minimizes. In the formulas, y is the prediction and t the target.

    Called with flat arrays: one row per sample, or per step of a sequence with a target per step.
    """

    targets: ClassVar[Literal["real", "classes", "any"]] = "any"  # "classes": soft rows too; "any": one-hot
    target_range: ClassVar[tuple[float, float]] = (-math.inf, math.inf)  # of real-valued targets
    from_logits: ClassVar[bool] = False  # applies softmax or sigmoid itself, so the model must not
    binary: ClassVar[bool] = False  # each output is a binary classifier of its own: positive above 0
    probabilistic: ClassVar[bool] = True  # trained outputs determine class probabilities
    mean_over_outputs: ClassVar[bool] = True  # the mean is over rows and outputs, else over rows only
    follows_scale: ClassVar[bool] = (
        True  # real-valued targets ten times as large need outputs ten times as large
    )
    # How `values` and `probabilities` follow from the outputs, by the names of losses.outcome.FUNCTIONS, applied in order.
    value_functions: ClassVar[tuple[str, ...]] = ()  # none: the outputs themselves
    probability_functions: ClassVar[tuple[str, ...] | None] = (
        None  # None: each value's share in the sum of the positive ones
    )
    squares_targets: ClassVar[bool] = False  # the float type must hold the square of a target

    @property
    def outputs_per_target(self) -> int:
        """How many outputs, neighbours, predict one real-valued target."""
        return 1

    def required_outputs(self, classes: int | None, targets: int | None) -> int:
        """How many outputs the model needs for `classes` classes or, if that is None, `targets` real-valued targets.

        Raises ConfigError with the reason if the loss does not suit such data.
        """
        if classes is None:
            if self.targets == "classes":
                raise ConfigError(
                    f"{self.yaml_name} requires class targets, but the data has real-valued targets",
                    "Use a regression loss, such as mse, mae or huber.",
                )
            return cast(int, targets) * self.outputs_per_target
        if self.targets == "real":
            raise ConfigError(
                f"{self.yaml_name} requires real-valued targets, but the data has class targets",
                "Use a classification loss, such as cross_entropy.",
            )
        return classes

    def check_targets(self, target: np.ndarray) -> None:
        """Raises ConfigError if a real-valued target lies outside `target_range`."""
        low, high = self.target_range
        if low == -math.inf and high == math.inf:
            return
        target = np.asarray(target)
        outside = target[(target < low) | (target > high)] if target.ndim > 1 else target[:0]
        if outside.size:
            expected = f"of at least {low:g}" if high == math.inf else f"from {low:g} to {high:g}"
            raise ConfigError(
                f"{self.yaml_name} requires targets {expected}. Received: {outside[0]:g}",
                "Fix the targets, or use another loss, such as mse.",
            )

    @property
    def predicts_values(self) -> bool:
        """Whether each output is the value that it predicts for its target, as for most losses."""
        return not self.value_functions and type(self).values is Loss.values and self.outputs_per_target == 1

    def values(self, prediction: np.ndarray) -> np.ndarray:
        """(rows, outputs) float64: what the outputs predict, on the scale of the targets."""
        return apply(self.value_functions, prediction)

    def point(self, prediction: np.ndarray) -> np.ndarray:
        """(rows, targets) float64: the one number that is predicted for each target, which metrics compare with it."""
        return self.values(prediction)

    def value_names(self, targets: tuple[str, ...]) -> tuple[str, ...]:
        """The names of `values`, for targets with these names."""
        return targets

    def unstandardized(self, mean: np.ndarray, std: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """(outputs,) shift and factor: `shift + factor * outputs` of a network that learned standardized targets predicts the
        targets themselves, of this mean and standard deviation (targets,). None where no such numbers do so.
        """
        return (mean, std) if self.follows_scale and self.predicts_values else None

    def value_steps(self, outputs: int) -> tuple[Step, ...]:
        """How `values` follows from so many outputs, for an exported network."""
        return self.value_functions

    def value_slopes(self, prediction: np.ndarray) -> np.ndarray:
        """(rows, outputs) float64: the derivative of `values`, where explanations are in the unit of the targets; else 1."""
        return np.ones(prediction.shape)

    def outputs_of(self, mean: np.ndarray) -> np.ndarray:
        """(outputs,) float64: the outputs that predict these means of the targets, where they are on the same scale."""
        return mean - 0.5 if self.binary else mean

    def best_at_mean(self, targets: Targets) -> np.ndarray | None:
        """(outputs,) float64: the outputs that predict the mean of the targets, where each target has one output."""
        return self.outputs_of(targets.mean) if self.outputs_per_target == 1 else None

    def probabilities(self, prediction: np.ndarray) -> np.ndarray:
        """(rows, classes) float64: class probabilities; 1 for the predicted class if the loss is not probabilistic.

        By default for outputs that approximate one-hot targets: each output's share in the sum of the positive ones.
        """
        if self.probability_functions is None:
            return shares(self.values(prediction))
        return apply(self.probability_functions, prediction)

    def __call__(
        self, prediction: np.ndarray, target: np.ndarray, weight: np.ndarray | None, gradient: np.ndarray
    ) -> tuple[float, float]:
        """The weighted sum of the loss over the rows, and the weight by which to divide it for the mean.

        prediction: (rows, outputs). target: (rows,) int32 classes, or (rows, outputs) real values or soft classes.
        weight: (rows,), or None for all ones; rows of weight 0 are ignored, even if they hold NaN.
        gradient: (rows, outputs), receives d(sum / weight) / d(prediction); an empty array of two axes if not needed.
        """
        counted = self.counted(prediction, target, weight)
        weights = ones(prediction.dtype) if weight is None else weight
        return self.total(gradient, prediction, target, weights, counted), counted

    def best_constant(self, targets: Targets) -> np.ndarray:
        """(outputs,) float64: of all predictions that do not depend on the input, the one with the lowest loss.

        By default found by bisection, which is right where the loss is a sum of convex functions of single outputs.
        """
        low, high = targets.matrix.min(axis=0), targets.matrix.max(axis=0)
        width = np.maximum(high - low, 1.0)
        for _ in range(10):  # the outputs of some losses are not on the scale of the targets
            low = np.where(self._slope(low, targets) > 0, low - width, low)
            high = np.where(self._slope(high, targets) < 0, high + width, high)
            width *= 2
        for _ in range(50):
            middle = (low + high) / 2
            rising = self._slope(middle, targets) > 0
            low, high = np.where(rising, low, middle), np.where(rising, middle, high)
        return (low + high) / 2

    def _slope(self, constant: np.ndarray, targets: Targets) -> np.ndarray:
        """(outputs,) float64: the derivative of the loss with respect to a constant prediction."""
        dtype = targets.weight.dtype
        prediction = np.tile(constant.astype(dtype), (len(targets.rows), 1))
        gradient = np.empty_like(prediction)
        self(prediction, targets.rows, targets.weight, gradient)
        return gradient.sum(axis=0, dtype=np.float64)

    def counted(self, prediction: np.ndarray, target: np.ndarray, weight: np.ndarray | None) -> float:
        """The weight by which to divide the sum for the mean."""
        rows = float(len(prediction)) if weight is None else float(weight.sum(dtype=np.float64))
        return rows * self.row_weight(prediction.shape[1])

    def row_weight(self, outputs: int) -> int:
        """What a row of so many outputs counts in the mean."""
        return outputs if self.mean_over_outputs else 1

    def total(
        self,
        gradient: np.ndarray,
        prediction: np.ndarray,
        target: np.ndarray,
        weight: np.ndarray,
        counted: float,
        /,
    ) -> float:
        """The sum over the rows; writes the gradient. Calls a kernel of `nntrain.kernels.losses`.

        weight: (rows,), or empty for all ones. counted: what `counted` returned.
        """
        raise NotImplementedError


@cache
def ones(dtype: np.dtype[Any]) -> np.ndarray:
    """Weights that are all 1, as kernels expect them: an empty array."""
    return np.empty(0, dtype)
