"""`nntrain.crossval`: scores by metric, runs, and data in memory."""

import os
import subprocess
import sys

import numpy as np
import pytest

import nntrain
from tests.cli.test_crossval import rows_of
from tests.support import ROOT
from tests.support.data import refused

CONFIG = {
    "model": {"layers": [{"dense": 2}]},
    "loss": "cross_entropy",
    "metrics": ["accuracy"],
    "optimizer": {"sgd": {"lr": 0.1}},
    "train": {"epochs": 2, "batch_size": 8},
}
X = np.random.default_rng(0).normal(size=(40, 3))
Y = (X[:, 0] > 0).astype(int)


def test_scores_mean_and_deviation_are_those_of_the_runs(shell):
    found = nntrain.crossval(CONFIG | {"data": "iris", "model": {"layers": [{"dense": 3}]}}, folds=3)
    assert set(found.scores) == {"loss", "accuracy"}
    accuracies = [run.scores["test"]["accuracy"] for run in found.runs]
    assert found.scores["accuracy"].tolist() == accuracies
    assert found.mean["accuracy"] == pytest.approx(np.mean(accuracies))
    assert found.std["accuracy"] == pytest.approx(np.std(accuracies, ddof=1))
    assert found.path == found.runs[0].path.parent
    assert str(found.path) == "runs/config-crossval"
    assert repr(found).startswith("<nntrain.CrossValidation runs/config-crossval: accuracy 0.")


def test_arrays_are_cut_into_folds_of_their_rows_or_groups(shell):
    data = nntrain.Data(X, Y, validation=0.2)
    found = nntrain.crossval(CONFIG, data=data, folds=4, name="rows")
    held = [rows_of(run.path)["test"] for run in found.runs]
    assert sorted(np.concatenate(held)) == list(range(40))
    who = np.arange(40) // 5
    grouped = nntrain.Data(X, Y, group=who)
    found = nntrain.crossval(CONFIG, data=grouped, folds=4, name="groups")
    for run in found.runs:
        split = rows_of(run.path)
        assert not set(who[split["train"]]) & set(who[split["test"]])


def test_arrays_in_two_processes_give_the_same_numbers(shell):
    one, two = (
        nntrain.crossval(CONFIG, data=nntrain.Data(X, Y), folds=3, jobs=jobs, name=f"jobs-{jobs}")
        for jobs in (1, 2)
    )
    assert one.scores["loss"].tolist() == two.scores["loss"].tolist()


def test_called_again_it_reads_and_with_other_arrays_it_refuses(shell):
    first = nntrain.crossval(CONFIG, data=nntrain.Data(X, Y), folds=2)
    again = nntrain.crossval(CONFIG, data=nntrain.Data(X, Y), folds=2)
    assert again.scores["loss"].tolist() == first.scores["loss"].tolist()
    other = nntrain.Data(X + 1, Y)
    assert "data: other samples" in refused(nntrain.crossval, CONFIG, data=other, folds=2)
    changed = nntrain.crossval(CONFIG, data=other, folds=2, overwrite=True)
    assert changed.scores["loss"].tolist() != first.scores["loss"].tolist()


@pytest.mark.parametrize(
    ("options", "start"),
    [
        ({"folds": 1}, "folds: expected a number from 2"),
        ({"folds": 50}, "folds: expected at least 50 samples"),
        ({"seeds": 0}, "seeds: expected"),
        ({"jobs": 0}, "jobs: expected"),
        ({"threads": 0}, "threads: expected"),
        ({"group": "who"}, "group: arrays in memory have no column"),
        ({"name": "a/b"}, "name: expected the name of one folder"),
    ],
)
def test_a_wrong_argument_is_an_error_that_names_it(shell, options, start):
    assert refused(nntrain.crossval, CONFIG, data=nntrain.Data(X, Y), **options).startswith(start)


def test_nothing_is_printed_unless_asked(shell, capsys):
    nntrain.crossval(CONFIG, data=nntrain.Data(X, Y), folds=2)
    assert capsys.readouterr() == ("", "")


@pytest.mark.slow
def test_a_script_without_a_guard_is_told_what_it_needs(shell):
    script = f"import nntrain\nnntrain.crossval({CONFIG | {'data': 'iris'}!r}, folds=2, jobs=2)\n".replace(
        "'dense': 2", "'dense': 3"
    )
    (shell.folder / "script.py").write_text(script)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "script.py"], env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-3:]
    assert last[0].endswith("fold-1: its process could not start")
    assert last[2] == 'hint: A script that uses jobs needs `if __name__ == "__main__":`.'
