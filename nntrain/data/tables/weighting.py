"""Weighting: the column that says how much each row counts."""

import numpy as np

from nntrain.data.tables.cells import BadCells
from nntrain.data.tables.columns import Column
from nntrain.data.tables.table import Table
from nntrain.data.weights import ALL_ZERO, AT_LEAST_ONE, remark, unusable, with_mean_one
from nntrain.errors import DataError


def row_weights(table: Table, column: Column) -> np.ndarray | None:
    """(rows,) float64 with mean 1, of a column read as text; None where all are equal. Raises DataError, and adds a note."""
    weight = column.numbers
    bad = BadCells(table.path, table.lines)
    bad.add(np.flatnonzero(unusable(weight)), column.label, "a finite weight of at least 0", column.cell)
    bad.raise_if_any("Fix the file, or choose another column with `weight`.")
    if not weight.any():
        raise DataError(f"{column.label}: {ALL_ZERO}", AT_LEAST_ONE, table.path)
    table.notes.append(remark(f"weight {column.name}", weight))
    return with_mean_one(weight)
