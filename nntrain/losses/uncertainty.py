"""Losses of several outputs per target: predictions that state how certain they are."""

import math
from functools import cache
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field, field_validator

from nntrain import kernels
from nntrain.losses.loss import EXPONENTIAL, Loss
from nntrain.losses.outcome import apply
from nntrain.losses.targets import Targets
from nntrain.options import Several, mistake


class Quantile(Loss, name="quantile"):
    """Quantile loss, or pinball loss: with `d = t - y`, `q d` where `d > 0`, else `(q - 1) d`; averaged over quantiles q,
    targets and samples.

    Its minimum is the quantile q of the targets, given the inputs: 0.1 and 0.9 enclose 80% of them. The model needs one output
    per quantile, for several targets those of the first target first. `predict` gives `q0.1(NAME)` and so on; metrics compare the
    quantile nearest 0.5 with the targets. Quantiles that the data hardly tell apart may cross.

    Source: Koenker & Bassett 1978, Regression quantiles.
    """

    targets = "real"

    quantiles: Several[Annotated[float, Field(gt=0, lt=1)]] = Field(
        (0.1, 0.5, 0.9),
        min_length=1,
        description="the quantiles to predict, in rising order, each between 0 and 1",
    )

    @field_validator("quantiles")
    @classmethod
    def _rising(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if list(value) != sorted(set(value)):
            raise mistake(f"expected quantiles in rising order. Received: {', '.join(map(str, value))}")
        return value

    @property
    def outputs_per_target(self) -> int:
        return len(self.quantiles)

    def point(self, prediction: np.ndarray) -> np.ndarray:
        middle = int(np.abs(np.array(self.quantiles) - 0.5).argmin())
        return self.values(prediction)[:, middle :: len(self.quantiles)]

    def unstandardized(self, mean: np.ndarray, std: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.repeat(mean, len(self.quantiles)), np.repeat(std, len(self.quantiles))

    def value_names(self, targets: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(f"q{q:g}({name})" for name in targets for q in self.quantiles)

    def best_constant(self, targets: Targets) -> np.ndarray:
        return np.array([targets.quantile(q) for q in self.quantiles]).T.ravel()

    def total(self, gradient: np.ndarray, prediction: np.ndarray, *rest: Any) -> float:
        quantiles = _array(self.quantiles, prediction.dtype)
        return kernels.uncertainty.quantile.run(3 * prediction.size, gradient, prediction, *rest, quantiles)


@cache
def _array(values: tuple[float, ...], dtype: np.dtype[Any]) -> np.ndarray:
    return np.array(values, dtype)


class GaussianNegativeLogLikelihood(Loss, name="gaussian_nll"):
    """Gaussian negative log-likelihood: `(s + (t - m)² exp(-s)) / 2`, averaged over targets and samples; m is the mean and s the
    logarithm of the variance.

    For predictions with a standard deviation of their own, where the noise depends on the inputs. The model needs two outputs per
    target, m and s, for several targets those of the first target first. `predict` gives `mean(NAME)` and `std(NAME)`; metrics
    compare the mean with the targets. The term `log(2 pi) / 2` is left out.

    Source: Nix & Weigend 1994, Estimating the mean and variance of the target probability distribution.
    """

    targets = "real"
    squares_targets = True
    value_functions = ("mean_std",)

    min_variance: float = Field(
        1e-6,
        gt=0,
        description="the lowest variance that the loss computes with, so that samples that are predicted exactly do not dominate",
    )

    PER_TARGET: ClassVar[int] = 2

    @property
    def outputs_per_target(self) -> int:
        return self.PER_TARGET

    def row_weight(self, outputs: int) -> int:
        return outputs // self.PER_TARGET

    def point(self, prediction: np.ndarray) -> np.ndarray:
        return apply((), prediction[:, :: self.PER_TARGET])

    def unstandardized(self, mean: np.ndarray, std: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return side_by_side(mean, 2 * np.log(std)), side_by_side(std, np.ones_like(std))

    def value_names(self, targets: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(f"{what}({name})" for name in targets for what in ("mean", "std"))

    def best_constant(self, targets: Targets) -> np.ndarray:
        """The mean and the logarithm of the variance of each target."""
        share = targets.weight / targets.weight.sum()
        variance = share @ (targets.matrix - targets.mean) ** 2
        return side_by_side(targets.mean, np.log(np.maximum(variance, self.min_variance)))

    def total(self, gradient: np.ndarray, prediction: np.ndarray, *rest: Any) -> float:
        return kernels.uncertainty.gaussian.run(
            EXPONENTIAL * prediction.size, gradient, prediction, *rest, math.log(self.min_variance)
        )


def side_by_side(means: np.ndarray, log_variances: np.ndarray) -> np.ndarray:
    """(targets * 2,): m and s of each target in turn."""
    return np.stack([means, log_variances], axis=1).ravel()
