"""Texts: samples that become tokens once the splits are known, since the vocabulary is learned from the training split."""

from dataclasses import dataclass, replace

import numpy as np

from nntrain.data.sequences.tokenizer import Recipe
from nntrain.errors import DataError


@dataclass(frozen=True, eq=False)
class Texts:
    """The texts of a data set, and how a vocabulary is learned from them."""

    values: np.ndarray  # (count,) of str
    recipe: Recipe
    steps: int = 0  # that an earlier training padded to; 0: as many as the longest text has tokens

    def select(self, rows: slice | np.ndarray) -> "Texts":
        """These texts alone."""
        return replace(self, values=self.values[rows])


def as_texts(name: str, x: object) -> list[str] | None:
    """The texts that x is: one, a list, or a column of them; None for other data. Raises DataError for gaps among texts."""
    if isinstance(x, str):
        return [x]
    if hasattr(x, "columns"):  # a DataFrame
        return None
    if hasattr(x, "to_list"):  # a column of pandas or Polars
        x = x.to_list()
    if isinstance(x, np.ndarray) and x.dtype.kind in "OUT" and x.ndim == 1:
        x = x.tolist()
    if not isinstance(x, (list, tuple)) or not any(isinstance(text, str) for text in x):
        return None
    for row, text in enumerate(x, start=1):
        if not isinstance(text, str):
            if text is not None and text == text and type(text).__name__ not in ("NAType", "NaTType"):
                return None
            raise DataError(
                f"sample {row}: expected a text. Received: a missing value.", "Remove such samples.", name
            )
    return list(x)
