"""Losses: how wrong a prediction is, and its gradient, in one pass."""

import math
from functools import cache
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain import kernels
from nntrain.component import Component
from nntrain.errors import ConfigError
from nntrain.options import Several

# A kernel goes parallel by its number of multiply-adds; an exponential is worth about so many.
EXPONENTIAL = 10


class Loss(Component, family="loss"):
    """How wrong a prediction is: the number that training makes small. Below, y is the prediction and t the target.

    Called with flat arrays: one row for each position that has a target.
    """

    from_logits: ClassVar[bool] = False  # applies softmax or sigmoid itself, so the model must not
    targets: ClassVar[Literal["real", "classes", "any"]] = (
        "any"  # "classes": also soft rows; "either": they mean one-hot
    )
    binary: ClassVar[bool] = False  # every output is a question of its own, answered yes above 0
    example: ClassVar[dict[str, Any]] = {}  # the options that gradcheck and the manual show it with
    mean_over_outputs: ClassVar[bool] = True  # the mean is over rows and outputs, not over rows alone
    target_range: ClassVar[tuple[float, float]] = (-math.inf, math.inf)  # where real targets must lie
    probabilistic: ClassVar[bool] = True  # of classes, by what it trains the outputs to

    def required_outputs(self, classes: int | None, targets: int | None) -> int:
        """How many outputs the model must have for `classes` classes or, with None, for `targets` numbers a sample.

        Raises ConfigError with the reason when the loss does not suit such data.
        """
        if classes is None:
            if self.targets == "classes":
                raise ConfigError(
                    f"{self.yaml_name} needs classes, but the data's targets are numbers. "
                    "For numbers there are mse, mae, huber."
                )
            return targets
        if self.targets == "real":
            raise ConfigError(
                f"{self.yaml_name} needs numbers as targets, but the data has classes. "
                "For classes there is cross_entropy."
            )
        return classes

    def check_targets(self, target: np.ndarray) -> None:
        """Raises ConfigError when a real target lies where the loss makes no sense."""
        low, high = self.target_range
        if low == -math.inf and high == math.inf:
            return
        target = np.asarray(target)
        outside = target[(target < low) | (target > high)] if target.ndim > 1 else target[:0]
        if outside.size:
            wanted = f"of at least {low:g}" if high == math.inf else f"from {low:g} to {high:g}"
            raise ConfigError(f"{self.yaml_name} needs targets {wanted}. Received: {outside[0]:g}.")

    def values(self, prediction: np.ndarray) -> np.ndarray:
        """(rows, outputs) float64: the outputs in the unit of the targets."""
        return prediction.astype(np.float64)

    def probabilities(self, prediction: np.ndarray) -> np.ndarray:
        """(rows, classes) float64: how likely each class is by the outputs; 1 for the answer where none are trained.

        Here for outputs that came near to one-hot targets: their shares in the sum of those above 0.
        """
        shares = self.values(prediction).clip(0, None)
        total = shares.sum(axis=1, keepdims=True)
        return np.where(total > 0, shares / np.where(total > 0, total, 1), 1 / shares.shape[1])

    def __call__(self, prediction, target, weight, gradient) -> tuple[float, float]:
        """The loss's sum over the rows, and the weight to divide it by for the mean.

        prediction: (rows, outputs). target: (rows,) int32 classes, or (rows, outputs) reals or soft classes.
        weight: (rows,) or None for all ones; rows of weight 0 count for nothing, whatever they hold.
        gradient: (rows, outputs), gets d(sum / weight) / d(prediction); an empty array of two axes asks for the loss alone.
        """
        counted = self.counted(prediction, target, weight)
        given = _ones(prediction.dtype) if weight is None else weight
        return self.total(gradient, prediction, target, given, counted), counted

    def counted(self, prediction, target, weight) -> float:
        """The weight to divide the sum by for the mean."""
        rows = float(len(prediction)) if weight is None else float(weight.sum(dtype=np.float64))
        return rows * prediction.shape[1] if self.mean_over_outputs else rows

    def total(self, gradient, prediction, target, weight, counted: float) -> float:
        """The sum, from the kernel; see kernels.losses."""
        raise NotImplementedError


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return np.exp(-np.logaddexp(0, -logits.astype(np.float64)))


@cache
def _ones(dtype: np.dtype) -> np.ndarray:
    """What kernels take for weights of 1: an empty array."""
    return np.empty(0, dtype)


@cache
def _array(values: tuple[float, ...], dtype: np.dtype) -> np.ndarray:
    return np.array(values, dtype)


class SumOfSquares(Loss, name="sse"):
    """The squared error summed over a sample's outputs, `sum of (y - t)²`, averaged over samples.

    For classes t is one-hot: 1 for the right class, 0 for the others.
    """

    mean_over_outputs = False

    def total(self, gradient, prediction, *rest):
        return kernels.losses.squared_error.run(2 * prediction.size, gradient, prediction, *rest)


