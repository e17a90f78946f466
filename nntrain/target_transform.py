"""Target transform: numbers to predict as a loss sees them, standardized or as their logarithm, by statistics of the training split."""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class TargetTransform:
    """z = (t - mean) / std, with log(t) in place of t if `log`; one mean and one standard deviation per target."""

    log: bool
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __call__(self, targets: np.ndarray) -> np.ndarray:
        """(..., targets), of the same type; NaN or an infinity for those that have no logarithm."""
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.log(targets.astype(np.float64)) if self.log else targets
            mean, std = self.statistics(targets.shape[-1])
            return ((found - mean) / std).astype(targets.dtype)

    def statistics(self, targets: int) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation (targets,) float64; the targets of the steps of a forecast repeat."""
        times = targets // len(self.mean)
        return np.tile(np.array(self.mean), times), np.tile(np.array(self.std), times)


def transform_of(described: dict[str, Any] | None) -> TargetTransform | None:
    """The transform that a checkpoint describes."""
    if described is None:
        return None
    return TargetTransform(described["log"], tuple(described["mean"]), tuple(described["std"]))
