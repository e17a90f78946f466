"""Classification metrics: from predicted and true labels."""

from typing import Literal

import numpy as np
from pydantic import Field

from nntrain.errors import ConfigError
from nntrain.losses import Loss
from nntrain.metrics.metric import Metric, counted_rows, labels, ratio
from nntrain.metrics.state import Sums


class Accuracy(Metric, name="accuracy"):
    """Accuracy: the fraction of correct predictions, `correct / all`.

    The prediction is the class with the largest output; for a binary output it is positive above 0. For multi-label targets each
    output counts as one prediction.
    """

    targets = "classes"
    higher_is_better = True

    def start(self, loss: Loss) -> Sums:
        return {"binary": loss.binary, "correct": 0.0, "count": 0.0}

    def add(self, sums: Sums, prediction: np.ndarray, target: np.ndarray, weight: np.ndarray | None) -> None:
        predicted, true = labels(prediction, target, sums["binary"])
        correct = predicted == true
        if weight is None:  # the fast path: most trainings compute it in every step
            sums["correct"] += np.count_nonzero(correct)
            sums["count"] += correct.size
        else:
            weight = weight.astype(np.float64)
            sums["correct"] += float((weight @ correct).sum())
            sums["count"] += float(weight.sum()) * (correct.size / len(correct))

    def value(self, sums: Sums) -> float:
        return ratio(sums["correct"], sums["count"])


class TopKAccuracy(Metric, name="top_k_accuracy"):
    """Top-k accuracy: the fraction of samples whose class is among the `k` largest outputs."""

    targets = "classes"
    higher_is_better = True

    k: int = Field(5, gt=0, description="how many of the largest outputs count as predictions")

    def check(self, loss: Loss, classes: int | None) -> None:
        super().check(loss, classes)
        if classes is None or loss.binary:
            raise ConfigError(
                f"top_k_accuracy requires one output per class, but {loss.yaml_name} trains binary outputs",
                "Use accuracy.",
            )
        if self.k >= classes:
            raise ConfigError(
                f"top_k_accuracy is always 1 with k = {self.k}: the data has {classes} classes",
                "Set a smaller `k`." if classes > 1 else "Use another metric.",
            )

    def start(self, loss: Loss) -> Sums:
        return {"correct": 0.0, "count": 0.0}

    def add(self, sums: Sums, prediction: np.ndarray, target: np.ndarray, weight: np.ndarray | None) -> None:
        prediction, target, weight = counted_rows(prediction, target, weight)
        true = target if target.ndim == 1 else target.argmax(axis=1)
        # Equal outputs are ranked by class number, as argmax ranks them.
        value = np.take_along_axis(prediction, true[:, None].astype(np.int64), axis=1)
        before = np.arange(prediction.shape[1]) < true[:, None]
        rank = ((prediction > value) | ((prediction == value) & before)).sum(axis=1)
        sums["correct"] += float(weight @ (rank < self.k))
        sums["count"] += float(weight.sum())

    def value(self, sums: Sums) -> float:
        return ratio(sums["correct"], sums["count"])


class LabelMetric(Metric):
    """Base of precision, recall and f1: a quotient of counts per label, averaged over labels."""

    targets = "classes"
    higher_is_better = True

    average: Literal["macro", "micro", "weighted"] = Field(
        "macro",
        description="`macro`: the unweighted mean over the labels that occur, as true or as predicted; "
        "`micro`: from counts summed over all labels; "
        "`weighted`: the mean weighted by how often each label is true",
    )

    @property
    def averages_labels(self) -> bool:
        return self.average == "macro"

    def start(self, loss: Loss) -> Sums:
        return {
            "binary": loss.binary,
            "both": 0.0,
            "predicted": 0.0,
            "true": 0.0,
        }  # then (labels,) float64

    def add(self, sums: Sums, prediction: np.ndarray, target: np.ndarray, weight: np.ndarray | None) -> None:
        prediction, target, weight = counted_rows(prediction, target, weight)
        predicted, true = labels(prediction, target, sums["binary"])
        if predicted.ndim == 1:
            numbers = np.arange(max(2, prediction.shape[1]))
            predicted, true = predicted[:, None] == numbers, true[:, None] == numbers
        for key, found in (("both", predicted & true), ("predicted", predicted), ("true", true)):
            sums[key] = sums[key] + weight @ found

    def value(self, sums: Sums) -> float:
        both, predicted, true = (np.atleast_1d(sums[key]) for key in ("both", "predicted", "true"))
        if self.average == "micro":
            return ratio(*map(float, self.quotient(both.sum(), predicted.sum(), true.sum())))
        scores = np.nan_to_num(self.by_label(sums), nan=0.0)
        # A label that is neither predicted nor true in these samples does not enter the mean, as in scikit-learn.
        weights = true if self.average == "weighted" else ((predicted > 0) | (true > 0)).astype(np.float64)
        return ratio(float(scores @ weights), float(weights.sum()))

    def by_label(self, sums: Sums) -> np.ndarray:
        """(labels,) float64; NaN where it is undefined, such as the precision of a label that is never predicted."""
        numerator, denominator = self.quotient(
            *(np.atleast_1d(sums[key]) for key in ("both", "predicted", "true"))
        )
        return np.where(denominator > 0, numerator / np.where(denominator > 0, denominator, 1), np.nan)

    def quotient(
        self, both: np.ndarray, predicted: np.ndarray, true: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Numerator and denominator of the score, from how often a label is predicted, true, and both."""
        raise NotImplementedError


class Precision(LabelMetric, name="precision"):
    """Precision: `true positives / (true positives + false positives)` per label, averaged according to `average`.

    The fraction of the predictions of a label that are correct.
    """

    def quotient(
        self, both: np.ndarray, predicted: np.ndarray, true: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        return both, predicted


class Recall(LabelMetric, name="recall"):
    """Recall: `true positives / (true positives + false negatives)` per label, averaged according to `average`.

    The fraction of the samples of a label that are found.
    """

    def quotient(
        self, both: np.ndarray, predicted: np.ndarray, true: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        return both, true


class F1(LabelMetric, name="f1"):
    """F1 score: the harmonic mean of precision and recall, `2 precision recall / (precision + recall)` per label, averaged
    according to `average`.
    """

    def quotient(
        self, both: np.ndarray, predicted: np.ndarray, true: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        return 2 * both, predicted + true


class ConfusionMatrix(Metric, name="confusion_matrix"):
    """Confusion matrix: how many samples of each true class (rows) are predicted as each class (columns)."""

    targets = "classes"
    scalar = False

    def check(self, loss: Loss, classes: int | None) -> None:
        super().check(loss, classes)
        if classes is None:
            raise ConfigError(
                "confusion_matrix requires class targets, but the data has binary targets",
                "Use precision and recall.",
            )

    def start(self, loss: Loss) -> Sums:
        return {"binary": loss.binary, "counts": 0.0}  # then (classes, classes) float64

    def add(self, sums: Sums, prediction: np.ndarray, target: np.ndarray, weight: np.ndarray | None) -> None:
        prediction, target, weight = counted_rows(prediction, target, weight)
        predicted, true = labels(prediction, target, sums["binary"])
        classes = max(2, prediction.shape[1])
        cells = true.astype(np.int64) * classes + predicted
        counts = np.bincount(cells, weights=weight, minlength=classes**2)
        sums["counts"] = sums["counts"] + counts.reshape(classes, classes)

    def value(self, sums: Sums) -> list[list[float]]:
        """(classes, classes) as lists; [[0.0]] if nothing was added."""
        return np.atleast_2d(sums["counts"]).tolist()
