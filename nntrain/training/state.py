"""State: where training stands, as plain values that go into the checkpoint."""

from dataclasses import asdict, dataclass, field
from typing import Any


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
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "TrainingState":
        return cls(**values)
