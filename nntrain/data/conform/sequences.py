"""Sequence encoder: a CSV file of sequences in the form of the training data."""

from collections.abc import Iterator

import numpy as np

from nntrain.data.conform.tables import TableEncoder
from nntrain.data.dataset import Dataset
from nntrain.data.sequences.groups import grouped
from nntrain.data.sequences.windows import Windows
from nntrain.data.sources.sequences import Sequences
from nntrain.errors import UserError


class SequenceEncoder(TableEncoder):
    """A file of sequences whose columns are to be those of `train`, to predict from; it needs no targets."""

    csv: Sequences

    def __init__(self, train: Dataset, csv: Sequences, rows: Iterator[tuple[int, list[str]]]):
        super().__init__(train, csv, rows)
        places, ids = self._features(), self.csv.id_places(self.head)
        table = self.csv.filled(self.head, places, ids, [*self._texts(places), *ids])
        self.id_name = table.targets[0].name if ids else ""
        self.groups = grouped(self.csv.path, table.targets[0] if ids else None, table.lines)
        self.x = self._x(table)[self.groups.order]

    def inputs(self) -> tuple[Windows, np.ndarray | None]:
        """The samples and their lengths; of series the last window of each. Raises UserError."""
        groups, steps = self.groups, self.train.input_shape[0]
        if self.csv.predict != "next":
            starts, lengths, _ = self.csv.pieces(groups, steps)
            return Windows(self.x, starts, steps, lengths), lengths
        if len(short := np.flatnonzero(groups.lengths < steps)):
            raise UserError(
                f"{self.csv.path}: the series {groups.names[short[0]]!r} has {groups.lengths[short[0]]:,} steps. "
                f"Expected at least {steps:,}, the window of the training."
            )
        return Windows(self.x, groups.starts + groups.lengths - steps, steps), None
