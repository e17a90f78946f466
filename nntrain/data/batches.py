"""Batches: which samples each step of an epoch sees. A pure function of (seed, epoch, batch number): nothing to save."""

from functools import lru_cache
from typing import Literal

import numpy as np

from nntrain import randomness
from nntrain.data.dataset import Dataset

POOL = 64  # so many batches are filled from samples that were sorted by length


def order(count: int, seed: int, epoch: int, shuffle: bool = True) -> np.ndarray:
    """(count,) int64: the samples in the order in which an epoch sees them."""
    if not shuffle:
        return np.arange(count)
    return randomness.permutation(randomness.key(seed, "shuffle", epoch), count)


def by_length(shuffled: np.ndarray, lengths: np.ndarray, rows: int, key: int) -> np.ndarray:
    """(count,) int64: `shuffled` samples in an order that puts those of similar length into one batch, to save padding.

    The short last batch stays as it is.
    """
    full = len(shuffled) // rows * rows
    pools = [shuffled[start : start + POOL * rows] for start in range(0, full, POOL * rows)]
    pools = [pool[: full - start] for start, pool in zip(range(0, full, POOL * rows), pools, strict=True)]
    ordered = np.concatenate([pool[np.argsort(lengths[pool], kind="stable")] for pool in pools])
    batches = ordered.reshape(-1, rows)[randomness.permutation(key, full // rows)]
    return np.concatenate([batches.ravel(), shuffled[full:]])


def contiguous_order(count: int, rows: int) -> np.ndarray:
    """(count,) int64: an order in which row r of a batch of `rows` goes on where row r of the batch before ended.

    The samples are cut into `rows` runs; the first ones may be one longer, which makes the short last batch.
    """
    batches, longer = divmod(count, rows)
    firsts = np.arange(rows) * batches + np.minimum(np.arange(rows), longer)  # where each run begins
    full = firsts + np.arange(batches)[:, None]  # (batches, rows)
    return np.concatenate([full.ravel(), firsts[:longer] + batches])


class Batches:
    """An epoch of `dataset` in batches of `batch_size` samples, or one of all (`full`); the last may be short.

    Consecutive windows keep their order, in lanes; sequences of different lengths are shuffled, with similar ones in a batch.
    """

    def __init__(
        self, dataset: Dataset, batch_size: int | Literal["full"], seed: int = 0, shuffle: bool = True
    ):
        self.samples = len(dataset)
        self.rows = (
            self.samples if batch_size == "full" else min(batch_size, self.samples)
        )  # of the largest batch

        def ordered(epoch: int) -> np.ndarray:
            if dataset.consecutive:
                return contiguous_order(self.samples, self.rows)
            samples = order(self.samples, seed, epoch, shuffle)
            if dataset.lengths is None or not shuffle:
                return samples
            return by_length(samples, dataset.lengths, self.rows, randomness.key(seed, "batches", epoch))

        self._order = lru_cache(maxsize=1)(ordered)

    def __len__(self) -> int:
        """How many batches an epoch has."""
        return -(-self.samples // self.rows)

    @property
    def shortest(self) -> int:
        """How many samples the last batch of an epoch has."""
        return self.samples - (len(self) - 1) * self.rows

    def indices(self, epoch: int, number: int) -> np.ndarray:
        """(rows,) int64: the samples of batch `number`, which counts from 0."""
        return self._order(epoch)[number * self.rows : (number + 1) * self.rows]
