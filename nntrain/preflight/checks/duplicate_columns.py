"""Duplicate columns: columns of a table that hold the same values as another one."""

import hashlib
from collections.abc import Iterator

import numpy as np

from nntrain.data.tables.giveaways import SAME, agree, correlation
from nntrain.preflight.check import Check
from nntrain.preflight.columns import TableColumn, is_constant, leaving_out, listed, table_columns
from nntrain.preflight.finding import Finding
from nntrain.preflight.subject import Subject
from nntrain.training.scales import evenly

FEWEST = 5  # rows that differ from the most frequent value; fewer agree by chance
MOST_COLUMNS = 500  # that are compared in pairs


class DuplicateColumns(Check, name="duplicate_columns", about="data"):
    """The same values are a warning, the same values in another unit a note. Inputs without names may be pixels: a note, too."""

    def look(self, subject: Subject) -> Iterator[Finding]:
        every = table_columns(subject.train)
        varying = [column for column in every if not agree(column.values, is_constant)]
        if subject.train.feature_names:
            yield from self._named(subject, every, varying)
        elif pairs := twins(varying):
            yield self.found("note", same_values(pairs), place=listed(column.label for column, _ in pairs))

    def _named(
        self, subject: Subject, every: list[TableColumn], varying: list[TableColumn]
    ) -> Iterator[Finding]:
        pairs = twins(varying)
        names = [column.name for column, _ in pairs]
        if pairs:
            yield self.found(
                "warning",
                same_values(pairs),
                leaving_out(subject.config, every, names),
                listed(column.label for column, _ in pairs),
                names,
            )
        single = [column for column in varying if column.name not in names and not column.is_text]
        for column, first in in_other_units(single[:MOST_COLUMNS]):
            yield self.found(
                "note",
                f"{column.label} is {first.label} in another unit: their correlation is "
                f"{correlation(column.values, first.values):.6g}",
                leaving_out(subject.config, every, [column.name]),
                column.label,
                [column.name],
            )


def twins(columns: list[TableColumn]) -> list[tuple[TableColumn, TableColumn]]:
    """Columns with the first one that holds the same values."""
    firsts: dict[bytes, TableColumn] = {}
    pairs = [(column, firsts.setdefault(identity(column), column)) for column in columns]
    return [(column, first) for column, first in pairs if first is not column and tells(column)]


def same_values(twins: list[tuple[TableColumn, TableColumn]]) -> str:
    """Pairs of a column and the first one that holds its values."""
    if len(twins) == 1:
        return f"{twins[0][0].label} holds the same values as {twins[0][1].label}"
    pairs = listed(f"{column.short} as {first.short}" for column, first in twins)
    return f"{len(twins):,} {twins[0][0].kind}s hold the same values as others: {pairs}"


def tells(column: TableColumn) -> bool:
    """Whether it differs in enough rows for an agreement to be no chance."""
    _, counts = np.unique(column.values, return_counts=True)
    return len(column.values) - int(counts.max()) >= FEWEST


def identity(column: TableColumn) -> bytes:
    """Equal for columns with equal values; of text, for columns whose categories are the same rows."""
    if not column.is_text:
        return hashlib.sha256((column.values + 0.0).tobytes()).digest()
    _, first, numbers = np.unique(column.values, return_index=True, return_inverse=True)
    return b"text" + first[numbers].tobytes()  # each category as the row in which it occurs first


def in_other_units(columns: list[TableColumn]) -> Iterator[tuple[TableColumn, TableColumn]]:
    """Pairs of a column and an earlier one with a correlation of 1 or -1; some rows decide which pairs are looked at."""
    if len(columns) < 2:
        return
    some = np.stack([column.values[evenly(len(column.values))] for column in columns]).astype(np.float64)
    with np.errstate(all="ignore"):
        related = np.abs(np.corrcoef(some)) > SAME
    for i, column in enumerate(columns):
        for j in np.flatnonzero(related[i, :i]):
            if abs(correlation(column.values, columns[j].values)) > SAME and tells(column):
                yield column, columns[j]
                break
