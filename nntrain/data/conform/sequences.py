"""Sequence encoder: a CSV file of sequences in the form of the training data."""

import numpy as np

from nntrain.data.conform.tables import TableEncoder
from nntrain.data.dataset import Dataset
from nntrain.data.sequences.groups import group_rows
from nntrain.data.sequences.windows import Windows
from nntrain.data.sources.sequences import Sequences
from nntrain.data.tables.csv_file import Rows
from nntrain.errors import DataError


class SequenceEncoder(TableEncoder):
    """Encodes a file of sequences with the columns of `train`; it needs no targets."""

    csv: Sequences
    x: np.ndarray  # (rows, features), sequence by sequence

    def __init__(self, train: Dataset, csv: Sequences, rows: Rows):
        super().__init__(train, csv, rows)
        positions, ids = self._features(), self.csv.id_positions(self.file)
        table = self.file.read(positions, ids, [*self._text_columns(positions), *ids])
        self.id_name = table.targets[0].name if ids else ""
        self.groups = group_rows(self.csv.path, table.targets[0] if ids else None, table.lines)
        self.x = self._x(table)[self.groups.order]

    def sequences(self) -> tuple[Windows, np.ndarray | None]:
        """The sequences and their lengths; for `predict: next` the last window of each series. Raises DataError."""
        groups, steps = self.groups, self.train.input_shape[0]
        if self.csv.predict != "next":
            starts, lengths, _ = self.csv.segments(groups, steps)
            return Windows(self.x, starts, steps, lengths), lengths
        if len(short := np.flatnonzero(groups.lengths < steps)):
            raise DataError(
                f"series {groups.names[short[0]]!r}: expected at least {steps:,} steps, the window of the training. "
                f"Received: {groups.lengths[short[0]]:,}.",
                place=self.csv.path,
            )
        return Windows(self.x, groups.starts + groups.lengths - steps, steps), None
