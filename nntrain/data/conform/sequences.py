"""Sequence encoder: a CSV file of sequences in the form of the training data."""

from collections.abc import Sequence

import numpy as np

from nntrain.data.conform.tables import TableEncoder
from nntrain.data.conform.unusable import Unusable, UnusableInput, UnusableSamples
from nntrain.data.dataset import Dataset
from nntrain.data.sequences.groups import Groups, group_rows
from nntrain.data.sequences.windows import Windows
from nntrain.data.sources.sequences import Sequences
from nntrain.data.tables.csv_file import Cells


class SequenceEncoder(TableEncoder):
    """Encodes a file of sequences with the columns of `train`; it needs no targets.

    `unusable` is about sequences: those with a row that the network does not know, or of another length than it takes.
    """

    csv: Sequences
    x: np.ndarray  # (rows, features), sequence by sequence

    def __init__(self, train: Dataset, csv: Sequences, rows: Cells, lenient: bool = False):
        super().__init__(train, csv, rows, lenient)
        positions, ids = self._features(), self.csv.id_positions(self.file)
        table = self.file.read(positions, ids, [*self._text_columns(positions), *ids], typed=False)
        self.id_name = table.targets[0].name if ids else ""
        groups = group_rows(self.csv.path, table.targets[0] if ids else None, table.lines, unnamed=lenient)
        x = self._x(table, self.columns)[groups.order]
        self.names = groups.names  # of all sequences
        self.steps = len(groups.order)  # of all sequences
        self.unusable = self._unusable(groups, table.lines)
        try:
            usable = self.unusable.usable
        except UnusableInput as error:
            error.count = self.steps if train.per_step else len(groups.names)
            raise
        self.x = x[np.isin(np.repeat(np.arange(len(groups.names)), groups.lengths), usable)]
        self.groups = groups.select(usable)

    def _count(self) -> int:
        return super()._count() if self.train.per_step else 1  # the file's, whose sequences are unknown

    def sequences(self) -> tuple[Windows, np.ndarray | None]:
        """The usable sequences and their lengths; for `predict: next` the last window of each series."""
        groups, steps = self.groups, self.train.input_shape[0]
        if self.csv.predict != "next":
            starts, lengths, _ = self.csv.segments(groups, steps)
            return Windows(self.x, starts, steps, lengths), lengths
        return Windows(self.x, groups.starts + groups.lengths - steps, steps), None

    def _unusable(self, groups: Groups, lines: Sequence[int]) -> Unusable:
        """Of the sequences, from that of their rows. Raises UnusableSamples for wrong lengths unless `lenient`."""
        rows = self.unusable
        mask = np.logical_or.reduceat(rows.mask[groups.order], groups.starts)
        wrong, reason = self._wrong_lengths(groups)
        reasons = [
            reason.format(name=groups.names[place], length=groups.lengths[place])
            for place in np.flatnonzero(wrong)
        ]
        if reasons and not self.lenient:
            raise UnusableSamples(reasons[0], place=self.csv.path)
        named = [f"{self.csv.path}: {text}" for text in reasons]
        unnamed = np.array([bool(self.id_name) and not name for name in groups.names])
        for place in np.flatnonzero(unnamed):  # at most one
            start = groups.starts[place]
            named += [
                f"{self.csv.path}:{lines[row]}: column {self.id_name!r}: expected the name of a sequence. "
                "Received: a missing value."
                for row in groups.order[start : start + groups.lengths[place]]
            ]
        return Unusable(mask | wrong | unnamed, (*rows.reasons, *named), rows.values + len(named))

    def _wrong_lengths(self, groups: Groups) -> tuple[np.ndarray, str]:
        steps = self.train.input_shape[0]
        if self.csv.predict == "next":
            series = "series {name!r}: " if self.id_name else ""
            return groups.lengths < steps, (
                f"{series}expected at least {steps:,} steps, the window of the training. Received: {{length:,}}."
            )
        return (groups.lengths > steps) & (self.csv.longer == "error"), (
            f"sequence {{name!r}}: expected at most {steps:,} steps, as in training. Received: {{length:,}}."
        )
