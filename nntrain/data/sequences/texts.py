"""Texts: samples that become tokens once the splits are known, since the vocabulary is learned from the training split."""

from dataclasses import dataclass, replace

import numpy as np

from nntrain.data.sequences.tokenizer import Recipe


@dataclass(frozen=True, eq=False)
class Texts:
    """The texts of a data set, and how a vocabulary is learned from them."""

    values: np.ndarray  # (count,) of str
    recipe: Recipe
    steps: int = 0  # that an earlier training padded to; 0: as many as the longest text has tokens

    def select(self, rows: slice | np.ndarray) -> "Texts":
        """These texts alone."""
        return replace(self, values=self.values[rows])
