"""Regression metrics: from the errors `y - t`."""

import math

import numpy as np

from nntrain.losses import Loss
from nntrain.metrics.metric import Metric, counted_rows, one_hot, ratio
from nntrain.metrics.state import Sums


class ErrorMetric(Metric):
    """Base of mse, rmse and mae: the mean of a function of the error over rows and outputs."""

    on_values = True

    def start(self, loss: Loss) -> Sums:
        return {"sum": 0.0, "count": 0.0}

    def add(self, sums: Sums, prediction: np.ndarray, target: np.ndarray, weight: np.ndarray | None) -> None:
        prediction, target, weight = counted_rows(prediction, target, weight)
        outputs = prediction.shape[1]
        errors = self.error(prediction.astype(np.float64) - one_hot(target, outputs))
        sums["sum"] += float(weight @ errors.sum(axis=1))
        sums["count"] += float(weight.sum()) * outputs

    def error(self, difference: np.ndarray) -> np.ndarray:
        """What the mean is taken of. difference: (rows, outputs), y - t."""
        raise NotImplementedError

    def value(self, sums: Sums) -> float:
        return ratio(sums["sum"], sums["count"])


class MeanSquaredError(ErrorMetric, name="mse"):
    """Mean squared error: `(y - t)²`, averaged over outputs and samples."""

    def error(self, difference: np.ndarray) -> np.ndarray:
        return difference**2


class RootMeanSquaredError(MeanSquaredError, name="rmse"):
    """Root mean squared error: `sqrt(mean of (y - t)²)`, in the unit of the targets."""

    def value(self, sums: Sums) -> float:
        return math.sqrt(super().value(sums))


class MeanAbsoluteError(ErrorMetric, name="mae"):
    """Mean absolute error: `|y - t|`, averaged over outputs and samples, in the unit of the targets."""

    def error(self, difference: np.ndarray) -> np.ndarray:
        return np.abs(difference)


class R2(Metric, name="r2"):
    """R², the coefficient of determination: `1 - sum of (t - y)² / sum of (t - mean of t)²`, averaged over outputs.

    The fraction of the targets' variance that the prediction explains: 1 is perfect, 0 is as good as always predicting the mean.
    An output with a constant target counts 1 if it is predicted exactly, else 0.
    """

    on_values = True
    targets = "real"
    higher_is_better = True

    def start(self, loss: Loss) -> Sums:
        return {"count": 0.0}  # with the first batch: mean, spread, error, each (outputs,) float64

    def add(self, sums: Sums, prediction: np.ndarray, target: np.ndarray, weight: np.ndarray | None) -> None:
        prediction, target, weight = counted_rows(prediction, target, weight)
        if not len(weight):
            return
        target = target.astype(np.float64)
        error = weight @ (prediction.astype(np.float64) - target) ** 2
        count = float(weight.sum())
        mean = weight @ target / count
        spread = weight @ (target - mean) ** 2
        self.merge(sums, {"count": count, "mean": mean, "spread": spread, "error": error})

    def merge(self, sums: Sums, others: Sums) -> None:
        if not others["count"]:
            return
        if sums["count"]:
            # Means and squared deviations are merged as in Chan, Golub & LeVeque 1979: a large mean costs no digits.
            count, together = others["count"], sums["count"] + others["count"]
            shift = others["mean"] - sums["mean"]
            others = {
                "count": together,
                "mean": sums["mean"] + shift * count / together,
                "spread": sums["spread"] + others["spread"] + shift**2 * sums["count"] * count / together,
                "error": sums["error"] + others["error"],
            }
        sums |= others

    def value(self, sums: Sums) -> float:
        if not sums["count"]:
            return math.nan
        spread, error = sums["spread"], sums["error"]
        varied = spread > 0
        explained = np.where(varied, 1 - error / np.where(varied, spread, 1), np.where(error > 0, 0.0, 1.0))
        return float(explained.mean())
