"""Metrics: what a user reads beside the loss; sums are gathered batch by batch."""

import math
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.component import Component
from nntrain.errors import ConfigError
from nntrain.losses import CrossEntropy, Loss

LOG_2 = math.log(2)


class Metric(Component, family="metric"):
    """What is reported beside the loss, for each split. Training does not see it; `monitor` can choose the best epoch by it."""

    takes: ClassVar[Literal["reals", "classes", "either"]] = (
        "either"  # "classes": also answers to yes-or-no questions
    )
    higher_is_better: ClassVar[bool] = False
    is_number: ClassVar[bool] = True  # one that can be drawn, watched and written into a table

    def check(self, loss: Loss, classes: int | None) -> None:
        """Raises ConfigError with the reason when the metric does not suit the loss or the data's number of classes."""
        if self.takes == "classes" and classes is None and not loss.yes_or_no:
            raise ConfigError(
                f"{self.yaml_name} needs classes, but the data's targets are numbers. "
                "For numbers there are mse, mae, r2."
            )
        if self.takes == "reals" and classes is not None:
            raise ConfigError(
                f"{self.yaml_name} needs numbers as targets, but the data has classes. "
                "For classes there is accuracy."
            )

    def start(self, loss: Loss) -> dict[str, Any]:
        """Empty sums, for predictions that were trained with `loss`. They stay plain values, fit for JSON: a checkpoint in
        the middle of an epoch holds them."""
        raise NotImplementedError

    def add(self, sums: dict[str, Any], prediction, target, weight) -> None:
        """Adds a batch: prediction (rows, outputs), target as for losses, weight (rows,) or None."""
        raise NotImplementedError

    def sums_the_loss(self, loss: Loss) -> bool:
        """Whether its sums, `sum` and `count`, are what the loss gives anyway: its sum and the weight to divide by."""
        return False

    def value(self, sums: dict[str, Any]) -> float:
        """NaN where nothing was added."""
        raise NotImplementedError


def counting(prediction, target, weight) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rows that count, with their weights in float64."""
    if weight is None:
        return prediction, target, np.ones(len(prediction))
    kept = weight != 0
    return prediction[kept], target[kept], weight[kept].astype(np.float64)


def aims(prediction, target) -> np.ndarray:
    """(rows, outputs) float64: what the outputs should have been; class numbers mean one-hot."""
    if target.ndim == 2:
        return target.astype(np.float64)
    return (target[:, None] == np.arange(prediction.shape[1])).astype(np.float64)


def quotient(above: float, below: float) -> float:
    return above / below if below else math.nan


def answers(prediction, target, yes_or_no: bool) -> tuple[np.ndarray, np.ndarray]:
    """What was said and what was right: class numbers (rows,), or True and False (rows, outputs) for yes-or-no questions."""
    if target.ndim == 1:
        return prediction[:, 0] > 0 if prediction.shape[1] == 1 else prediction.argmax(axis=1), target
    if yes_or_no:
        return prediction > 0, target > 0.5
    return prediction.argmax(axis=1), target.argmax(axis=1)


class Accuracy(Metric, name="accuracy"):
    """The share of right answers: the class with the largest output, or for a yes-or-no question whether the output is above 0.

    Several questions a sample count one by one.
    """

    takes = "classes"
    higher_is_better = True

    def start(self, loss):
        return {"yes_or_no": loss.yes_or_no, "right": 0.0, "count": 0.0}

    def add(self, sums, prediction, target, weight):
        said, true = answers(prediction, target, sums["yes_or_no"])
        right = said == true
        if weight is None:  # in every step of most trainings, so it should not take long
            sums["right"] += np.count_nonzero(right)
            sums["count"] += right.size
        else:
            weight = weight.astype(np.float64)
            sums["right"] += float((weight @ right).sum())
            sums["count"] += float(weight.sum()) * (right.size / len(right))

    def value(self, sums):
        return quotient(sums["right"], sums["count"])


class TopKAccuracy(Metric, name="top_k_accuracy"):
    """The share of samples whose class is among the k largest outputs."""

    takes = "classes"
    higher_is_better = True

    k: int = Field(5, gt=0, description="how many guesses each sample has")

    def check(self, loss, classes):
        super().check(loss, classes)
        if classes is None or loss.yes_or_no:
            raise ConfigError("top_k_accuracy needs one output for each class.")
        if self.k >= classes:
            raise ConfigError(
                f"top_k_accuracy with k = {self.k} is always 1: the data has {classes} classes. "
                "Choose a smaller k."
            )

    def start(self, loss):
        return {"right": 0.0, "count": 0.0}

    def add(self, sums, prediction, target, weight):
        prediction, target, weight = counting(prediction, target, weight)
        true = target if target.ndim == 1 else target.argmax(axis=1)
        # Equal outputs are ranked by class number, as argmax does.
        value = np.take_along_axis(prediction, true[:, None].astype(np.int64), axis=1)
        before = np.arange(prediction.shape[1]) < true[:, None]
        rank = ((prediction > value) | ((prediction == value) & before)).sum(axis=1)
        sums["right"] += float(weight @ (rank < self.k))
        sums["count"] += float(weight.sum())

    def value(self, sums):
        return quotient(sums["right"], sums["count"])


class Errors(Metric):
    """Means over rows and outputs of a function of the error."""

    def start(self, loss):
        return {"sum": 0.0, "count": 0.0}

    def add(self, sums, prediction, target, weight):
        prediction, target, weight = counting(prediction, target, weight)
        errors = self.error(prediction.astype(np.float64) - aims(prediction, target))
        sums["sum"] += float(weight @ errors.sum(axis=1))
        sums["count"] += float(weight.sum()) * prediction.shape[1]

    def error(self, difference):
        raise NotImplementedError

    def value(self, sums):
        return quotient(sums["sum"], sums["count"])


class MeanSquaredError(Errors, name="mse"):
    """The squared error `(y - t)²`, averaged over outputs and samples."""

    def error(self, difference):
        return difference**2


class RootMeanSquaredError(MeanSquaredError, name="rmse"):
    """The root of the mean squared error: a typical error, in the unit of the targets."""

    def value(self, sums):
        return math.sqrt(super().value(sums))


class MeanAbsoluteError(Errors, name="mae"):
    """The absolute error `|y - t|`, averaged over outputs and samples: an error's mean size, in the unit of the targets."""

    def error(self, difference):
        return np.abs(difference)


