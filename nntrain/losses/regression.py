"""Regression losses: from the error y - t, or for counts and directions."""

import math
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from nntrain import kernels
from nntrain.losses.loss import EXPONENTIAL, Loss
from nntrain.losses.targets import Targets


class SumOfSquares(Loss, name="sse"):
    """Sum of squared errors: `sum of (y - t)²` over the outputs, averaged over samples.

    For classes t is one-hot: 1 for the true class, 0 for the others.
    """

    mean_over_outputs = False
    squares_targets = True

    def best_constant(self, targets: Targets) -> np.ndarray:
        return targets.mean

    def total(self, gradient: np.ndarray, prediction: np.ndarray, *rest: Any) -> float:
        return kernels.losses.squared_error.run(2 * prediction.size, gradient, prediction, *rest)


class MeanSquaredError(Loss, name="mse"):
    """Mean squared error: `(y - t)²`, averaged over outputs and samples.

    The usual loss for regression; its minimum is the mean of the targets. Large errors dominate, so it is sensitive to outliers.
    For classes t is one-hot.
    """

    squares_targets = True

    def best_constant(self, targets: Targets) -> np.ndarray:
        return targets.mean

    def total(self, gradient: np.ndarray, prediction: np.ndarray, *rest: Any) -> float:
        return kernels.losses.squared_error.run(2 * prediction.size, gradient, prediction, *rest)


class MeanAbsoluteError(Loss, name="mae"):
    """Mean absolute error, or L1 loss: `|y - t|`, averaged over outputs and samples.

    Its minimum is the median of the targets, so it is robust to outliers. For classes t is one-hot.
    """

    def best_constant(self, targets: Targets) -> np.ndarray:
        return targets.median

    def total(self, gradient: np.ndarray, prediction: np.ndarray, *rest: Any) -> float:
        return kernels.losses.absolute_error.run(2 * prediction.size, gradient, prediction, *rest)


class Huber(Loss, name="huber"):
    """Huber loss: with `d = y - t`, `d² / 2` where `|d| <= delta`, else `delta (|d| - delta / 2)`; averaged over outputs and
    samples.

    Quadratic for small errors and linear for large ones, so it is robust to outliers and smooth at 0.

    Source: Huber 1964, Robust estimation of a location parameter.
    """

    delta: float = Field(
        1.0,
        gt=0,
        description="the error at which the loss changes from quadratic to linear, in the unit of the targets",
    )

    def total(self, gradient: np.ndarray, prediction: np.ndarray, *rest: Any) -> float:
        return kernels.losses.huber.run(4 * prediction.size, gradient, prediction, *rest, self.delta, 1.0)


class SmoothL1(Loss, name="smooth_l1"):
    """Smooth L1 loss: with `d = y - t`, `d² / (2 beta)` where `|d| <= beta`, else `|d| - beta / 2`; averaged over outputs and
    samples.

    It equals `huber` with `delta = beta`, divided by beta: the slope of the linear part is 1.

    Source: Girshick 2015, Fast R-CNN.
    """

    beta: float = Field(
        1.0,
        gt=0,
        description="the error at which the loss changes from quadratic to linear, in the unit of the targets",
    )

    def total(self, gradient: np.ndarray, prediction: np.ndarray, *rest: Any) -> float:
        return kernels.losses.huber.run(
            4 * prediction.size, gradient, prediction, *rest, self.beta, 1 / self.beta
        )


class LogCosh(Loss, name="log_cosh"):
    """Log-cosh loss: `log(cosh(y - t))`, averaged over outputs and samples.

    Like `huber` it is quadratic near 0 and linear for large errors, but smooth everywhere.
    """

    def total(self, gradient: np.ndarray, prediction: np.ndarray, *rest: Any) -> float:
        return kernels.losses.log_cosh.run(3 * EXPONENTIAL * prediction.size, gradient, prediction, *rest)


class Poisson(Loss, name="poisson"):
    """Poisson loss for counts: `exp(y) - t y`, averaged over outputs and samples; y is the logarithm of the expected count.

    The negative log-likelihood of the Poisson distribution, without the term that does not depend on y.
    """

    targets = "real"
    target_range = (0.0, math.inf)
    follows_scale = False
    value_functions = ("exp",)

    def best_constant(self, targets: Targets) -> np.ndarray:
        return np.log(targets.frequencies)

    def total(self, gradient: np.ndarray, prediction: np.ndarray, *rest: Any) -> float:
        return kernels.losses.poisson.run(EXPONENTIAL * prediction.size, gradient, prediction, *rest)


class Cosine(Loss, name="cosine"):
    """Cosine distance: `1 - y·t / (|y| |t|)`, averaged over samples.

    It compares directions; the lengths of y and t do not matter.
    """

    mean_over_outputs = False
    follows_scale = False

    # Lower bound of the norms, as in PyTorch's cosine_similarity.
    SHORTEST: ClassVar[float] = 1e-8

    def best_constant(self, targets: Targets) -> np.ndarray:
        """The mean direction."""
        lengths = np.linalg.norm(targets.matrix, axis=1)
        return targets.weight / np.maximum(lengths, self.SHORTEST) @ targets.matrix / targets.weight.sum()

    def total(self, gradient: np.ndarray, prediction: np.ndarray, *rest: Any) -> float:
        return kernels.losses.cosine.run(6 * prediction.size, gradient, prediction, *rest, self.SHORTEST)
