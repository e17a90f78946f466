"""Curve: the losses that the live display draws: of mini-batches, thinned as they come, and of evaluations."""

from collections.abc import Mapping
from typing import Any

import numpy as np

MOST = 512  # means; with as many steps, or more, each is of several steps
MOST_EVALUATIONS = 1024
SMOOTHED_OVER = 1 / 40  # of the curve

Columns = Mapping[str, np.ndarray]
Points = tuple[np.ndarray, np.ndarray]  # steps and losses, each (points,)


class LossCurve:
    """A step costs one append to `pending`; the rest is done when the curve is drawn."""

    def __init__(self, first_step: int = 0):
        self.first_step = first_step
        self.pending: list[float] = []  # the losses of steps since the last drawing
        self.held_out: list[tuple[int, float]] = []  # step and loss of evaluations
        self.split = ""  # which split they are of
        self._means = np.empty(0)  # (means,) of `_stride` steps each, NaN where none of them is finite
        self._stride = 1

    @classmethod
    def of(cls, step: int, steps: Columns, evaluations: Columns) -> "LossCurve":
        """Of a run that is resumed after `step` steps, from the columns of its tables."""
        losses = steps.get("loss", np.empty(0)).tolist()
        curve = cls(step - len(losses))
        curve.pending = losses
        for row in zip(*evaluations.values(), strict=True):
            curve.add_evaluation(dict(zip(evaluations, row, strict=True)))
        return curve

    def add_evaluation(self, row: Mapping[str, Any]) -> None:
        """A row of metrics.csv, of which the loss on the validation split counts, or else that on the test split."""
        split = next((split for split in ("validation", "test") if f"{split}_loss" in row), "")
        if split:
            self.split = split
            self.held_out.append((row["step"], row[f"{split}_loss"]))
        if len(self.held_out) > MOST_EVALUATIONS:
            del self.held_out[::2]

    def train(self) -> Points:
        """The smoothed loss of the mini-batches; NaN where it is not finite."""
        self._fold()
        steps = self._stride * np.arange(1.0, len(self._means) + 1)
        losses = self._means
        if rest := len(self.pending):
            steps = np.append(steps, self._stride * len(losses) + rest)
            losses = np.append(losses, finite_means(np.array(self.pending), rest))
        return self.first_step + steps, smoothed(losses)

    def evaluated(self) -> Points:
        steps, losses = np.array(self.held_out, np.float64).reshape(-1, 2).T
        return steps, losses

    def _fold(self) -> None:
        """Makes means of the pending losses, as many as are whole."""
        while len(self.pending) >= self._stride:
            count = min(len(self.pending) // self._stride, MOST - len(self._means))
            whole = np.array(self.pending[: count * self._stride])
            del self.pending[: count * self._stride]
            self._means = np.append(self._means, finite_means(whole, self._stride))
            if len(self._means) == MOST:
                self._means, self._stride = finite_means(self._means, 2), 2 * self._stride


def finite_means(values: np.ndarray, size: int) -> np.ndarray:
    """The mean of the finite ones of every `size` values; NaN where there are none."""
    groups = values.reshape(-1, size)
    finite = np.isfinite(groups)
    counts = finite.sum(axis=1)
    with np.errstate(over="ignore"):
        sums = np.where(finite, groups, 0).sum(axis=1)
    return np.divide(sums, counts, out=np.full(len(groups), np.nan), where=counts > 0)


def smoothed(losses: np.ndarray) -> np.ndarray:
    """The running mean over neighbours, of which the ends have fewer; NaN stays NaN."""
    width = 2 * round(len(losses) * SMOOTHED_OVER / 2) + 1
    if width == 1:
        return losses
    finite = np.isfinite(losses)
    window = np.ones(width)
    counts = np.convolve(finite, window, "same")
    sums = np.convolve(np.where(finite, losses, 0), window, "same")
    return np.where(finite, sums / np.maximum(counts, 1), np.nan)
