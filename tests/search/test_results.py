"""Results of cross-validations and sweeps: what is best, what is averaged, and files that are read back as they were."""

import csv
import json
import math
from dataclasses import replace

import numpy as np
import pytest

from nntrain.errors import UserError
from nntrain.search.crossval_files import is_crossval, read_crossval, write_crossval
from nntrain.search.results import CrossvalResult, MemberResult, SweepResult, Trial
from nntrain.search.sweep_files import is_sweep, read_sweep, write_sweep

LAYER = {"dense": {"units": 8, "activation": "relu"}}


def sweep_of(*values, higher_is_better=False, state="finished"):
    trials = [Trial(i, state, value, {"lr": 0.1 * i}, 1.0) for i, value in enumerate(values)]
    return SweepResult("s", "validation_loss", higher_is_better, tuple(trials))


def member(fold, **scores):
    return MemberResult(
        f"fold-{fold}", 0, fold, "finished", {"test": scores} if scores else {}, 2.5, {"test": 30}
    )


def crossval_of(*members):
    return CrossvalResult("c", members, ("loss", "accuracy"), {"loss": False, "accuracy": True})


@pytest.mark.parametrize(("higher", "best"), [(False, 1), (True, 3)])
def test_the_best_trial_follows_the_direction_of_the_objective(higher, best):
    assert sweep_of(0.5, 0.2, 0.4, 0.9, higher_is_better=higher).best.number == best


def test_of_equal_trials_the_first_is_best():
    assert [trial.number for trial in sweep_of(0.5, 0.2, 0.2).ranking] == [1, 2, 0]


@pytest.mark.parametrize("value", [math.nan, -math.inf, None])
def test_a_value_that_is_no_number_is_never_best(value):
    assert sweep_of(value, 0.2).best.number == 1
    assert sweep_of(value).best is None


@pytest.mark.parametrize("state", ["pruned", "failed", "running"])
def test_only_finished_trials_are_ranked(state):
    assert sweep_of(0.1, 0.2, state=state).ranking == ()


def test_the_mean_and_the_sample_deviation_are_over_the_folds_with_a_score():
    result = crossval_of(member(1, accuracy=0.8), member(2), member(3, accuracy=1.0))
    assert result.mean("accuracy") == pytest.approx(0.9)
    assert result.deviation("accuracy") == pytest.approx(np.std([0.8, 1.0], ddof=1))
    assert [each.fold for each in result.scored] == [1, 3]


def test_one_fold_has_no_deviation_and_none_has_no_mean():
    assert math.isnan(crossval_of(member(1, accuracy=0.8)).deviation("accuracy"))
    assert math.isnan(crossval_of(member(1)).mean("accuracy"))


def test_a_fold_that_diverged_shows_in_the_mean():
    assert math.isnan(crossval_of(member(1, loss=math.nan), member(2, loss=0.5)).mean("loss"))


def test_a_sweep_is_read_back_as_it_was(tmp_path):
    parameters = {
        "lr": 1e-5,
        "layers[0]": LAYER,
        "name": "1e-3",
        "flag": True,
        "n": 3,
        "none": None,
        "text": "a, 'b'\n",
    }
    trials = (
        Trial(0, "finished", 0.1 + 0.2, parameters, 1.5),
        Trial(1, "pruned", math.inf, {"lr": 0.1, "empty": ""}, None),
        Trial(3, "failed", None, {}, 0.0),
    )
    result = SweepResult("s", "accuracy", True, trials, frozenset({"lr"}), {"lr": 0.75, "n": 0.25})
    write_sweep(tmp_path, result)
    assert is_sweep(tmp_path)
    read = read_sweep(tmp_path)
    assert read == result
    assert [type(value) for value in read.trials[0].parameters.values()] == [
        type(v) for v in parameters.values()
    ]


def test_a_sweep_without_trials_is_read_back(tmp_path):
    write_sweep(tmp_path, sweep_of())
    assert read_sweep(tmp_path) == sweep_of()


def test_a_nan_value_of_a_trial_is_read_back(tmp_path):
    write_sweep(tmp_path, sweep_of(math.nan))
    assert math.isnan(read_sweep(tmp_path).trials[0].value)