class MeanSquaredError(Loss, name="mse"):
    """The squared error `(y - t)²`, averaged over outputs and samples.

    Large errors weigh most, so a few outliers can rule. For classes t is one-hot.
    """

    def total(self, gradient, prediction, *rest):
        return kernels.losses.squared_error.run(2 * prediction.size, gradient, prediction, *rest)


class MeanAbsoluteError(Loss, name="mae"):
    """The absolute error `|y - t|`, averaged over outputs and samples.

    It aims at the median, where `mse` aims at the mean, and bears outliers well. For classes t is one-hot.
    """

    def total(self, gradient, prediction, *rest):
        return kernels.losses.absolute_error.run(2 * prediction.size, gradient, prediction, *rest)


class Huber(Loss, name="huber"):
    """Half the squared error near 0 and linear beyond `delta`, so that outliers pull less.

    With `d = y - t`: `d² / 2` where `|d| <= delta`, else `delta (|d| - delta / 2)`; averaged over outputs and samples.

    Source: Huber 1964, Robust estimation of a location parameter.
    """

    delta: float = Field(
        1.0, gt=0, description="the error from which on the loss grows linearly, in the unit of the targets"
    )

    def total(self, gradient, prediction, *rest):
        return kernels.losses.huber.run(4 * prediction.size, gradient, prediction, *rest, self.delta, 1.0)


class SmoothL1(Loss, name="smooth_l1"):
    """The absolute error, rounded off near 0: `huber` divided by its delta.

    With `d = y - t`: `d² / (2 beta)` where `|d| <= beta`, else `|d| - beta / 2`; averaged over outputs and samples.

    Source: Girshick 2015, Fast R-CNN.
    """

    beta: float = Field(
        1.0, gt=0, description="the error below which the loss is a parabola, in the unit of the targets"
    )

    def total(self, gradient, prediction, *rest):
        return kernels.losses.huber.run(
            4 * prediction.size, gradient, prediction, *rest, self.beta, 1 / self.beta
        )


class LogCosh(Loss, name="log_cosh"):
    """A `huber` without a seam: `log(cosh(y - t))`, averaged over outputs and samples."""

    def total(self, gradient, prediction, *rest):
        return kernels.losses.log_cosh.run(3 * EXPONENTIAL * prediction.size, gradient, prediction, *rest)


class Poisson(Loss, name="poisson"):
    """For counts: `exp(y) - t y`, where the output y is the logarithm of the expected count; averaged over outputs and samples.

    The negative logarithm of the Poisson distribution, without the term that no output changes.
    """

    targets = "real"
    target_range = (0.0, math.inf)

    def values(self, prediction):
        return np.exp(prediction.astype(np.float64))

    def total(self, gradient, prediction, *rest):
        return kernels.losses.poisson.run(EXPONENTIAL * prediction.size, gradient, prediction, *rest)


class CrossEntropy(Loss, name="cross_entropy"):
    """For classes: `-log(p)` of the probability p that the softmax of the outputs gives to the right class, averaged over
    samples.

    The outputs are logits: the loss applies the softmax itself, so the model must not end in one. With label smoothing e the aim
    is `(1 - e) one-hot + e / classes`. With class weights the mean is weighted by those of the samples' classes; for soft targets
    it is not, as in PyTorch.

    Source: for label smoothing Szegedy et al. 2016, Rethinking the Inception architecture for computer vision.
    """

    from_logits = True
    targets = "classes"
    mean_over_outputs = False

    label_smoothing: float = Field(
        0.0,
        ge=0,
        le=1,
        description="the share of each aim that is spread evenly over all classes; "
        "keeps the network from being too sure",
    )
    class_weights: Several[Annotated[float, Field(ge=0)]] | None = Field(
        None, min_length=2, description="how much each class counts, in the order of the data's classes"
    )

    def required_outputs(self, classes: int | None, targets: int | None) -> int:
        outputs = super().required_outputs(classes, targets)
        if self.class_weights is not None and len(self.class_weights) != outputs:
            raise ConfigError(
                f"cross_entropy has {len(self.class_weights)} class_weights, but the data has {outputs} classes. "
                "Give one for each."
            )
        if self.class_weights is not None and not any(self.class_weights):
            raise ConfigError(
                "cross_entropy has class_weights that are all 0, so that nothing counts. Let one class count."
            )
        return outputs

    def counted(self, prediction, target, weight):
        if self.class_weights is None or target.ndim == 2:
            return super().counted(prediction, target, weight)
        of_rows = _array(self.class_weights, np.float64).take(
            target, mode="clip"
        )  # a padded row may hold any number
        return float(of_rows.sum() if weight is None else of_rows @ weight.astype(np.float64))

    def probabilities(self, prediction):
        logits = prediction.astype(np.float64)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def total(self, gradient, prediction, *rest):
        dtype = prediction.dtype
        class_weights = _ones(dtype) if self.class_weights is None else _array(self.class_weights, dtype)
        return kernels.losses.cross_entropy.run(
            EXPONENTIAL * prediction.size, gradient, prediction, *rest, class_weights, self.label_smoothing
        )


