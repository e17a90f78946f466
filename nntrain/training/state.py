"""State: where training stands, as plain values that go into the checkpoint."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from nntrain.metrics.state import arrays_of, plain_of, restored


@dataclass
class TrainingState:
    """All randomness is a function of seed and position, so that these counters are the whole position."""

    epoch: int = 0  # epochs done
    batch: int = 0  # batches done of the epoch under way
    step: int = 0  # steps done since the start
    sums: dict[str, Any] = field(default_factory=dict)  # loss and metrics since the last evaluation
    best: dict[str, Any] | None = None  # the row of metrics.csv with the best monitored value
    waited: int = 0  # evaluations since then
    schedule: dict[str, Any] = field(default_factory=dict)  # what reduce_on_plateau remembers
    stopped_early: bool = False

    def to_dict(self) -> dict[str, Any]:
        """For JSON: everything but the arrays of the metrics."""
        if not self.sums:
            return asdict(self)
        return asdict(replace(self, sums={**self.sums, "metrics": plain_of(self.sums["metrics"])}))

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays of the metrics, by their names in a checkpoint."""
        return arrays_of(self.sums.get("metrics", {}))

    @classmethod
    def from_dict(cls, values: dict[str, Any], arrays: dict[str, np.ndarray]) -> "TrainingState":
        """From `to_dict` and the checkpoint's tensors."""
        state = cls(**values)
        if state.sums:
            state.sums["metrics"] = restored(state.sums["metrics"], arrays)
        return state
