"""Columns: the inputs of a table, one by one, as the checks of data look at them."""

import math
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

import numpy as np

from nntrain.config.schema import Config
from nntrain.data.dataset import Dataset
from nntrain.data.tables.dates import dates_of
from nntrain.data.tables.features import columns, features_line
from nntrain.preflight.finding import Finding
from nntrain.preflight.samples import comparable

MOST_COLUMNS = 64  # whose values are counted; with more, equal rows are no chance
FEATURES = re.compile("`features: [^`]*`")


@dataclass(frozen=True)
class TableColumn:
    """A column of the training split; of text, the number of each row's category."""

    name: str  # empty where columns have no names
    short: str  # "'height'", or its number
    values: np.ndarray  # (rows,), without gaps where they are filled
    is_text: bool = False

    @property
    def kind(self) -> str:
        return "column" if self.name else "input"

    @property
    def label(self) -> str:
        """ "column 'height'", or "input 3"."""
        return f"{self.kind} {self.short}"


def table_columns(data: Dataset) -> list[TableColumn]:
    """Empty for images, sequences, tokens, and for tables too large to look at."""
    if data.vocabulary or data.x.ndim != 2 or data.is_bytes or not comparable(data):
        return []
    x = np.asarray(data.imputed)
    if not data.feature_names:
        return [TableColumn("", str(i + 1), x[:, i]) for i in range(x.shape[1])]
    return [
        TableColumn(
            name,
            repr(name),
            x[:, position] if text is None else text.labels(x),
            text is not None,
        )
        for name, position, text in columns(data.feature_names, data.one_hot)
    ]


def is_constant(values: np.ndarray) -> bool:
    return bool((values == values[0]).all())


def chance_of_equal(data: Dataset) -> float:
    """The probability that two samples are equal if their columns were independent of each other; 0 for all but tables."""
    every = table_columns(data)
    if not 0 < len(every) <= MOST_COLUMNS:
        return 0.0
    logarithm = 0.0
    for column in every:
        _, counts = np.unique(column.values, return_counts=True)
        logarithm += math.log(((counts / len(data)) ** 2).sum())
        if logarithm < -50:
            return 0.0
    return math.exp(logarithm)


def leaving_out(config: Config, every: list[TableColumn], left_out: Collection[str]) -> str:
    """How to train without some columns."""
    what = "it" if len(left_out) == 1 else "them"
    if not hasattr(config.data.source, "features"):
        return f"Leave {what} out of the data."
    return f"Leave {what} out with {line_without(every, left_out)}."


def line_without(every: list[TableColumn], left_out: Collection[str]) -> str:
    dates = dates_of(column.name for column in every)
    out = {dates.get(name, name) for name in left_out}
    kept = dict.fromkeys(dates.get(column.name, column.name) for column in every)
    return features_line(name for name in kept if name not in out)


def with_one_line(findings: Iterable[Finding], data: Dataset) -> list[Finding]:
    """The findings with the same line of YAML, which leaves out all columns that any warning is about."""
    findings, every = list(findings), table_columns(data)
    warned = {name for finding in findings if finding.severity != "note" for name in finding.columns}
    return [
        replace(
            finding, remedy=FEATURES.sub(line_without(every, warned | {*finding.columns}), finding.remedy)
        )
        if finding.columns
        else finding
        for finding in findings
    ]


def listed(labels: Iterable[str], most: int = 5) -> str:
    """ "a, b and 3 more"."""
    labels = list(labels)
    more = f" and {len(labels) - most:,} more" if len(labels) > most else ""
    return ", ".join(labels[:most]) + more
