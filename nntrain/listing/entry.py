"""Entry: what a listing says of one run, cross-validation or sweep."""

import datetime
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from nntrain.listing.differences import Difference
from nntrain.run.settings import Settings
from nntrain.run.status import ENDED

Scores = dict[str, dict[str, float]]  # {"test": {"loss": 0.16, "accuracy": 0.94}}
Kind = Literal["run", "crossval", "sweep"]


@dataclass
class Entry:
    """A run of a folder, whatever became of it; or a group of runs, with the mean scores of the folds, or the best trial's."""

    name: str
    path: Path
    status: str  # "finished", "stopped early", "imported", "running", "interrupted", "failed", "pruned", "killed" or "unknown"
    kind: Kind = "run"
    error: str = ""  # why it failed, in one line
    problem: str = ""  # which of its files is missing or corrupt
    epoch: float | None = None  # epochs done; 2.5 in the middle of one
    epochs: int | None = None  # those of its config
    monitor: str = ""  # the column that chooses the best checkpoint or trial, such as "validation_loss"
    scores: Scores = field(default_factory=dict)  # of the best checkpoint, on each split
    final: bool = False  # whether that checkpoint was evaluated; else the scores are those of the best evaluation so far
    best_epoch: float | None = None
    seconds: float | None = None  # of training, without compiling and pictures
    started: datetime.datetime | None = None
    ended: datetime.datetime | None = None
    members: int | None = None  # runs of a cross-validation, trials of a sweep
    members_done: int | None = None
    deviations: Scores = field(default_factory=dict)  # standard deviations of the scores over the folds
    settings: Settings = field(default_factory=dict, repr=False)  # the config with every default
    higher_is_better: dict[str, bool] = field(default_factory=dict, repr=False)  # by metric
    differences: list[Difference] = field(default_factory=list, repr=False)

    @property
    def differs(self) -> dict[str, Any]:
        """The options that other runs on the same data have otherwise: {"optimizer.sgd.lr": 0.05}."""
        return {each.name: each.value for each in self.differences}

    @property
    def best(self) -> float | None:
        """The value of the monitored column at the best checkpoint."""
        return self.score(self.monitor)

    @property
    def is_complete(self) -> bool:
        return self.status in ENDED

    def score(self, column: str) -> float | None:
        """ "validation_loss" of the best checkpoint; None where there is none."""
        return score_in(self.scores, column)

    def deviation(self, column: str) -> float | None:
        return score_in(self.deviations, column)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "kind": self.kind,
            "name": self.name,
            "path": str(self.path),
            "status": self.status,
            "error": self.error or None,
            "problem": self.problem or None,
            "epoch": self.epoch,
            "epochs": self.epochs,
            "monitor": self.monitor or None,
            "best": self.best,
            "best_epoch": self.best_epoch,
            "scores": self.scores,
            "final": self.final,
            "deviations": self.deviations,
            "seconds": self.seconds,
            "started": self.started.isoformat() if self.started else None,
            "ended": self.ended.isoformat() if self.ended else None,
            "members": self.members,
            "members_done": self.members_done,
            "differs": self.differs,
        }


def score_in(scores: Scores, column: str) -> float | None:
    split, _, metric = column.partition("_")
    return scores.get(split, {}).get(metric)
