"""Trials: the study of a sweep in Optuna's storage, and which trial a process works on next.

The trials of a sweep are those with the numbers 0 to `total` - 1: the storage gives each number once, so that no two processes
start the same trial, or one too many. A trial that is stopped goes back into Optuna's queue with its values; one whose process
died is taken over. Both keep their number and so their folder, in which training continues.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState
from pydantic import ValidationError

from nntrain.config.schema import Config
from nntrain.errors import dotted
from nntrain.run.changes import all_changes
from nntrain.run.opening import listed
from nntrain.run.settings import differing, value_text
from nntrain.search.results import State, Trial
from nntrain.search.sweep.claims import OWNER, Claim, Claims
from nntrain.search.sweep.engine import quiet
from nntrain.search.sweep.errors import Lost, OtherSweep
from nntrain.search.sweep.plan import Plan
from nntrain.search.sweep.samplers import pruner_of, sampler_of
from nntrain.search.sweep.storage import close

FACTS = "nntrain"  # the attribute of a study that says of which sweep it is
REASON, SECONDS = "reason", "seconds"  # attributes of a trial
WAITING = (TrialState.WAITING, TrialState.RUNNING)
MOST_DEATHS = (
    10  # of the processes of one trial, after which it seems to be what kills them, as by its memory
)
STATES: dict[TrialState, State] = {
    TrialState.COMPLETE: "finished",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
}


@dataclass
class Active:
    """A trial that this process works on."""

    trial: optuna.Trial
    claim: Claim

    @property
    def number(self) -> int:
        return self.claim.number


class Trials:
    """The trials of a sweep, of all processes together."""

    def __init__(self, plan: Plan, storage: BaseStorage, folder: Path):
        self.plan, self.storage, self.total = plan, storage, plan.total
        self.claims = Claims(storage, folder)
        with quiet():
            self.study = optuna.create_study(
                storage=storage,
                sampler=sampler_of(plan),
                pruner=pruner_of(plan),
                study_name=plan.name,
                direction="maximize" if plan.objective.higher_is_better else "minimize",
                load_if_exists=True,
            )
            self._check()

    def __enter__(self) -> "Trials":
        return self

    def __exit__(self, *_: object) -> None:
        close(self.storage)

    def _check(self) -> None:
        """Marks a new study as this sweep's. Raises OtherSweep where it is another one's."""
        now = facts_of(self.plan)
        if FACTS not in self.study.user_attrs and not self.study.get_trials(deepcopy=False):
            self.study.set_user_attr(FACTS, now)
        found = self.study.user_attrs.get(FACTS)  # maybe those of another process that was faster
        if not isinstance(found, dict):
            raise OtherSweep(
                "the storage has a study of this name that is not a sweep of nntrain", place=self.plan.name
            )
        if changed := differences(found, now, self.plan.setup.config):
            raise OtherSweep(
                f"a sweep of this name exists, which is another one{listed(changed)}", place=self.plan.name
            )

    def all(self) -> list[FrozenTrial]:
        """Those that count, by number; without those that wait for a `total` that is raised."""
        with quiet():
            found = self.study.get_trials(deepcopy=False)
        return [trial for trial in found if self.total is None or trial.number < self.total]

    def not_counted(self) -> int:
        """How many trials have ended that are beyond `total`, which was larger before."""
        with quiet():
            found = self.study.get_trials(deepcopy=False)
        return sum(trial.state.is_finished() for trial in found) - sum(
            trial.state.is_finished() for trial in self.all()
        )

    def plain(self, trial: FrozenTrial) -> Trial:
        """A trial of Optuna as plain data."""
        values = self.plan.space.shown(trial.params)
        return Trial(trial.number, state_of(trial), trial.value, values, trial.user_attrs.get(SECONDS))

    def next(self) -> Active | None:
        """A trial for this process: one that was stopped, one whose process died, or a new one. None: no trial is left to start.

        The trials of other processes may still be running.
        """
        trials = self.all()
        for trial in trials:
            if trial.state == TrialState.RUNNING and (claim := self.claims.taken_over(trial)):
                with quiet():
                    active = Active(optuna.Trial(self.study, trial._trial_id), claim)
                if claim.owner.deaths < MOST_DEATHS:
                    return active
                with claim:
                    self.failed(active, f"its process was killed {MOST_DEATHS} times", 0.0)
        is_left = self.total is None or len(trials) < self.total
        if not is_left and all(trial.state != TrialState.WAITING for trial in trials):
            return None
        with quiet():
            new = self.study.ask()
        if self.total is not None and new.number >= self.total:  # another process has started the last one
            self.storage.set_trial_state_values(new._trial_id, TrialState.WAITING)
            return self.next()
        claim = self.claims.new(new._trial_id, new.number)
        return Active(new, claim) if claim else self.next()

    def running(self) -> int:
        """How many trials others are working on."""
        return sum(trial.state in (TrialState.RUNNING, TrialState.WAITING) for trial in self.all())

    def finished(self, active: Active, value: float, seconds: float) -> None:
        if math.isnan(value):
            self.failed(active, f"{self.plan.objective.column} is NaN", seconds)
            return
        self._end(active, seconds, value)

    def pruned(self, active: Active, seconds: float) -> None:
        self._end(active, seconds, state=TrialState.PRUNED)

    def failed(self, active: Active, reason: str, seconds: float) -> None:
        self._end(active, seconds, state=TrialState.FAIL, reason=reason)

    def _end(
        self,
        active: Active,
        seconds: float,
        value: float | None = None,
        state: TrialState = TrialState.COMPLETE,
        reason: str = "",
    ) -> None:
        """Raises Lost where another process has finished or taken the trial."""
        try:
            with quiet():
                self._note(active, seconds, reason)
                self.study.tell(active.trial, value, state)
        except (optuna.exceptions.UpdateFinishedTrialError, ValueError):
            if active.claim.holds():
                raise
            raise Lost("another process has taken the trial") from None

    def released(self, active: Active, seconds: float) -> None:
        """Puts a trial that was stopped back into the queue, from which any process takes it."""
        if not active.claim.holds():
            return
        with quiet():
            self._note(active, seconds)
            self.storage.set_trial_system_attr(active.trial._trial_id, OWNER, None)
            self.storage.set_trial_state_values(active.trial._trial_id, TrialState.WAITING)

    def _note(self, active: Active, seconds: float, reason: str = "") -> None:
        before = active.trial.user_attrs.get(SECONDS, 0.0)
        active.trial.set_user_attr(SECONDS, before + seconds)
        if reason:
            active.trial.set_user_attr(REASON, reason)


def facts_of(plan: Plan) -> dict[str, Any]:
    """What all processes of a sweep must have in common."""
    options, config = plan.options, plan.setup.config.model_dump(mode="json")
    return {
        "config": {name: value for name, value in config.items() if name != "name"},
        "data": plan.setup.hashes,
        "parameters": plan.space.written(),
        "objective": plan.objective.column,
        "higher_is_better": plan.objective.higher_is_better,
        **{name: getattr(options, name) for name in ("method", "folds", "group", "seeds", "pruning", "seed")},
    }


def differences(then: dict[str, Any], now: dict[str, Any], config: Config) -> list[str]:
    """How the facts of two sweeps differ, as lines; `config` is that of the second one."""
    rest, other = (
        {name: value for name, value in facts.items() if name != "config"} for facts in (then, now)
    )
    lines = [
        f"{dotted(keys)}: {value_text(old)} -> {value_text(new)}"
        for keys, (old, new) in differing([rest, other]).items()
    ]
    try:
        return all_changes(Config.model_validate(then["config"]), config) + lines
    except (KeyError, ValidationError):
        return ["config: of another version of nntrain", *lines]


def state_of(trial: FrozenTrial) -> State:
    return STATES.get(trial.state, "running")


def reason_of(trial: FrozenTrial) -> str:
    """Why a trial failed; empty for any other."""
    return str(trial.user_attrs.get(REASON, ""))
