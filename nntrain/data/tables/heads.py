"""Heads of a table: columns to predict, each of a kind of its own, as one matrix of reals."""

from collections.abc import Sequence

import numpy as np

from nntrain.data.tables.cells import BadCells
from nntrain.data.tables.columns import MISSING, TEXT, Categories, Column
from nntrain.data.tables.features import listed
from nntrain.data.tables.suspicions import hardly_repeat
from nntrain.data.tables.table import Table
from nntrain.errors import DataError
from nntrain.heads import Head, HeadColumn


def head_columns(table: Table, wanted: Sequence[HeadColumn]) -> tuple[np.ndarray, tuple[Head, ...]]:
    """(rows, heads) float64 numbers, numbers of classes, or NaN where missing; and the heads. Raises DataError."""
    columns, heads = [], []
    for column, head in zip(table.targets, wanted, strict=True):
        values, classes = _classes(table, column) if head.classes else (_numbers(table, column), ())
        missing = int(np.isnan(values).sum())
        if missing == len(values):
            raise DataError(f"targets: {column.label} has no values", place=table.path)
        if missing and not head.optional:
            _refuse_missing(table, column, head)
        if missing:
            table.notes.append(f"target {column.name}: missing in {missing:,} of {len(values):,} rows")
        columns.append(values)
        heads.append(Head(column.name, classes, optional=head.optional))
    return np.stack(columns, axis=1), tuple(heads)


def _numbers(table: Table, column: Column) -> np.ndarray:
    """(rows,) float64; NaN for gaps."""
    flags = column.flags
    if flags is not None:
        table.notes.append(f"target {column.name}: true and yes are 1, false and no are 0")
        return flags
    if texts := column.distinct(TEXT):
        message = f"expected numbers, which the loss of this target predicts. Received: {listed(texts)}"
        loss = "binary_cross_entropy" if len(texts) == 2 else "cross_entropy"
        few = not hardly_repeat(len(texts), len(table.lines))
        hint = f"Fix the file, or {f'set `loss: {loss}`' if few else 'name another column'}."
        raise DataError(f"targets: {column.label}: {message}", hint, table.path)
    values = column.numbers
    bad = BadCells(table.path, table.lines)
    bad.add(np.flatnonzero(np.isinf(values)), column.label, "a finite number", column.cell)
    bad.raise_if_any("Fix the file.")
    return values


def _classes(table: Table, column: Column) -> tuple[np.ndarray, tuple[str, ...]]:
    """(rows,) float64 numbers of classes, NaN for gaps, and their names."""
    categories = Categories(column)
    names, labels = categories.names, categories.labels
    if len(names) == 1:
        message = f"expected at least two classes. Received: {names[0]!r} in every row"
        raise DataError(f"targets: {column.label}: {message}", place=table.path)
    table.notes.append(f"target {column.name}: {len(names):,} classes: {listed(names)}")
    if hardly_repeat(len(names), len(labels)):
        table.warnings.append(
            f"target {column.name!r} has {len(names):,} classes in {len(labels):,} rows, which hardly repeat: "
            "set a loss for numbers, such as `loss: mse`, if they are numbers, or choose another column"
        )
    return np.where(labels < 0, np.nan, labels), names


def _refuse_missing(table: Table, column: Column, head: HeadColumn) -> None:
    bad = BadCells(table.path, table.lines)
    expected = "a class" if head.classes else "a number"
    rows = np.flatnonzero(column.kinds_of[column.places] == MISSING)
    bad.add(rows, column.label, expected, lambda row: "a missing value")
    bad.raise_if_any(
        "Set `on_missing: skip` in this target to learn the other targets from such rows, or fix the file."
    )
