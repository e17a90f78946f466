"""Samples: equal inputs within a split and across splits."""

import numpy as np

from nntrain.data import mapped
from nntrain.data.dataset import Dataset
from nntrain.data.sequences.windows import Windows, take_rows
from nntrain.data.system_memory import exceeds_memory

MOST_BYTES = 1 << 30  # of a split that is read for this
ROWS = 4096


def comparable(data: Dataset) -> bool:
    """Whether equal inputs mean something, and can be found: windows of one stream overlap anyway."""
    return not isinstance(data.x, Windows) and not too_large(data)


def too_large(data: Dataset) -> bool:
    """Whether reading all samples would take long."""
    x = data.x.stream if isinstance(data.x, Windows) else data.x
    return exceeds_memory(x) or x.nbytes > MOST_BYTES


def keys(data: Dataset, indices: np.ndarray | None = None) -> np.ndarray:
    """(rows,) int64: equal for equal inputs, and different, in all likelihood, for others."""
    indices = np.arange(len(data)) if indices is None else indices
    found = np.empty(len(indices), np.int64)
    for start in range(0, len(indices), ROWS):
        rows = indices[start : start + ROWS]
        block = np.ascontiguousarray(take_rows(data.x, rows))
        if isinstance(data.x, np.ndarray):
            mapped.release(data.x)
        if block.dtype.kind == "f":
            block = block + block.dtype.type(0)  # -0.0 becomes 0.0
        lengths = np.zeros(len(rows), np.int32) if data.lengths is None else data.lengths[rows]
        found[start : start + len(rows)] = [
            hash((row.tobytes(), int(length))) for row, length in zip(block, lengths, strict=True)
        ]
    return found


def distinct(data: Dataset, indices: np.ndarray) -> np.ndarray:
    """Those of the indices whose inputs differ from all before."""
    _, first = np.unique(keys(data, indices), return_index=True)
    return indices[np.sort(first)]
