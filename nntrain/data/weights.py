"""Weights: how much each sample counts in the loss, the scores and the statistics; only their ratios matter."""

import numpy as np

from nntrain.errors import DataError

ALL_ZERO = "all weights are 0, so no sample counts"
AT_LEAST_ONE = "Set at least one weight above 0."


def checked(name: str, weight: np.ndarray, count: int) -> np.ndarray:
    """(count,) float64. Raises DataError, with `name` as place, unless they are weights of `count` samples."""
    if weight.ndim != 1 or weight.dtype.kind not in "biuf":
        kind = "text" if weight.dtype.kind in "US" else weight.dtype.name
        raise DataError(
            f"expected weights (count,) of numbers. Received: {kind} of shape {weight.shape}.", place=name
        )
    if len(weight) != count:
        raise DataError(f"expected {count:,} weights, one per sample. Received: {len(weight):,}.", place=name)
    weight = weight.astype(np.float64)
    wrong = np.flatnonzero(unusable(weight))
    if len(wrong):
        raise DataError(
            f"sample {wrong[0] + 1}: expected a finite weight of at least 0. Received: {weight[wrong[0]]:g}.",
            place=name,
        )
    if not weight.any():
        raise DataError(ALL_ZERO, AT_LEAST_ONE, name)
    return weight


def unusable(weight: np.ndarray) -> np.ndarray:
    """(count,) bool: NaN, infinity and negative numbers."""
    return ~(np.isfinite(weight) & (weight >= 0))


def with_mean_one(weight: np.ndarray) -> np.ndarray | None:
    """(count,) float64: usable weights, not all 0, divided by their mean, so that no float type is too narrow for them.

    None where all are equal: then they change nothing, and training has the same bits as without.
    """
    largest = weight.max()
    if (weight == largest).all():
        return None
    weight = weight / largest  # their sum may be infinite
    return weight / weight.mean()


def remark(name: str, weight: np.ndarray) -> str:
    """ "weight w: from 0 to 3; 12 of 150 are 0"."""
    zeros = np.count_nonzero(weight == 0)
    some = f"; {zeros:,} of {len(weight):,} are 0" if zeros else ""
    return f"{name}: from {weight.min():g} to {weight.max():g}{some}"