def test_sweep_json_names_the_best_trial_and_holds_further_facts(tmp_path):
    write_sweep(tmp_path, sweep_of(0.5, 0.2), method="tpe")
    facts = json.loads((tmp_path / "sweep.json").read_text())
    assert facts["best"] == {"number": 1, "value": 0.2, "parameters": {"lr": 0.1}}
    assert facts["trials"] == {"finished": 2}
    assert facts["method"] == "tpe"


def test_a_corrupt_row_of_trials_is_an_error_with_its_line(tmp_path, wording):
    write_sweep(tmp_path, sweep_of(0.5, 0.2))
    file = tmp_path / "trials.csv"
    file.write_text(file.read_text().replace("1,finished", "1,flying"))
    with pytest.raises(UserError) as raised:
        read_sweep(tmp_path)
    assert raised.value.place == f"{file}:3"
    wording(str(raised.value))


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"name": "s", "objective": "loss", "higher_is_better": 1, "importance": 3}']
)
def test_corrupt_facts_are_an_error_that_names_the_file(tmp_path, text):
    write_sweep(tmp_path, sweep_of(0.5))
    (tmp_path / "sweep.json").write_text(text)
    with pytest.raises(UserError) as raised:
        read_sweep(tmp_path)
    assert raised.value.place == str(tmp_path / "sweep.json")


def test_a_crossval_is_read_back_as_it_was(tmp_path):
    result = crossval_of(
        member(1, loss=0.1 + 0.2, accuracy=1.0),
        replace(member(2), status="failed", seconds=None),
        member(3, loss=1),
    )
    write_crossval(tmp_path, result, folds=3)
    assert is_crossval(tmp_path)
    assert read_crossval(tmp_path) == result
    assert json.loads((tmp_path / "crossval.json").read_text())["folds"] == 3


def test_seeds_without_folds_are_read_back(tmp_path):
    result = crossval_of(MemberResult("seed-0", 0, None, "missing"))
    write_crossval(tmp_path, result)
    assert read_crossval(tmp_path) == result


def test_a_score_of_nan_is_nan_when_read_back(tmp_path):
    write_crossval(tmp_path, crossval_of(member(1, loss=math.nan)))
    assert math.isnan(read_crossval(tmp_path).mean("loss"))


def test_scores_csv_has_a_row_for_each_run_and_a_column_for_each_score(tmp_path):
    first = replace(member(1, loss=0.5), scores={"validation": {"loss": 0.4}, "test": {"loss": 0.5}})
    write_crossval(tmp_path, crossval_of(first, member(2)))
    header, *rows = csv.reader((tmp_path / "scores.csv").read_text().splitlines())
    assert header == ["name", "seed", "fold", "status", "seconds", "validation_loss", "test_loss"]
    assert rows == [
        ["fold-1", "0", "1", "finished", "2.5", "0.4", "0.5"],
        ["fold-2", "0", "2", "finished", "2.5", "", ""],
    ]


@pytest.mark.parametrize(
    ("columns", "split"),
    [
        ("epoch,train_loss,validation_loss,test_loss", "test"),
        ("epoch,train_loss,validation_loss", "validation"),
    ],
)
def test_histories_are_the_losses_of_the_held_out_fold_or_of_validation(tmp_path, columns, split):
    write_crossval(tmp_path, crossval_of(member(1), member(2)))
    (tmp_path / "fold-1").mkdir()
    width = columns.count(",")
    rows = [f"{epoch},{','.join([str(1 / epoch)] * width)}" for epoch in (1, 2)] + [
        f"3,0.1{',' * (width - 1)}"
    ]
    (tmp_path / "fold-1" / "metrics.csv").write_text("\n".join([columns, *rows, ""]))
    result = read_crossval(tmp_path)
    assert result.history_split == split
    assert list(result.histories) == ["fold-1"]  # the other has not started
    epochs, losses = result.histories["fold-1"]
    assert epochs.tolist() == [1, 2]  # the third was not measured
    assert losses.tolist() == [1, 0.5]