class BinaryCrossEntropy(Loss, name="binary_cross_entropy"):
    """For yes-or-no questions: `-t log(s) - (1 - t) log(1 - s)` with `s = sigmoid(y)`, averaged over outputs and samples.

    The outputs are logits: the loss applies the sigmoid itself. One output for data with two classes, the second being yes; for
    targets that are numbers from 0 to 1, one output each.
    """

    from_logits = True
    binary = True
    target_range = (0.0, 1.0)

    pos_weight: float = Field(
        1.0,
        gt=0,
        description="how much a yes counts against a no; the number of no's divided by that of "
        "yes's makes both weigh the same",
    )

    def required_outputs(self, classes: int | None, targets: int | None) -> int:
        return _outputs_for_questions(self, classes, targets)

    def values(self, prediction):
        return _sigmoid(prediction)

    def probabilities(self, prediction):
        return np.concatenate([_sigmoid(-prediction), _sigmoid(prediction)], axis=1)

    def total(self, gradient, prediction, *rest):
        return kernels.losses.binary_cross_entropy.run(
            2 * EXPONENTIAL * prediction.size, gradient, prediction, *rest, self.pos_weight
        )


class Hinge(Loss, name="hinge"):
    """For yes-or-no questions, as in a support vector machine: `max(0, 1 - s y)`, averaged over outputs and samples.

    s is 1 for a yes (a target above 0, the second of two classes) and -1 for a no. Answers that are right by a margin cost
    nothing.

    Source: Cortes & Vapnik 1995, Support-vector networks.
    """

    binary = True
    probabilistic = False

    def required_outputs(self, classes: int | None, targets: int | None) -> int:
        return _outputs_for_questions(self, classes, targets)

    def probabilities(self, prediction):
        return _certain(prediction)

    def total(self, gradient, prediction, *rest):
        return kernels.losses.hinge.run(3 * prediction.size, gradient, prediction, *rest)


class SquaredHinge(Loss, name="squared_hinge"):
    """The square of the hinge: `max(0, 1 - s y)²`, averaged over outputs and samples; s as in `hinge`."""

    binary = True
    probabilistic = False

    def required_outputs(self, classes: int | None, targets: int | None) -> int:
        return _outputs_for_questions(self, classes, targets)

    def probabilities(self, prediction):
        return _certain(prediction)

    def total(self, gradient, prediction, *rest):
        return kernels.losses.squared_hinge.run(3 * prediction.size, gradient, prediction, *rest)


def _outputs_for_questions(loss: Loss, classes: int | None, targets: int | None) -> int:
    if classes is None:
        return targets
    if classes != 2:
        raise ConfigError(
            f"{loss.yaml_name} is for two classes, or for targets of yes-or-no numbers; the data has {classes} "
            "classes. For those there is cross_entropy."
        )
    return 1


def _certain(prediction: np.ndarray) -> np.ndarray:
    """(rows, 2): 1 for the answer that the sign of (rows, 1) gives."""
    return np.concatenate([prediction <= 0, prediction > 0], axis=1).astype(np.float64)


class NegativeLogLikelihood(Loss, name="nll"):
    """For a model that ends in `log_softmax`: `-y` of the right class, averaged over samples; together they are `cross_entropy`."""

    targets = "classes"
    mean_over_outputs = False

    def probabilities(self, prediction):
        return np.exp(prediction.astype(np.float64))

    def total(self, gradient, prediction, *rest):
        return kernels.losses.kl_div.run(2 * prediction.size, gradient, prediction, *rest, False)


class KullbackLeibler(Loss, name="kl_div"):
    """How far a predicted distribution is from the aimed one: `t (log(t) - y)`, averaged over outputs and samples.

    The outputs y are logarithms of probabilities, as from `log_softmax`, the targets t probabilities.

    Source: Kullback & Leibler 1951, On information and sufficiency.
    """

    target_range = (0.0, math.inf)

    def values(self, prediction):
        return np.exp(prediction.astype(np.float64))

    def total(self, gradient, prediction, *rest):
        return kernels.losses.kl_div.run(EXPONENTIAL * prediction.size, gradient, prediction, *rest, True)


class Cosine(Loss, name="cosine"):
    """1 minus the cosine of the angle between outputs and target, averaged over samples: lengths don't matter."""

    mean_over_outputs = False

    # PyTorch's cosine_similarity counts a shorter vector as this long.
    SHORTEST: ClassVar[float] = 1e-8

    def total(self, gradient, prediction, *rest):
        return kernels.losses.cosine.run(6 * prediction.size, gradient, prediction, *rest, self.SHORTEST)
