"""Columns: the inputs of a table, one by one, as the checks of data look at them."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from nntrain.config.schema import Config
from nntrain.data.dataset import Dataset
from nntrain.data.tables.features import columns, features_line


@dataclass(frozen=True)
class TableColumn:
    """A column of the training split; of text, the number of each row's category."""

    name: str
    label: str  # "column 'height'", or "input 3" where columns have no names
    values: np.ndarray  # (rows,), without gaps where they are filled
    is_text: bool


def table_columns(data: Dataset) -> list[TableColumn]:
    """Empty for images, sequences, tokens."""
    if data.vocabulary or not isinstance(data.x, np.ndarray) or data.x.ndim != 2 or data.is_bytes:
        return []
    x = np.asarray(data.imputed)
    if not data.feature_names:
        return [TableColumn("", f"input {i + 1}", x[:, i], False) for i in range(x.shape[1])]
    return [
        TableColumn(
            name,
            f"column {name!r}",
            x[:, position] if text is None else x[:, text.places].argmax(axis=1),
            text is not None,
        )
        for name, position, text in columns(data.feature_names, data.one_hot)
    ]


def leaving_out(config: Config, every: list[TableColumn], left_out: Collection[str]) -> str:
    """How to train without some columns."""
    what = "it" if len(left_out) == 1 else "them"
    if not hasattr(config.data.source, "features"):
        return f"Leave {what} out of the data."
    kept = [column.name for column in every if column.name not in left_out]
    return f"Leave {what} out with {features_line(kept)}."


def listed(labels: list[str], most: int = 5) -> str:
    """ "a, b and 3 more"."""
    more = f" and {len(labels) - most:,} more" if len(labels) > most else ""
    return ", ".join(labels[:most]) + more
