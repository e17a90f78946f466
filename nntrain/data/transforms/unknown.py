"""Unknown: what a column does with categories that training did not see, learned from training rows whose category is hidden."""

from dataclasses import replace

import numpy as np

from nntrain import randomness
from nntrain.data.dataset import Splits

HIDDEN = 0.02  # of the training rows
FEWEST = 10  # rows, but at most one in ten


def hide_some(splits: Splits, seed: int) -> Splits:
    """The splits, where a few training rows have the category "unknown" in each column that learns one.

    Which rows is a function of the seed and the name of the column. Categories that no training row has become unknown in the
    other splits.
    """
    columns = [column for column in splits.train.one_hot if column.unknown]
    if not columns:
        return splits
    changed = {name: np.array(part.x) for name, part in splits.parts().items()}
    for column in columns:
        labels = column.labels(changed["train"])
        there = np.flatnonzero(labels >= 0)
        count = max(round(HIDDEN * len(there)), min(FEWEST, len(there) // 10))
        chosen = there[
            randomness.permutation(randomness.key(seed, "unknown", column.column), len(there))[:count]
        ]
        for name, x in changed.items():
            found = column.labels(x)
            absent = (found >= 0) & ~np.isin(found, labels)
            rows = chosen if name == "train" else np.flatnonzero(absent)
            x[rows, column.places] = column.encoded(np.full(len(rows), column.unknown_label))
    return Splits(**{name: replace(part, x=changed[name]) for name, part in splits.parts().items()})
