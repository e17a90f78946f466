"""Results: what a cross-validation and a sweep found, as plain data for tables, pictures and files."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

HELD_OUT = "test"  # the split of a fold's run that holds the fold's samples

State = Literal["finished", "pruned", "failed", "running"]
STATES: tuple[State, ...] = ("finished", "pruned", "failed", "running")


@dataclass(frozen=True)
class Trial:
    """One trial of a sweep. A trial that was pruned has the value of its last evaluation; one that failed may have none."""

    number: int
    state: State
    value: float | None
    parameters: dict[str, Any]  # by dotted name; a trial may lack parameters that others have
    seconds: float | None = None

    @property
    def counts(self) -> bool:
        """Whether its value can be compared: the trial finished, with a finite value."""
        return self.state == "finished" and self.value is not None and math.isfinite(self.value)


@dataclass(frozen=True)
class SweepResult:
    """The trials of a sweep, in the order of their numbers."""

    name: str
    objective: str  # "validation_accuracy"
    higher_is_better: bool
    trials: tuple[Trial, ...]
    log_scale: frozenset[str] = frozenset()  # parameters that are sampled on a logarithmic scale
    importance: dict[str, float] = field(default_factory=dict)  # by parameter, sums to 1; empty where unknown

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of all parameters, in the order in which trials have them."""
        return tuple(dict.fromkeys(name for trial in self.trials for name in trial.parameters))

    @property
    def values(self) -> np.ndarray:
        """The values (trials,), NaN where a trial has none."""
        found = [math.nan if trial.value is None else trial.value for trial in self.trials]
        return np.array(found, np.float64)

    @property
    def ranking(self) -> tuple[Trial, ...]:
        """The finished trials with finite values, best first; of equal ones the first."""
        sign = -1 if self.higher_is_better else 1
        found = [trial for trial in self.trials if trial.counts]
        return tuple(sorted(found, key=lambda trial: (sign * float(trial.value or 0), trial.number)))

    @property
    def best(self) -> Trial | None:
        return next(iter(self.ranking), None)

    @property
    def states(self) -> dict[State, int]:
        """How many trials are in each state, for the states that occur."""
        found = [trial.state for trial in self.trials]
        return {state: found.count(state) for state in STATES if state in found}


@dataclass(frozen=True)
class MemberResult:
    """One run of a cross-validation."""

    name: str  # of its folder: "seed-0-fold-1"
    seed: int
    fold: int | None  # counted from 1
    status: str  # of the run; "missing" where it has not started
    scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # by split and metric
    seconds: float | None = None
    counts: Mapping[str, int] = field(default_factory=dict)  # samples by split


@dataclass(frozen=True)
class CrossvalResult:
    """The runs of a cross-validation, by seed and fold."""

    name: str
    members: tuple[MemberResult, ...]
    metrics: tuple[str, ...]  # of the held-out fold, loss first
    higher_is_better: Mapping[str, bool]  # by metric
    # Epochs and losses of the held-out fold or, where it was not evaluated in training, of the validation or training split.
    histories: Mapping[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)  # by member's name
    history_split: str = HELD_OUT

    def values(self, metric: str, split: str = HELD_OUT) -> np.ndarray:
        """The score of each member (members,), NaN where it has none."""
        found = [member.scores.get(split, {}).get(metric, math.nan) for member in self.members]
        return np.array(found, np.float64)

    def measured(self, metric: str, split: str = HELD_OUT) -> np.ndarray:
        """The scores of the members that have one, NaN and infinity included."""
        found = [member.scores.get(split, {}).get(metric) for member in self.members]
        return np.array([value for value in found if value is not None], np.float64)

    def mean(self, metric: str, split: str = HELD_OUT) -> float:
        """Over the members that have a score; NaN where none has, or where one is NaN."""
        found = self.measured(metric, split)
        return float(found.mean()) if len(found) else math.nan

    def deviation(self, metric: str, split: str = HELD_OUT) -> float:
        """The sample standard deviation (with n - 1) over the members that have a score; NaN for fewer than two."""
        found = self.measured(metric, split)
        return float(found.std(ddof=1)) if len(found) > 1 and np.isfinite(found).all() else math.nan

    @property
    def scored(self) -> tuple[MemberResult, ...]:
        """The members that have scores on the held-out fold."""
        return tuple(member for member in self.members if member.scores.get(HELD_OUT))
