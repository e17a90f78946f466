"""Running: trains the run of one trial, or its runs over folds and seeds, and computes its value."""

import math
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, cast

import optuna

from nntrain.config.schema import Config
from nntrain.errors import ConfigError
from nntrain.run.opening import CannotResume
from nntrain.run.session import Session
from nntrain.run.session_observer import SessionObserver
from nntrain.search.members import Member, Origin, members, train_member
from nntrain.search.results import MemberResult
from nntrain.search.sweep.claims import Claim
from nntrain.search.sweep.engine import quiet
from nntrain.search.sweep.methods import runs_of
from nntrain.search.sweep.plan import Plan
from nntrain.search.sweep.trials import Active
from nntrain.training.interruption import Interrupted, Pruned
from nntrain.training.loop import StopRequest
from nntrain.training.setup import Setup

Interruptible = AbstractContextManager[StopRequest]


@dataclass(frozen=True)
class TrialRunner:
    """Trains trials in their folders. observer, interruption: make what watches a run, and what asks it to stop."""

    plan: Plan
    observer: Callable[[int], SessionObserver]  # of the number of a trial
    interruption: Callable[[], Interruptible]
    threads: int

    def value(self, active: Active, folder: Path) -> float:
        """Trains a trial, from where it was stopped, and returns its value, the mean over its runs.

        Raises Interrupted where it was asked to stop or where another process has taken the trial, Pruned, and what a run raises.
        """
        with quiet():
            values = self.plan.space.suggest(active.trial)
        origin = TrialOrigin(self.plan.base, self.plan.space.overrides(values), plan=self.plan)
        if runs_of(self.plan.options) == 1:
            return self.score(self.trained(origin, only(self.plan.setup.config), folder, active, self.prunes))
        total, options = 0.0, self.plan.options
        config, _ = origin.checked()
        group = members(config.seed, options.folds, options.seeds, options.group)
        for count, member in enumerate(group, start=1):
            total += self.score(self.trained(origin, member, folder / member.name, active, False))
            if self.prunes and count < len(group) and lags(active.trial, total / count, count):
                raise Pruned(f"pruned after {count} of {len(group)} runs")
        return total / len(group)

    @property
    def prunes(self) -> bool:
        return self.plan.options.pruning != "none"

    def score(self, result: MemberResult) -> float:
        return result.scores.get(self.plan.objective.split, {}).get(self.plan.objective.score, math.nan)

    def trained(
        self, origin: Origin, member: Member, folder: Path, active: Active, prunes: bool
    ) -> MemberResult:
        """Trains one run; one that cannot be continued, as by another version of nntrain, from the start."""
        stopping = Stopping(self.interruption(), active.claim)
        observer = self.observer(active.number)
        if prunes:
            column = self.plan.objective.column
            observer = cast(SessionObserver, Reporting(observer, active.trial, column, stopping))
        try:
            return train_member(origin, member, folder, observer, stopping, self.threads)
        except CannotResume:
            shutil.rmtree(folder)
            return train_member(origin, member, folder, observer, stopping, self.threads)


def only(config: Config) -> Member:
    """The run of a trial that has one."""
    return Member("", config.seed, None, ())


def lags(trial: optuna.Trial, value: float, step: int) -> bool:
    """Reports a value to Optuna, and asks whether the trial lags behind the others."""
    with suppress(Exception), quiet():  # a database that restarts: the next report may succeed
        trial.report(value, step)
        return bool(
            trial.should_prune()
        )  # of the median pruner a `numpy.bool`, which `__bool__` must not return
    return False


@dataclass(frozen=True)
class TrialOrigin(Origin):
    """The config of a trial. Data that no trial changes are loaded once."""

    plan: Plan | None = None

    def setup(self, overrides: Any = ()) -> Setup:
        config, document = self.checked(overrides)
        assert self.plan is not None
        try:
            return self.plan.prepared(config)
        except ConfigError as error:
            raise document.explain(error) from None


class Stopping:
    """Asks a run to stop: as a signal does, or because the trial lags, or because another process has taken it."""

    def __init__(self, interruption: Interruptible, claim: Claim):
        self.lags = False
        self._interruption, self._claim = interruption, claim
        self._signalled: StopRequest = False

    def __enter__(self) -> "Stopping":
        self._signalled = self._interruption.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._interruption.__exit__(kind, error, trace)
        if isinstance(error, Interrupted) and self.lags and not self._signalled:
            raise Pruned(f"pruned: {str(error).removeprefix('interrupted ')}") from None

    def __bool__(self) -> bool:
        return self.lags or self._claim.lost or bool(self._signalled)


class Reporting:
    """An observer that reports each evaluation to Optuna, and asks a trial to stop that lags behind the others."""

    def __init__(self, observer: SessionObserver, trial: optuna.Trial, column: str, stopping: Stopping):
        self._observer, self._trial, self._column, self._stopping = observer, trial, column, stopping
        self._evaluations = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._observer, name)

    def started(self, session: Session) -> None:
        self._evaluations = len(session.record.evaluation_columns().get("step", ()))
        self._observer.started(session)

    def evaluated(self, row: dict[str, Any], best: bool) -> None:
        self._observer.evaluated(row, best)
        self._evaluations += 1
        self._stopping.lags |= lags(self._trial, row[self._column], self._evaluations)
