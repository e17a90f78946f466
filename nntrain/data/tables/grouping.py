"""Grouping: the column whose values name the group of each row, whose samples are held out together."""

import numpy as np

from nntrain.data.tables.cells import BadCells
from nntrain.data.tables.columns import Categories, Column
from nntrain.data.tables.table import Table


def group_numbers(table: Table, column: Column) -> np.ndarray:
    """(rows,) int64: the number of each row's group. Raises DataError for missing values."""
    if column.is_text:
        numbers = Categories(column).labels.astype(np.int64)
        missing = numbers < 0
    else:  # a feature too
        missing = np.isnan(column.numbers)
        numbers = np.unique(column.numbers, return_inverse=True)[1]
    bad = BadCells(table.path, table.lines)
    bad.add(np.flatnonzero(missing), column.label, "the name of a group", lambda row: "a missing value")
    bad.raise_if_any("Fix the file, or remove such lines.")
    return numbers