class R2(Metric, name="r2"):
    """The share of the targets' variance that the prediction explains: `1 - sum of (t - y)² / sum of (t - mean)²`, averaged over
    outputs.

    1 is perfect, 0 no better than always saying the mean. An output whose target never varies counts 1 if it is met exactly, else
    0.
    """

    takes = "reals"
    higher_is_better = True

    def start(self, loss):
        return {"count": 0.0, "mean": [], "spread": [], "error": []}

    def add(self, sums, prediction, target, weight):
        prediction, target, weight = counting(prediction, target, weight)
        if not len(weight):
            return
        target = target.astype(np.float64)
        error = weight @ (prediction.astype(np.float64) - target) ** 2
        count = weight.sum()
        mean = weight @ target / count
        spread = weight @ (target - mean) ** 2
        if sums["count"]:
            # Means, and squares about them, are merged as in Chan, Golub & LeVeque 1979: no digits are lost to a large mean.
            together = sums["count"] + count
            shift = mean - sums["mean"]
            spread = sums["spread"] + spread + shift**2 * sums["count"] * count / together
            mean = sums["mean"] + shift * count / together
            error = sums["error"] + error
            count = together
        sums |= {
            "count": float(count),
            "mean": mean.tolist(),
            "spread": spread.tolist(),
            "error": error.tolist(),
        }

    def value(self, sums):
        if not sums["count"]:
            return math.nan
        spread, error = np.array(sums["spread"]), np.array(sums["error"])
        varied = spread > 0
        explained = np.where(varied, 1 - error / np.where(varied, spread, 1), np.where(error > 0, 0.0, 1.0))
        return float(explained.mean())


class Counts(Metric):
    """From how often each label was said, was right to say, and both."""

    takes = "classes"
    higher_is_better = True

    average: Literal["macro", "micro", "weighted"] = Field(
        "macro",
        description="the plain mean over labels (`macro`), over "
        "single answers (`micro`), or over labels by how often they occur "
        "(`weighted`)",
    )

    def start(self, loss):
        return {
            "yes_or_no": loss.yes_or_no,
            "both": 0.0,
            "said": 0.0,
            "true": 0.0,
        }  # lists, once there are labels

    def add(self, sums, prediction, target, weight):
        prediction, target, weight = counting(prediction, target, weight)
        said, true = answers(prediction, target, sums["yes_or_no"])
        if said.ndim == 1:
            labels = np.arange(max(2, prediction.shape[1]))
            said, true = said[:, None] == labels, true[:, None] == labels
        for key, found in (("both", said & true), ("said", said), ("true", true)):
            sums[key] = (sums[key] + weight @ found).tolist()

    def value(self, sums):
        both, said, true = (np.atleast_1d(sums[key]) for key in ("both", "said", "true"))
        if self.average == "micro":
            return quotient(*self.share(both.sum(), said.sum(), true.sum()))
        above, below = self.share(both, said, true)
        scores = np.where(below > 0, above / np.where(below > 0, below, 1), 0.0)
        # A label that is neither said nor right in these samples says nothing.
        weights = true if self.average == "weighted" else ((said > 0) | (true > 0)).astype(np.float64)
        return quotient(float(scores @ weights), float(weights.sum()))

    def share(self, both, said, true):
        """What is divided by what."""
        raise NotImplementedError


class Precision(Counts, name="precision"):
    """How often an answer is right: right answers of a label by all answers of it, for each label alone, then averaged as
    `average` says.
    """

    def share(self, both, said, true):
        return both, said


class Recall(Counts, name="recall"):
    """How often a label is found: right answers of a label by all samples of it, for each label alone, then averaged as `average`
    says.
    """

    def share(self, both, said, true):
        return both, true


