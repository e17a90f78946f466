"""Classification losses: one output per class."""

import math
from functools import cache
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from nntrain import kernels
from nntrain.errors import ConfigError
from nntrain.losses.loss import EXPONENTIAL, Loss, ones
from nntrain.losses.targets import Targets
from nntrain.options import Several


class CrossEntropy(Loss, name="cross_entropy"):
    """Cross-entropy: `-log(p)`, averaged over samples, with the probability p of the true class, `p = softmax(y)`.

    The usual loss for several classes. The outputs are logits: the loss applies the softmax, so the model must not end in one.
    With label smoothing e the target is `(1 - e) one-hot + e / classes`. With class weights the mean is weighted by them; for
    soft targets it is not, as in PyTorch.

    Source: for label smoothing Szegedy et al. 2016, Rethinking the Inception architecture for computer vision.
    """

    from_logits = True
    targets = "classes"
    mean_over_outputs = False
    probability_functions = ("softmax",)

    label_smoothing: float = Field(
        0.0,
        ge=0,
        le=1,
        description="the fraction of each target that is spread evenly over all classes; "
        "prevents overconfident predictions",
    )
    class_weights: Several[Annotated[float, Field(ge=0)]] | None = Field(
        None, min_length=2, description="the weight of each class, in the order of the data's classes"
    )

    def required_outputs(self, classes: int | None, targets: int | None) -> int:
        outputs = super().required_outputs(classes, targets)
        if self.class_weights is not None and len(self.class_weights) != outputs:
            raise ConfigError(
                f"`class_weights` has {len(self.class_weights)} values, but the data has {outputs} classes",
                "Set one weight per class.",
            )
        if self.class_weights is not None and not any(self.class_weights):
            raise ConfigError(
                "`class_weights` are all 0, so no sample counts", "Set at least one weight above 0."
            )
        return outputs

    def counted(self, prediction: np.ndarray, target: np.ndarray, weight: np.ndarray | None) -> float:
        if self.class_weights is None or target.ndim == 2:
            return super().counted(prediction, target, weight)
        # Clipped, because a padded row may hold any number.
        of_rows = _array(self.class_weights, np.dtype(np.float64)).take(target, mode="clip")
        return float(of_rows.sum() if weight is None else of_rows @ weight.astype(np.float64))

    def best_constant(self, targets: Targets) -> np.ndarray:
        """The logarithm of the class frequencies, smoothed and weighted as in the loss."""
        classes, smoothing = targets.outputs, self.label_smoothing
        share = (1 - smoothing) * targets.frequencies + smoothing / classes
        if self.class_weights is not None:
            share = np.maximum(share * self.class_weights, np.finfo(np.float32).tiny)
        return np.log(share / share.sum())

    def total(self, gradient: np.ndarray, prediction: np.ndarray, *rest: Any) -> float:
        class_weights = class_weights_of(self, prediction.dtype)
        return kernels.losses.cross_entropy.run(
            EXPONENTIAL * prediction.size, gradient, prediction, *rest, class_weights, self.label_smoothing
        )


def class_weights_of(loss: CrossEntropy, dtype: np.dtype[Any]) -> np.ndarray:
    """As kernels expect them: empty for all ones."""
    return ones(dtype) if loss.class_weights is None else _array(loss.class_weights, dtype)


@cache
def _array(values: tuple[float, ...], dtype: np.dtype[Any]) -> np.ndarray:
    return np.array(values, dtype)


def log_shares(targets: Targets) -> np.ndarray:
    """The mean of the targets as log-probabilities."""
    return np.log(targets.frequencies / targets.frequencies.sum())


class NegativeLogLikelihood(Loss, name="nll"):
    """Negative log-likelihood: `-y` of the true class, averaged over samples; y are log-probabilities.

    For a model that ends in `log_softmax`; the two together are `cross_entropy`.
    """

    targets = "classes"
    mean_over_outputs = False
    probability_functions = ("exp",)

    def best_constant(self, targets: Targets) -> np.ndarray:
        return log_shares(targets)

    def total(self, gradient: np.ndarray, prediction: np.ndarray, *rest: Any) -> float:
        return kernels.losses.kl_div.run(2 * prediction.size, gradient, prediction, *rest, False)


class KullbackLeibler(Loss, name="kl_div"):
    """Kullback-Leibler divergence of the prediction from the target: `t (log(t) - y)`, averaged over outputs and samples.

    For targets t that are probability distributions. The outputs y are log-probabilities, as from `log_softmax`.

    Source: Kullback & Leibler 1951, On information and sufficiency.
    """

    target_range = (0.0, math.inf)
    follows_scale = False
    value_functions = ("exp",)

    def best_constant(self, targets: Targets) -> np.ndarray:
        return log_shares(targets)

    def total(self, gradient: np.ndarray, prediction: np.ndarray, *rest: Any) -> float:
        return kernels.losses.kl_div.run(EXPONENTIAL * prediction.size, gradient, prediction, *rest, True)
