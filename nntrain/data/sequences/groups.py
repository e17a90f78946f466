"""Groups: the rows of a table by the sequence that they belong to, and sequences cut to a number of steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from nntrain.data.tables.cells import BadCells
from nntrain.data.tables.columns import Categories, Column
from nntrain.data.tables.table import Table
from nntrain.options import MOST_NAMES


@dataclass(frozen=True)
class Groups:
    """Sequences in order of their first row."""

    names: tuple[str, ...]
    order: np.ndarray  # (rows,) int64: the rows, sequence by sequence
    starts: np.ndarray  # (sequences,) int64: into `order`
    lengths: np.ndarray  # (sequences,) int32

    def select(self, chosen: np.ndarray) -> "Groups":
        """These sequences alone; `order` keeps only their rows."""
        lengths = self.lengths[chosen]
        rows = [self.order[self.starts[place] : self.starts[place] + self.lengths[place]] for place in chosen]
        starts = np.cumsum(lengths, dtype=np.int64) - lengths
        return Groups(tuple(self.names[place] for place in chosen), np.concatenate(rows), starts, lengths)


def group_rows(path: str, column: Column | None, lines: Sequence[int], unnamed: bool = False) -> Groups:
    """Groups rows by the cells of a column; without one, all rows are one sequence.

    Raises DataError for missing cells; if `unnamed`, their rows are a sequence without a name.
    """
    rows = len(lines)
    if column is None:
        return Groups(("",), np.arange(rows), np.zeros(1, np.int64), np.array([rows], np.int32))
    categories = Categories(column)
    bad = BadCells(path, lines)
    missing = np.flatnonzero(categories.labels < 0)
    bad.add(missing, column.label, "the name of a sequence", lambda row: "a missing value")
    if not unnamed:
        bad.raise_if_any("Fix the file.")
    distinct, first, group = np.unique(categories.labels, return_index=True, return_inverse=True)
    by_start = np.argsort(first)
    number = np.empty(len(distinct), np.int64)
    number[by_start] = np.arange(len(distinct))
    lengths = np.bincount(number[group]).astype(np.int32)
    names = tuple("" if label < 0 else categories.names[label] for label in distinct[by_start])
    order = np.argsort(number[group], kind="stable")
    return Groups(names, order, np.cumsum(lengths, dtype=np.int64) - lengths, lengths)


def segments(
    groups: Groups, steps: int, longer: Literal["first", "last", "split"]
) -> tuple[np.ndarray, np.ndarray]:
    """Starts (int64) and lengths (int32) of sequences cut to at most `steps` steps.

    `longer`: keep the first or the last steps of a longer sequence, or split it.
    """
    starts, lengths = groups.starts, groups.lengths
    if longer == "last":
        starts = starts + np.maximum(lengths - steps, 0)
    if longer == "split":
        count = -(-lengths // steps)  # segments per sequence
        nth = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        starts = np.repeat(starts, count) + nth * steps
        lengths = np.repeat(lengths, count) - nth * steps
    return starts, np.minimum(lengths, steps).astype(np.int32)


def sliding_windows(groups: Groups, reach: int, stride: int) -> tuple[np.ndarray, np.ndarray]:
    """(count,) each: the start of each window of `reach` steps, and the number of its series."""
    counts = (groups.lengths - reach) // stride + 1
    nth = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    series = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    return groups.starts[series] + nth * stride, series


def require_one_target(table: Table, groups: Groups, target: np.ndarray) -> None:
    """Raises DataError where the target changes within a sequence."""
    columns = ", ".join(column.label for column in table.targets[:MOST_NAMES])
    bad = _changing(table, groups, target, columns, "target")
    bad.raise_if_any("Fix the file, or set `predict: step` if each step has a target.")


def require_one_group(table: Table, groups: Groups, group: np.ndarray) -> None:
    """Raises DataError where the group (rows,), which is held out as a whole, changes within a sequence."""
    bad = _changing(table, groups, group, "group", "group")
    bad.raise_if_any("Fix the file, or group by another column.")


def _changing(table: Table, groups: Groups, values: np.ndarray, place: str, what: str) -> BadCells:
    """The rows where values (rows, ...) are not those of the first row of their sequence."""
    of_row = np.empty(len(groups.order), np.int64)
    of_row[groups.order] = np.repeat(np.arange(len(groups.names)), groups.lengths)
    first = groups.order[groups.starts][of_row]
    differs = (values != values[first]).reshape(len(values), -1).any(axis=1)
    bad = BadCells(table.path, table.lines)
    bad.add(
        np.flatnonzero(differs),
        place,
        f"the same {what} in each row of a sequence",
        lambda row: f"a {what} other than in line {table.lines[first[row]]}",
    )
    return bad
