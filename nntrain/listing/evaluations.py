"""Evaluations: the last and the best row of a run's tables, without reading the rest."""

import contextlib
import csv
from pathlib import Path

Row = dict[str, float]  # by column; without what was not measured

TAIL = 4096  # bytes at the end of a table, which hold its last row


def last_and_best(table: Path) -> tuple[Row, Row]:
    """Two rows of metrics.csv; empty where there is none. An incomplete last line is ignored.

    Raises ValueError for a corrupt row.
    """
    try:
        lines = table.read_bytes().rpartition(b"\n")[0].decode("utf-8", errors="replace").splitlines()
    except OSError:
        return {}, {}
    if len(lines) < 2:
        return {}, {}
    columns = cells_of(lines[0])
    at = columns.index("best") if "best" in columns else None
    last = row_of(columns, lines[-1])
    if at is None or last.get("best") == 1:
        return last, last if at is not None else {}
    plain = at == len(columns) - 1  # nothing needs to be parsed to see whether a row was the best
    for line in reversed(lines[1:-1]):
        if line.endswith(",1") if plain else row_of(columns, line).get("best") == 1:
            return last, row_of(columns, line)
    return last, {}


def last_row(table: Path) -> Row:
    """The last complete row of times.csv or steps.csv; empty where there is none."""
    with contextlib.suppress(OSError, ValueError), table.open("rb") as file:
        columns = file.readline().decode().strip().split(",")
        start = file.tell()
        file.seek(max(start, file.seek(0, 2) - TAIL))
        lines = file.read().rpartition(b"\n")[0].decode("utf-8", errors="replace").splitlines()
        return row_of(columns, lines[-1]) if lines else {}
    return {}


def row_of(columns: list[str], line: str) -> Row:
    """Raises ValueError where the line does not suit the columns."""
    return {
        name: float(cell)
        for name, cell in zip(columns, cells_of(line), strict=True)
        if cell.strip() and not cell.startswith("[")  # a list, such as a confusion matrix
    }


def cells_of(line: str) -> list[str]:
    return next(csv.reader([line])) if '"' in line else line.split(",")
