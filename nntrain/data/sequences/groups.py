"""Groups: the rows of a table by the sequence that they belong to."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nntrain.data.tables.cells import BadCells
from nntrain.data.tables.columns import Categories, Column


@dataclass(frozen=True)
class Groups:
    """The rows of a file by the sequence that they belong to; sequences are in the order in which they begin."""

    names: tuple[str, ...]
    order: np.ndarray  # (rows,) int64: the rows, those of the first sequence first
    starts: np.ndarray  # (sequences,) int64: into `order`
    lengths: np.ndarray  # (sequences,) int32


def grouped(path: str, column: Column | None, lines: Sequence[int]) -> Groups:
    """By the cells of a column, or all rows as one sequence. Raises UserError where a cell is missing."""
    rows = len(lines)
    if column is None:
        return Groups(("",), np.arange(rows), np.zeros(1, np.int64), np.array([rows], np.int32))
    categories = Categories(column)
    bad = BadCells(path, lines)
    bad.add(
        np.flatnonzero(categories.labels < 0),
        column.label,
        "the name of a sequence",
        lambda row: "a missing value",
    )
    bad.tell("Mend the file.")
    different, first, group = np.unique(categories.labels, return_index=True, return_inverse=True)
    by_start = np.argsort(first)
    place = np.empty(len(different), np.int64)
    place[by_start] = np.arange(len(different))
    lengths = np.bincount(place[group]).astype(np.int32)
    names = tuple(categories.names[label] for label in different[by_start])
    return Groups(
        names, np.argsort(place[group], kind="stable"), np.cumsum(lengths, dtype=np.int64) - lengths, lengths
    )
