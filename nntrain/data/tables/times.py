"""Times: the column whose dates or numbers order the rows of a table, of which the latest are held out."""

import numpy as np

from nntrain.data.tables.cells import BadCells
from nntrain.data.tables.columns import TEXT, Column
from nntrain.data.tables.dates import EXAMPLE, moment
from nntrain.data.tables.table import Table


def row_times(table: Table, column: Column) -> np.ndarray:
    """(rows,) float64, the later the larger: years of dates, or the numbers. Raises DataError."""
    dates = bool(column.distinct(TEXT))
    if dates:
        found = (moment(cell) for cell in column.cells)
        years = np.array(
            [np.nan if one is None else one.years for one in found] + [np.nan]
        )  # last: see Column.places
        times = years[column.places]
    else:
        times = column.numbers
    bad, expected = (
        BadCells(table.path, table.lines),
        f"a date such as {EXAMPLE}" if dates else "a finite number",
    )
    wrong = np.flatnonzero(~np.isfinite(times))

    def cell(row: int) -> str:
        return column.cell(row) if column.places[row] >= 0 else f"{column.numbers[row]:g}"

    bad.add(wrong, column.label, expected, cell)
    bad.raise_if_any("Fix the file, or choose another column with `split_by`.")
    return times
