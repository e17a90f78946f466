"""Sequences: samples of several steps as a picture shows them, without their padding."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nntrain.data.dataset import Dataset


def unpadded(data: "Dataset", samples: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """The inputs (samples, steps, features) of some samples, NaN after the end of each, and the names of the features."""
    some = data.select(samples)
    x = np.asarray(some.x, np.float64).reshape(len(samples), data.input_shape[0], -1)
    if some.lengths is not None:
        x[np.arange(x.shape[1]) >= some.lengths[:, None]] = np.nan
    features = x.shape[2]
    names = data.feature_names or tuple(f"x{number}" for number in range(1, features + 1))
    return x, tuple(names) if features > 1 else ("value",)
