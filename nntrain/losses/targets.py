"""Targets: what a constant prediction is fitted to, each class once with its count, or rows of real values."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

MOST_ONE_HOT = 1 << 22  # values of a matrix of one-hot rows


@dataclass(frozen=True)
class Targets:
    """Targets as the rows of a loss: rows (rows,) int32 classes or (rows, outputs) real values; weight (rows,), at least one above 0."""

    rows: np.ndarray
    weight: np.ndarray
    outputs: int

    @cached_property
    def mean(self) -> np.ndarray:
        """(outputs,) float64; of classes their frequencies, of two classes with one output that of the second."""
        share = self.weight / self.weight.sum()
        if self.rows.ndim == 2:
            return share @ self.rows.astype(np.float64)
        if self.outputs == 1:
            return np.array([share[self.rows == 1].sum()])
        return np.bincount(self.rows, share, self.outputs)

    @cached_property
    def positive(self) -> np.ndarray:
        """(outputs,) float64: the share of targets above 0."""
        if self.rows.ndim == 1:
            return self.mean
        return self.weight @ (self.rows > 0) / self.weight.sum()

    @cached_property
    def frequencies(self) -> np.ndarray:
        """The mean, at least half an observation, so that its logarithm is finite."""
        return np.maximum(self.mean, 0.5 / self.weight.sum())

    @cached_property
    def matrix(self) -> np.ndarray:
        """(rows, outputs) float64: one-hot rows for classes. Raises ValueError for a great many classes."""
        if self.rows.ndim == 2:
            return self.rows.astype(np.float64)
        if len(self.rows) * self.outputs > MOST_ONE_HOT:
            raise ValueError(f"{self.outputs:,} outputs are too many")
        if self.outputs == 1:
            return self.rows[:, None].astype(np.float64)
        return (self.rows[:, None] == np.arange(self.outputs)).astype(np.float64)

    @property
    def median(self) -> np.ndarray:
        """(outputs,) float64: the smallest value that half of the weight does not exceed."""
        return self.quantile(0.5)

    def quantile(self, share: float) -> np.ndarray:
        """(outputs,) float64: the smallest value that this share of the weight does not exceed."""
        order = np.argsort(self.matrix, axis=0, kind="stable")
        reached = np.cumsum(self.weight[order], axis=0)
        middle = (reached >= share * self.weight.sum()).argmax(axis=0)
        return np.take_along_axis(self.matrix, np.take_along_axis(order, middle[None], axis=0), axis=0)[0]
