"""Giveaways: inputs without names that number the samples, or give the target away; of columns with names, `fit` warns itself."""

from collections.abc import Iterator

import numpy as np

from nntrain.data.tables.giveaways import FEWEST_ROWS, answer
from nntrain.preflight.check import Check
from nntrain.preflight.columns import table_columns
from nntrain.preflight.finding import Finding
from nntrain.preflight.subject import Subject

SOME = 100  # samples, by which most columns are decided
REMEDY = "Leave it out of the data."


class Giveaways(Check, name="giveaways", about="data"):
    """A single input is exempt, because it is all that there is to predict from."""

    def look(self, subject: Subject) -> Iterator[Finding]:
        data = subject.train
        every = [] if data.feature_names else table_columns(data)
        if len(every) < 2 or len(data) < FEWEST_ROWS:
            return
        for column in every:
            if numbers_samples(column.values, subject.setup.indices["train"]):
                text = f"{column.label} numbers the samples and says nothing about new ones"
                yield self.found("warning", text, REMEDY, column.label)
            elif how := answer(data, column.values, is_text=False):
                yield self.found(
                    "warning", f"{column.label} gives the answer away ({how})", REMEDY, column.label
                )


def numbers_samples(values: np.ndarray, rows: np.ndarray) -> bool:
    """Whether the values are the rows of the samples in the source, counted from any number."""
    first = values[0] - rows[0]
    if first != np.floor(first) or (values[:SOME] - rows[:SOME] != first).any():
        return False
    return bool((values - rows == first).all())
