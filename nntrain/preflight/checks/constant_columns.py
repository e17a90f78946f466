"""Constant columns: inputs with a single value in the training split, from which nothing can be learned."""

from collections.abc import Iterator

import numpy as np

from nntrain.preflight.check import Check
from nntrain.preflight.columns import TableColumn, leaving_out, listed, table_columns
from nntrain.preflight.finding import Finding
from nntrain.preflight.subject import Subject


class ConstantColumns(Check, name="constant_columns", about="data"):
    """A warning for columns with names. Inputs without names are pixels more often than not, of which some are always black."""

    def look(self, subject: Subject) -> Iterator[Finding]:
        every = table_columns(subject.train)
        constant = [column for column in every if (column.values == column.values[0]).all()]
        rows = len(subject.train)
        if not constant:
            return
        if len(constant) == len(every):
            yield self.found(
                "error", f"all {rows:,} training samples have the same input: nothing tells them apart"
            )
        elif not subject.train.feature_names:
            labels = listed([column.label for column in constant])
            yield self.found(
                "note", f"{len(constant)} of {len(every)} inputs are constant in the training split: {labels}"
            )
        else:
            for column in constant:
                yield self.found(
                    "warning",
                    f"{column.label} has the same value{value_of(column)} in all {rows:,} training samples",
                    leaving_out(subject.config, every, {each.name for each in constant}),
                    column.label,
                )


def value_of(column: TableColumn) -> str:
    return "" if column.is_text else f", {float(np.asarray(column.values)[0]):g},"
