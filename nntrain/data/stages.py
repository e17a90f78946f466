"""Stages: samples of a large mapped table in memory, as many batches take next: its rows are read in the order of the file.

Single rows at random places would bring the whole file into the process's memory, page by page.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from nntrain.data import mapped
from nntrain.data.dataset import Dataset


class Stages:
    """The samples of `data` in the orders in which batches take them; of data in memory, or of images, the data themselves."""

    def __init__(self, data: Dataset):
        self.data = data
        self.used = mapped.is_large(data.x) and data.x.ndim == 2 and not data.is_bytes
        self._rows = mapped.GATHERED // max(1, np.asarray(data.x[:1]).nbytes) if self.used else 0
        self._order: np.ndarray | None = None
        self._start = 0
        self._stage = data

    def at(self, order: np.ndarray, places: slice) -> tuple[Dataset, np.ndarray]:
        """Samples order[places], as a data set and their positions (int64) in it; those that follow are likely asked for next."""
        if not self.used:
            return self.data, order[places]
        start, stop, _ = places.indices(len(order))
        if order is not self._order or start < self._start or stop > self._start + len(self._stage):
            self._stage = self.data  # lets go of the memory of the stage before
            count = max(stop - start, self._rows)
            self._stage = _in_memory(self.data, order[start : start + count])
            self._order, self._start = order, start
        return self._stage, np.arange(start - self._start, stop - self._start)


def _in_memory(data: Dataset, rows: np.ndarray) -> Dataset:
    """The samples at `rows`, with what batches need of them."""
    arrays = {name: getattr(data, name) for name in ("x", "target", "weight")}
    found: dict[str, Any] = {
        name: mapped.gathered(array, rows) for name, array in arrays.items() if array is not None
    }
    return replace(data, **found, series=None, groups=None, times=None, origin=None)
