"""Shards: the equal parts into which `train.shards` cuts each batch."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Shards:
    """A batch of at most `batch_rows` rows in `count` shards of `rows` rows, each on the same rows of every batch.

    Of a short batch, the first shards are full, one may be short, and the last ones may be empty.
    """

    count: int
    batch_rows: int

    @property
    def rows(self) -> int:
        """Of a full shard."""
        return -(-self.batch_rows // self.count)

    def used(self, rows: int) -> int:
        """How many shards of a batch of `rows` rows are not empty."""
        return -(-rows // self.rows)

    def of(self, samples: np.ndarray, shard: int) -> np.ndarray:
        """The samples of a batch that are in a shard."""
        return samples[shard * self.rows : (shard + 1) * self.rows]

    def shortest(self, rows: int) -> int:
        """The rows of the last shard of a batch of `rows` rows that is not empty."""
        return rows - (self.used(rows) - 1) * self.rows

    def share(self, rank: int, ranks: int) -> range:
        """The shards that a rank computes; `ranks` divides `count`."""
        each = self.count // ranks
        return range(rank * each, (rank + 1) * each)
