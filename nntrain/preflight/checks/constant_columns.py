"""Constant columns: inputs with a single value in the training split, from which nothing can be learned."""

from collections.abc import Iterator

from nntrain.data.dataset import Splits
from nntrain.data.tables.giveaways import agree
from nntrain.preflight.check import Check
from nntrain.preflight.columns import TableColumn, is_constant, leaving_out, listed, table_columns
from nntrain.preflight.finding import Finding, Severity
from nntrain.preflight.subject import Subject


class ConstantColumns(Check, name="constant_columns", about="data"):
    """A warning for columns with names. Inputs without names are pixels more often than not, of which some are always black."""

    def look(self, subject: Subject) -> Iterator[Finding]:
        data, rows = subject.train, len(subject.train)
        every = table_columns(data)
        constant = [column for column in every if agree(column.values, is_constant)]
        if not constant:
            return
        if len(constant) == len(every):
            yield self.found(
                "error", f"all {rows:,} training samples have the same input: nothing tells them apart"
            )
            return
        if not data.feature_names:
            inputs = f"input{'s' * (len(constant) != 1)} {listed(column.short for column in constant)}"
            text = f"{len(constant):,} of {len(every):,} inputs are constant in the training split: {inputs}"
            yield self.found("note", text)
            return
        elsewhere = varying_elsewhere(subject.setup.splits, constant)
        always = [column for column in constant if column.name not in elsewhere]
        at_times = [column for column in constant if column.name in elsewhere]
        if always:
            yield self._of_columns(subject, "warning", always)
        if at_times:
            yield self._of_columns(subject, "note", at_times, ", but not in the other splits")

    def _of_columns(
        self, subject: Subject, severity: Severity, columns: list[TableColumn], where: str = ""
    ) -> Finding:
        names = [column.name for column in columns]
        return self.found(
            severity,
            f"{named(columns)} in all {len(subject.train):,} training samples{where}",
            leaving_out(subject.config, table_columns(subject.train), names),
            listed(column.label for column in columns),
            names,
        )


def varying_elsewhere(splits: Splits, constant: list[TableColumn]) -> set[str]:
    """The names of those that have another value in another split, as a rare mark does."""
    values = {column.name: column.values[0] for column in constant}
    return {
        column.name
        for data in splits.parts().values()
        for column in table_columns(data)
        if column.name in values and (column.values != values[column.name]).any()
    }


def named(columns: list[TableColumn]) -> str:
    """ "column 'unit' has the same value, 3,", or their number and the first ones; of text, the value is not shown."""
    if len(columns) == 1:
        return f"{columns[0].label} has the same value{value_of(columns[0], ', {},')}"
    each = listed(f"{column.short}{value_of(column, ': {}')}" for column in columns)
    return f"{len(columns):,} columns have a single value each ({each})"


def value_of(column: TableColumn, form: str) -> str:
    return "" if column.is_text else form.format(f"{float(column.values[0]):g}")
