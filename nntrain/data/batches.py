"""Batches: which samples each step of an epoch uses, as a pure function of (seed, epoch, batch number)."""

from functools import lru_cache
from typing import Literal

import numpy as np

from nntrain import randomness
from nntrain.data.dataset import Dataset

POOL = 64  # batches per bucket of samples sorted by length


def order(count: int, seed: int, epoch: int, shuffle: bool = True) -> np.ndarray:
    """(count,) int64: the order of the samples in an epoch."""
    if not shuffle:
        return np.arange(count)
    return randomness.permutation(randomness.key(seed, "shuffle", epoch), count)


def by_length(shuffled: np.ndarray, lengths: np.ndarray, rows: int, key: int) -> np.ndarray:
    """(count,) int64: `shuffled` samples reordered so that batches hold similar lengths, which saves padding (bucketing).

    The short last batch is unchanged.
    """
    full = len(shuffled) // rows * rows
    pools = [shuffled[start : start + POOL * rows] for start in range(0, full, POOL * rows)]
    pools = [pool[: full - start] for start, pool in zip(range(0, full, POOL * rows), pools, strict=True)]
    ordered = np.concatenate([pool[np.argsort(lengths[pool], kind="stable")] for pool in pools])
    batches = ordered.reshape(-1, rows)[randomness.permutation(key, full // rows)]
    return np.concatenate([batches.ravel(), shuffled[full:]])


def contiguous_order(count: int, rows: int) -> np.ndarray:
    """(count,) int64: an order in which row r of each batch follows row r of the batch before.

    The samples are cut into `rows` contiguous runs; the first runs may have one more, which makes the short last batch.
    """
    batches, longer = divmod(count, rows)
    firsts = np.arange(rows) * batches + np.minimum(np.arange(rows), longer)  # where each run begins
    full = firsts + np.arange(batches)[:, None]  # (batches, rows)
    return np.concatenate([full.ravel(), firsts[:longer] + batches])


class Batches:
    """An epoch of `dataset` in batches of `batch_size` samples, or one batch of all (`full`); the last may be short.

    Samples are shuffled; sequences of different lengths are batched by length; consecutive windows keep their order.
    """

    def __init__(
        self, dataset: Dataset, batch_size: int | Literal["full"], seed: int = 0, shuffle: bool = True
    ):
        self.count = len(dataset)
        self.rows = (
            self.count if batch_size == "full" else min(batch_size, self.count)
        )  # of the largest batch

        def ordered(epoch: int) -> np.ndarray:
            if dataset.consecutive:
                return contiguous_order(self.count, self.rows)
            samples = order(self.count, seed, epoch, shuffle)
            if dataset.lengths is None or not shuffle:
                return samples
            return by_length(samples, dataset.lengths, self.rows, randomness.key(seed, "batches", epoch))

        self.order = lru_cache(maxsize=1)(ordered)  # (count,) int64: the samples of an epoch

    def __len__(self) -> int:
        """The number of batches in an epoch."""
        return -(-self.count // self.rows)

    @property
    def shortest(self) -> int:
        """The number of samples in the last batch of an epoch."""
        return self.count - (len(self) - 1) * self.rows

    def indices(self, epoch: int, number: int) -> np.ndarray:
        """(rows,) int64: the samples of batch `number`, counted from 0."""
        return self.order(epoch)[self.places(number)]

    def places(self, number: int) -> slice:
        """Where the samples of batch `number` are in the order of an epoch."""
        return slice(number * self.rows, (number + 1) * self.rows)
