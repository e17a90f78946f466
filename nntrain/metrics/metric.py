"""Metric: the base class, and what several metrics share."""

import math
from typing import ClassVar, Literal

import numpy as np

from nntrain.component import Component
from nntrain.errors import ConfigError
from nntrain.losses import Loss
from nntrain.metrics.state import Sums, append


class Metric(Component, family="metric"):
    """A quantity that is reported for each split, along with the loss. Training does not depend on it, but `monitor` can
    select the best epoch by it."""

    targets: ClassVar[Literal["real", "classes", "any"]] = "any"  # "classes": binary targets too
    higher_is_better: ClassVar[bool] = False
    on_values: ClassVar[bool] = (
        False  # compares what `Loss.values` makes of the outputs, on the scale of the targets
    )
    scalar: ClassVar[bool] = True  # a single number, which can be plotted, monitored and written to a table

    def check(self, loss: Loss, classes: int | None) -> None:
        """Raises ConfigError if the metric does not suit the loss or the data; `classes` is None for real-valued targets."""
        if self.targets == "classes" and classes is None and not loss.binary:
            raise ConfigError(
                f"{self.yaml_name} requires class targets, but the data has real-valued targets",
                "Use a regression metric: mae, mse, r2 or rmse.",
            )
        if self.targets == "real" and classes is not None:
            raise ConfigError(
                f"{self.yaml_name} requires real-valued targets, but the data has class targets",
                "Use a classification metric, such as accuracy.",
            )

    def compares_points(self, loss: Loss) -> bool:
        """Whether it compares what the outputs predict, such as the exponential of poisson's outputs, and not the outputs themselves."""
        return self.on_values and not loss.predicts_values

    def start(self, loss: Loss) -> Sums:
        """The sums before the first batch, for predictions of a model that is trained with `loss`.

        A checkpoint stores the sums: small values as JSON, NumPy arrays (or lists of them) as tensors; see
        `nntrain.metrics.state`. Whatever grows with the number of samples or classes belongs into arrays.
        """
        raise NotImplementedError

    def add(self, sums: Sums, prediction: np.ndarray, target: np.ndarray, weight: np.ndarray | None) -> None:
        """Adds a batch. prediction: (rows, outputs). target: as for losses. weight: (rows,), or None for all ones.

        The arrays are buffers that the next batch overwrites: copy what the sums keep.
        """
        raise NotImplementedError

    def merge(self, sums: Sums, others: Sums) -> None:
        """Adds the sums of later batches, which started anew. After those of a single batch, the bits are those of `add`.

        By default numbers and arrays are added, and lists of arrays appended; texts, truth values and None stay.
        """
        for key, other in others.items():
            if isinstance(other, list):
                for part in other:
                    append(sums, key, part)
            elif not isinstance(other, str | bool | None):
                sums[key] = sums[key] + other if key in sums else other

    @property
    def averages_labels(self) -> bool:
        """Whether it is an unweighted mean over the labels that occur: of classes, or of multi-label outputs."""
        return False

    def sums_the_loss(self, loss: Loss) -> bool:
        """Whether the sums `sum` and `count` are those of the loss, so that they need not be computed twice."""
        return False

    def value(self, sums: Sums) -> float | list[list[float]]:
        """The metric over all batches; NaN where it is undefined, for example if no row has a weight above 0."""
        raise NotImplementedError


def counted_rows(
    prediction: np.ndarray, target: np.ndarray, weight: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rows whose weight is not 0, and their weights in float64."""
    if weight is None:
        return prediction, target, np.ones(len(prediction))
    kept = weight != 0
    return prediction[kept], target[kept], weight[kept].astype(np.float64)


def one_hot(target: np.ndarray, outputs: int) -> np.ndarray:
    """(rows, outputs) float64: class numbers become one-hot rows; rows stay as they are."""
    if target.ndim == 2:
        return target.astype(np.float64)
    return (target[:, None] == np.arange(outputs)).astype(np.float64)


def ratio(numerator: float, denominator: float) -> float:
    """NaN if the denominator is 0."""
    return numerator / denominator if denominator else math.nan


def predicted_classes(prediction: np.ndarray) -> np.ndarray:
    """(rows,): the index of the largest output; for a single output, whether it is above 0."""
    return prediction[:, 0] > 0 if prediction.shape[1] == 1 else prediction.argmax(axis=1)


def labels(prediction: np.ndarray, target: np.ndarray, binary: bool) -> tuple[np.ndarray, np.ndarray]:
    """Predicted and true labels: class numbers (rows,), or True and False (rows, outputs) for binary outputs."""
    if target.ndim == 1:
        return predicted_classes(prediction), target
    if binary:
        return prediction > 0, target > 0.5
    return prediction.argmax(axis=1), target.argmax(axis=1)
