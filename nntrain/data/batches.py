"""Batches: which samples each step of an epoch sees. A pure function of (seed, epoch, batch number): nothing to save."""

from functools import lru_cache
from typing import Literal

import numpy as np

from nntrain import randomness
from nntrain.data.dataset import Dataset


def order(count: int, seed: int, epoch: int, shuffle: bool = True) -> np.ndarray:
    """(count,) int64: the samples in the order in which an epoch sees them."""
    if not shuffle:
        return np.arange(count)
    return randomness.permutation(randomness.key(seed, "shuffle", epoch), count)


class Batches:
    """An epoch of `dataset` in batches of `batch_size` samples, or one of all (`full`); the last may be short."""

    def __init__(self, dataset: Dataset, batch_size: int | Literal["full"], seed: int = 0, shuffle: bool = True):
        self.samples = len(dataset)
        self.rows = self.samples if batch_size == "full" else min(batch_size, self.samples)  # of the largest batch
        self._order = lru_cache(maxsize=1)(lambda epoch: order(self.samples, seed, epoch, shuffle))

    def __len__(self) -> int:
        """How many batches an epoch has."""
        return -(-self.samples // self.rows)

    @property
    def shortest(self) -> int:
        """How many samples the last batch of an epoch has."""
        return self.samples - (len(self) - 1) * self.rows

    def indices(self, epoch: int, number: int) -> np.ndarray:
        """(rows,) int64: the samples of batch `number`, which counts from 0."""
        return self._order(epoch)[number * self.rows:(number + 1) * self.rows]
