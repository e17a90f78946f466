"""Outcome: what a sweep has found so far: its result, and the best config as a file."""

from pathlib import Path
from typing import TYPE_CHECKING

from nntrain.component import shortest
from nntrain.config.relocation import relocated
from nntrain.config.scalars import compact
from nntrain.files import write_atomic
from nntrain.search.results import SweepResult
from nntrain.search.sweep.engine import quiet
from nntrain.search.sweep.plan import Plan

if TYPE_CHECKING:
    from nntrain.search.sweep.trials import Trials


def result_of(plan: Plan, trials: "Trials", importance: bool = False) -> SweepResult:
    """The trials as plain data; with the importance of the parameters, where they suffice for it."""
    from nntrain.search.sweep.trials import WAITING

    return SweepResult(
        name=plan.name,
        objective=plan.objective.column,
        higher_is_better=plan.objective.higher_is_better,
        trials=tuple(
            trials.plain(trial) for trial in trials.all() if trial.params or trial.state not in WAITING
        ),
        log_scale=plan.space.log_scale,
        importance=importance_of(trials) if importance else {},
    )


def importance_of(trials: "Trials") -> dict[str, float]:
    """How much of the variation of the best values each parameter explains, by PED-ANOVA; empty where trials are too few."""
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    try:
        with quiet():
            found = get_param_importances(trials.study, evaluator=PedAnovaImportanceEvaluator())
    except (ValueError, RuntimeError, ZeroDivisionError):
        return {}
    total = sum(found.values())
    return {name: value / total for name, value in found.items()} if total > 0 else {}


def write_best(plan: Plan, trials: "Trials", result: SweepResult, file: Path) -> None:
    """Writes the config of the best trial, which trains it again, if one has finished."""
    best = result.best
    if best is None:
        return
    values = next(trial.params for trial in trials.all() if trial.number == best.number)
    config, _ = plan.config_with(plan.space.overrides(values))
    config = relocated(config, plan.base.folder, file.parent).model_copy(update={"name": f"{plan.name}-best"})
    head = f"# The best of {len(result.trials)} trials of {plan.name}: trial {best.number}, {result.objective} {best.value:.6g}"
    write_atomic(file, f"{head}\n{compact(shortest(config))}\n".encode())
