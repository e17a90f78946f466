"""How a sweep chooses values: by its seed and the number of a trial, in whichever process."""

import itertools
import warnings
from collections import Counter

import optuna
import pytest

from nntrain.config.document import Document
from nntrain.search.sweep.plan import Plan
from nntrain.search.sweep.samplers import pruner_of, sampler_of
from tests.support.sweeps import SWEEP

NUMBERS = """  train.batch_size: {int: [4, 40]}
  train.regularize.l2: {log_uniform: [1e-6, 1e-2]}
"""


def plan(*overrides: str, text: str = SWEEP + NUMBERS) -> Plan:
    return Plan.read(Document.parse(text, "sweep.yaml"), overrides, check=False)


def chosen(plan: Plan, processes: int = 1, trials: int = 24) -> list[dict]:
    """The values of trials that so many processes start in turn; the value of a trial is that of its batch size."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        storage = optuna.storages.InMemoryStorage()
        studies = [
            optuna.create_study(
                storage=storage,
                study_name="s",
                sampler=sampler_of(plan),
                pruner=pruner_of(plan),
                load_if_exists=True,
            )
            for _ in range(processes)
        ]
        for number in range(trials):
            study = studies[number % processes]
            trial = study.ask()
            values = plan.space.suggest(trial)
            study.tell(trial, float(values["train.batch_size"]))
    return [trial.params for trial in studies[0].trials]


@pytest.mark.parametrize("method", ["random", "qmc", "tpe", "cmaes"])
def test_values_do_not_depend_on_the_process(method):
    if method == "cmaes":
        pytest.importorskip("cmaes")
    found = plan(f"method={method}")
    assert chosen(found, 3) == chosen(found, 1)
    assert chosen(found) != chosen(plan(f"method={method}", "seed=1"))


@pytest.mark.parametrize("method", ["random", "qmc", "tpe", "cmaes"])
def test_values_are_in_their_ranges_and_differ(method):
    if method == "cmaes":
        pytest.importorskip("cmaes")
    found = chosen(plan(f"method={method}"))
    assert all(4 <= values["train.batch_size"] <= 40 for values in found)
    assert all(1e-6 <= values["train.regularize.l2"] <= 1e-2 for values in found)
    assert len({values["train.regularize.l2"] for values in found}) > 20
    assert all((f"optimizer.{values['optimizer']}.lr") in values for values in found)
    assert len(Counter(values["optimizer"] for values in found)) == 2


def test_tpe_learns_from_the_trials_before():
    values = [found["train.batch_size"] for found in chosen(plan("method=tpe"), trials=60)]
    assert sum(values[-20:]) < 0.6 * sum(values[:10]) * 2


def test_qmc_covers_a_range_evenly():
    values = sorted(found["train.batch_size"] for found in chosen(plan("method=qmc"), trials=37))
    assert max(right - left for left, right in itertools.pairwise(values)) <= 4


def test_a_grid_tries_each_combination_once():
    text = (
        SWEEP.split("parameters:")[0]
        + "parameters: {train.batch_size: [4, 8, 12], optimizer: [sgd: 0.1, adam]}\n"
    )
    text = text.replace("[sgd: 0.1, adam]", "[{sgd: {lr: 0.1}}, adam]")
    found = plan("method=grid", "trials=null", text=text)
    values = chosen(found, processes=2, trials=found.total)
    assert len({tuple(each.values()) for each in values}) == found.total == 6


def test_hyperband_counts_the_evaluations_of_a_run():
    found = plan("pruning=hyperband", "config.train.epochs=9")
    assert pruner_of(found)._max_resource == 9
    assert pruner_of(plan("pruning=hyperband", "config.train.epochs=9", "folds=4"))._max_resource == 4
    every = plan("pruning=hyperband", "config.train.evaluate_every.steps=2", "config.train.batch_size=20")
    assert pruner_of(every)._max_resource == 3
