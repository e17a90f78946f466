"""Ranking metrics: from the order of the scores."""

import math
from collections.abc import Iterator

import numpy as np

from nntrain.losses import Loss
from nntrain.metrics.metric import Metric, counted_rows, ratio
from nntrain.metrics.state import Sums, append, joined

BLOCK = 4096  # rows of a softmax at once


class AreaUnderCurve(Metric, name="auc"):
    """AUC, the area under the ROC curve: the probability that a sample of a class scores higher for it than a sample of another
    class; equal scores count half.

    1 is perfect, 0.5 is chance. For several classes it is the mean over the classes that occur of one class versus the rest, for
    multi-label targets the mean over outputs that are true for some samples and false for others. It is undefined (NaN) if all
    samples are of one class. It is exact, so every score is kept until it is reported: 4 bytes per sample and output in float32.

    Source: Fawcett 2006, An introduction to ROC analysis.
    """

    targets = "classes"
    higher_is_better = True

    @property
    def averages_labels(self) -> bool:
        return True

    def start(self, loss: Loss) -> Sums:
        # With the first batch: scores (rows, outputs), labels (rows,) int32 or (rows, outputs) bool, weights (rows,) float64.
        return {"from_logits": loss.from_logits, "binary": loss.binary}

    def add(self, sums: Sums, prediction: np.ndarray, target: np.ndarray, weight: np.ndarray | None) -> None:
        prediction, target, weight = counted_rows(prediction, target, weight)
        append(sums, "scores", prediction.copy())
        append(sums, "labels", target.copy() if target.ndim == 1 else target > 0.5)
        append(sums, "weights", weight)

    def value(self, sums: Sums) -> float:
        areas = [area_under_curve(*ranking) for _, ranking in self.rankings(sums)]
        return float(np.mean(areas)) if areas else math.nan

    def rankings(self, sums: Sums) -> Iterator[tuple[int, "Ranking"]]:
        """The number of each class or label that is true for some samples and false for others, with its ranking."""
        if "scores" not in sums:
            return
        scores, labels, weights = (joined(sums[key]) for key in ("scores", "labels", "weights"))
        if not len(scores):
            return
        outputs = scores.shape[1]
        # The scores of one class are compared across samples, so logits need the softmax of their sample.
        normalized = sums["from_logits"] and not sums["binary"]
        largest, total = softmax_terms(scores) if normalized else (0.0, 1.0)
        for number in range(outputs):
            score = scores[:, number].astype(np.float64)
            if normalized:
                score = np.exp(score - largest) / total
            if labels.ndim == 2:
                positive = labels[:, number]
            else:
                positive = labels == (1 if outputs == 1 else number)
            if (weights * positive).any() and (weights * ~positive).any():  # else there is no pair to compare
                yield number, (score, positive, weights)


Ranking = tuple[np.ndarray, np.ndarray, np.ndarray]  # (samples,) each: scores, which are positive, weights


def softmax_terms(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(rows,) float64 each: m and s of the softmax `exp(x - m) / s`."""
    largest = logits.max(axis=1).astype(np.float64)
    total = np.empty(len(logits))
    for start in range(0, len(logits), BLOCK):
        rows = slice(start, start + BLOCK)
        total[rows] = np.exp(logits[rows] - largest[rows, None]).sum(axis=1)
    return largest, total


def area_under_curve(scores: np.ndarray, positive: np.ndarray, weights: np.ndarray) -> float:
    """Samples of both kinds are needed."""
    return area_of_counts(*by_score(scores, positive, weights))


def area_of_counts(positives: np.ndarray, negatives: np.ndarray) -> float:
    """The area from the weights of positive and negative samples by rising score."""
    lower = np.cumsum(negatives) - negatives
    return ratio(float(positives @ (lower + negatives / 2)), float(positives.sum() * negatives.sum()))


def by_score(scores: np.ndarray, positive: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(distinct scores,) float64 each, from the lowest score: the weights of the positive and of the negative samples."""
    _, rank = np.unique(scores, return_inverse=True)
    return np.bincount(rank, weights=weights * positive), np.bincount(rank, weights=weights * ~positive)
