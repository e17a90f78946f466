"""State: the progress of training, as plain values and arrays for a checkpoint."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from nntrain.metrics.state import arrays_of, plain_of, restored

NOT_FINITE = ("nan", "inf", "-inf")  # as text, because JSON has no such numbers


@dataclass
class TrainingState:
    """All randomness is a function of the seed and the position, so these counters are all that must be kept."""

    epoch: int = 0  # completed epochs
    batch: int = 0  # completed batches of the current epoch
    step: int = 0  # completed steps since the start
    sums: dict[str, Any] = field(default_factory=dict)  # loss and metrics since the last evaluation
    best: dict[str, Any] | None = None  # the row of metrics.csv with the best monitored value
    to_beat: float | None = (
        None  # the monitored value that the next improvement, for patience, must beat by `min_delta`
    )
    waited: int = 0  # evaluations since that value
    schedule: dict[str, Any] = field(default_factory=dict)  # the state of reduce_on_plateau
    horizon: int = 0  # the epochs over which the schedule runs
    stopped_early: bool = False
    skipped: int = 0  # steps that were not applied, for `on_nan: skip`
    skipped_in_a_row: int = 0
    rollbacks: int = 0  # for `on_nan: rollback`
    lr_factor: float = 1.0  # of the schedule's learning rate, halved by each rollback
    anchor_step: int = 0  # the step that the next rollback goes back to

    def to_dict(self) -> dict[str, Any]:
        """For JSON: everything but the arrays of the metrics."""
        plain = {**self.sums, "metrics": plain_of(self.sums["metrics"])} if self.sums else {}
        return mapped(asdict(replace(self, sums=plain)), _encoded)

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays of the metrics, by their names in a checkpoint."""
        return arrays_of(self.sums.get("metrics", {}))

    @classmethod
    def from_dict(cls, values: dict[str, Any], arrays: dict[str, np.ndarray]) -> "TrainingState":
        """From `to_dict` and the checkpoint's tensors."""
        state = cls(**mapped(values, _decoded))
        if state.sums:
            state.sums["metrics"] = restored(state.sums["metrics"], arrays)
        return state


def mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """A tree of dictionaries and lists with each of its leaves changed."""
    if isinstance(value, dict):
        return {key: mapped(entry, change) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [mapped(entry, change) for entry in value]
    return change(value)


def _encoded(value: Any) -> Any:
    return str(float(value)) if isinstance(value, float) and not math.isfinite(value) else value


def _decoded(value: Any) -> Any:
    return float(value) if value in NOT_FINITE else value
