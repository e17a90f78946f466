"""Samplers and pruners of Optuna, as a sweep uses them: random numbers depend on the sweep's seed and a trial's number alone.

So the values of `random`, `grid` and `qmc` are the same for any number of processes; those of `tpe` and `cmaes`, which also
depend on the trials before, for one process, interrupted or not.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, CmaEsSampler, QMCSampler, RandomSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from nntrain import randomness
from nntrain.search.sweep.methods import evaluations, runs_of
from nntrain.search.sweep.parameter import Values
from nntrain.search.sweep.plan import Plan
from nntrain.search.sweep.space import Space

REDUCTION = 3  # of hyperband: a third of the trials goes on at each stage
STARTUP = 5  # trials before a median is compared; of each trial, the first tenth of its evaluations is not


def sampler_of(plan: Plan) -> BaseSampler:
    method, seed = plan.options.method, plan.options.seed
    if method == "grid":
        return Combinations(plan.combinations)
    if method == "qmc":
        return Sobol(plan.space, seed)
    if method == "random":
        return PerTrial(lambda number: RandomSampler(seed=key(seed, number)))
    if method == "cmaes":
        return PerTrial(lambda number: CmaEsSampler(seed=key(seed, number), warn_independent_sampling=False))
    conditional = len(plan.space.all()) > len(plan.space.parameters)
    return PerTrial(
        lambda number: TPESampler(
            seed=key(seed, number), multivariate=True, group=conditional, constant_liar=True
        )
    )


def key(seed: int, number: int) -> int:
    """The seed of one trial, as NumPy takes it."""
    return randomness.key(seed, "sweep", number) % 2**32


def pruner_of(plan: Plan) -> optuna.pruners.BasePruner:
    """The pruner, which counts evaluations, or with folds or seeds the runs of a trial, from 1."""
    runs = runs_of(plan.options)
    most = runs if runs > 1 else evaluations(plan.setup)
    if plan.options.pruning == "median":
        return optuna.pruners.MedianPruner(STARTUP, n_warmup_steps=math.ceil(most / 10))
    if plan.options.pruning == "hyperband":
        return optuna.pruners.HyperbandPruner(1, most, REDUCTION)
    return optuna.pruners.NopPruner()


class PerTrial(BaseSampler):
    """A new sampler for each trial, so that no state is lost with a process."""

    def __init__(self, make: Callable[[int], BaseSampler]):
        self._make = make
        self._number: int | None = None
        self._sampler: BaseSampler | None = None

    def of(self, trial: FrozenTrial) -> BaseSampler:
        if self._sampler is None or self._number != trial.number:
            self._number, self._sampler = trial.number, self._make(trial.number)
        return self._sampler

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return self.of(trial).infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return self.of(trial).sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self.of(trial).sample_independent(study, trial, param_name, param_distribution)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        self.of(trial).before_trial(study, trial)

    def after_trial(
        self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        self.of(trial).after_trial(study, trial, state, values)


class Combinations(BaseSampler):
    """A grid: trial n has combination n, in whichever process."""

    def __init__(self, combinations: list[Values]):
        self._combinations = combinations

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return {}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return {}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self._combinations[trial.number % len(self._combinations)][param_name]


class Sobol(QMCSampler):
    """A Sobol sequence over the ranges: trial n has point n, in whichever process. Choices, and ranges within them, are random."""

    def __init__(self, space: Space, seed: int):
        random = PerTrial(lambda number: RandomSampler(seed=key(seed, number)))
        super().__init__(
            scramble=True, seed=seed, independent_sampler=random, warn_independent_sampling=False
        )
        recorder = Recorder()
        for parameter in space.parameters:
            if parameter.range is not None:
                parameter.suggest(recorder)
        self._space, self._point = recorder.distributions, 0

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return self._space

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        self._point = trial.number
        return super().sample_relative(study, trial, search_space)

    def _find_sample_id(self, *_: Any) -> int:
        """Optuna counts points in the study, where two processes can get the same one."""
        return self._point


class Recorder:
    """In place of a trial: keeps the distribution of each range."""

    def __init__(self) -> None:
        self.distributions: dict[str, BaseDistribution] = {}

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        self.distributions[name] = FloatDistribution(low, high, log=log, step=step)
        return low

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        self.distributions[name] = IntDistribution(low, high, log=log, step=step)
        return low