class F1(Counts, name="f1"):
    """The harmonic mean of precision and recall: `2 precision recall / (precision + recall)`, for each label alone, then averaged
    as `average` says.
    """

    def share(self, both, said, true):
        return 2 * both, said + true


class ConfusionMatrix(Metric, name="confusion_matrix"):
    """How often each class was taken for which: a row for each true class, a column for each answer."""

    takes = "classes"
    is_number = False

    def check(self, loss, classes):
        super().check(loss, classes)
        if classes is None:
            raise ConfigError("confusion_matrix needs classes, but the data's targets are yes-or-no numbers.")

    def start(self, loss):
        return {"yes_or_no": loss.yes_or_no, "counts": 0.0}

    def add(self, sums, prediction, target, weight):
        prediction, target, weight = counting(prediction, target, weight)
        said, true = answers(prediction, target, sums["yes_or_no"])
        classes = max(2, prediction.shape[1])
        places = true.astype(np.int64) * classes + said
        counts = np.bincount(places, weights=weight, minlength=classes**2)
        sums["counts"] = (sums["counts"] + counts.reshape(classes, classes)).tolist()

    def value(self, sums) -> list[list[float]]:
        """(classes, classes) as lists."""
        return np.atleast_2d(sums["counts"]).tolist()


class AreaUnderCurve(Metric, name="auc"):
    """How often a sample of a class scores higher for it than a sample of another class does: the area under the ROC curve.

    1 is perfect, 0.5 chance; equal scores count half. Averaged over classes, each against all others, or over yes-or-no outputs.
    Every score is kept until the value is asked for.

    Source: Fawcett 2006, An introduction to ROC analysis.
    """

    takes = "classes"
    higher_is_better = True

    def start(self, loss):
        return {
            "from_logits": loss.from_logits,
            "yes_or_no": loss.yes_or_no,
            "scores": [],
            "true": [],
            "weight": [],
        }

    def add(self, sums, prediction, target, weight):
        prediction, target, weight = counting(prediction, target, weight)
        if prediction.shape[1] == 1 or sums["yes_or_no"]:
            true = (target if target.ndim == 2 else target[:, None]) > 0.5
        else:
            true = aims(prediction, target) > 0.5
        scores = prediction.astype(np.float64)
        if sums["from_logits"] and not sums["yes_or_no"]:
            # Samples are compared with each other, so their logits must be put on one scale.
            scores = np.exp(scores - scores.max(axis=1, keepdims=True))
            scores /= scores.sum(axis=1, keepdims=True)
        for key, values in (("scores", scores), ("true", true), ("weight", weight)):
            sums[key] += values.tolist()

    def value(self, sums):
        if not sums["scores"]:
            return math.nan
        scores, true, weight = (np.array(sums[key]) for key in ("scores", "true", "weight"))
        areas = [area_under_curve(scores[:, k], true[:, k], weight) for k in range(scores.shape[1])]
        return float(np.mean(areas))


def area_under_curve(scores, true, weight) -> float:
    """NaN when all samples are of one kind."""
    _, place = np.unique(scores, return_inverse=True)
    positive = np.bincount(place, weights=weight * true)
    negative = np.bincount(place, weights=weight * ~true)
    lower = np.cumsum(negative) - negative
    return quotient(float(positive @ (lower + negative / 2)), float(positive.sum() * negative.sum()))


class Perplexity(Metric, name="perplexity"):
    """`exp` of the mean `-log(p)` of the right class: as if the network chose evenly among so many classes."""

    takes = "classes"

    def check(self, loss, classes):
        super().check(loss, classes)
        if loss.takes != "classes":
            raise ConfigError(
                f"{self.yaml_name} reads logits, but {loss.yaml_name} does not train them. "
                "Use it with cross_entropy."
            )

    def start(self, loss):
        return {"sum": 0.0, "count": 0.0}

    def sums_the_loss(self, loss):
        return loss == CrossEntropy()

    def add(self, sums, prediction, target, weight):
        prediction, target, weight = counting(prediction, target, weight)
        logits = prediction.astype(np.float64)
        logits -= logits.max(axis=1, keepdims=True)
        if target.ndim == 1:  # texts have many classes and a target a step, so this should not take long
            hit = logits[np.arange(len(logits)), target]
        else:
            right = aims(prediction, target)
            hit = np.multiply(logits, right, out=np.zeros_like(logits), where=right != 0).sum(
                axis=1
            )  # 0 times -inf is 0 here
        losses = np.log(np.exp(logits, out=logits).sum(axis=1)) - hit
        sums["sum"] += float(weight @ losses)
        sums["count"] += float(weight.sum())

    def value(self, sums):
        mean = quotient(sums["sum"], sums["count"])
        return math.inf if mean > 700 else math.exp(mean)  # exp(710) is beyond a float


class BitsPerCharacter(Perplexity, name="bits_per_character"):
    """The mean `-log2(p)` of the right class: how many bits a step would take in a file that the network packs.

    For a text of characters, bits per character; `log2` of the perplexity.
    """

    def value(self, sums):
        return quotient(sums["sum"], sums["count"]) / LOG_2
