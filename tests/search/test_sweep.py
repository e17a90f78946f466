"""`nntrain sweep`: trials are ordinary runs, the best one can be trained again, and a sweep is continued where it stopped."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import warnings
from dataclasses import asdict
from pathlib import Path

import numpy as np
import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

import nntrain
from nntrain.run.folder import RunFolder
from nntrain.search.sweep import running, trials, worker
from nntrain.search.sweep.claims import OWNER, Owner, TrialLock
from nntrain.search.sweep_files import read_sweep
from tests.conftest import MOONS, interrupt_at
from tests.support.sweeps import SWEEP, without_pictures


@pytest.fixture
def sweeps(shell, monkeypatch):
    """A shell with the sweep file, and no pictures."""
    without_pictures(monkeypatch)
    shell.write(SWEEP, "moons.yaml")
    return shell


def study_of(folder: Path, name: str = "moons") -> optuna.Study:
    """As any program of Optuna opens it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        storage = JournalStorage(JournalFileBackend(str(folder / "journal.log")))
        return optuna.load_study(study_name=name, storage=storage)


def status(run: Path) -> str:
    return RunFolder(run).read_info()["status"]


def values(folder: Path) -> list[float | None]:
    return [trial.value for trial in read_sweep(folder).trials]


def test_a_sweep_finds_the_best_trial_which_trains_again_to_the_same_score(sweeps, wording):
    done = sweeps.run("sweep", "moons.yaml", "--threads", 1)
    folder = sweeps.folder / "runs/moons"
    result = read_sweep(folder)
    assert [trial.state for trial in result.trials] == ["finished"] * 4
    assert result.best.value == min(values(folder))
    assert "nntrain fit runs/moons/best.yaml" in done.stdout
    assert (folder / "sweep.yaml").read_text() == SWEEP
    again = nntrain.fit(folder / "best.yaml", runs_dir="again")
    assert again.scores["validation"]["loss"] == result.best.value


def test_each_trial_is_an_ordinary_run(sweeps):
    sweeps.run("sweep", "moons.yaml")
    trial = sweeps.folder / "runs/moons/trials/0001"
    value = values(sweeps.folder / "runs/moons")[1]
    assert sweeps.scores(trial, "--split", "validation")["loss"] == value
    repeated = nntrain.fit(trial, runs_dir="again")
    assert repeated.scores["validation"]["loss"] == value


def test_the_study_is_an_ordinary_study_of_optuna(sweeps):
    sweeps.run("sweep", "moons.yaml")
    folder = sweeps.folder / "runs/moons"
    study = study_of(folder)
    assert [trial.value for trial in study.trials] == values(folder)
    assert study.best_trial.number == read_sweep(folder).best.number
    assert {"optimizer", "model.layers[0].dense.units"} <= study.best_params.keys()
    assert {trial.params["optimizer"] for trial in study.trials} <= {"sgd", "adam"}


def test_the_same_command_prints_a_finished_sweep_again(sweeps):
    first = sweeps.run("sweep", "moons.yaml")
    again = sweeps.run("sweep", "moons.yaml")
    assert again.stdout == first.stdout
    assert "4 of 4 trials have ended" in again.stderr


def test_more_trials_continue_a_sweep(sweeps):
    sweeps.run("sweep", "moons.yaml", "--set", "trials=2")
    first = values(sweeps.folder / "runs/moons")
    sweeps.run("sweep", "moons.yaml")
    sweeps.run("sweep", "moons.yaml", "--name", "straight")
    assert values(sweeps.folder / "runs/moons")[:2] == first
    assert values(sweeps.folder / "runs/moons") == values(sweeps.folder / "runs/straight")


def test_fewer_trials_than_have_ended_are_a_warning(sweeps):
    sweeps.run("sweep", "moons.yaml", "--set", "trials=2")
    done = sweeps.run("sweep", "moons.yaml", "--set", "trials=1")
    assert "1 more trial of this sweep has ended and does not count with `trials: 1`" in done.stderr
    assert len(values(sweeps.folder / "runs/moons")) == 1
    assert "not count" not in sweeps.run("sweep", "moons.yaml", "--set", "trials=2").stderr


def test_another_sweep_of_the_same_name_is_an_error(sweeps, wording):
    sweeps.run("sweep", "moons.yaml", "--set", "trials=1")
    error = sweeps.run("sweep", "moons.yaml", "--set", "config.train.epochs=3", code=2).stderr
    assert "train.epochs: 2 -> 3" in error
    assert "--overwrite" in error
    wording(error)
    sweeps.run("sweep", "moons.yaml", "--set", "config.train.epochs=3", "--set", "trials=1", "--overwrite")
    assert len(values(sweeps.folder / "runs/moons")) == 1


def test_a_folder_that_is_no_sweep_is_left_alone(sweeps):
    run = sweeps.fit(name="moons")
    before = sorted(run.rglob("*"))
    for option in ((), ("--overwrite",)):
        error = sweeps.run("sweep", "moons.yaml", *option, code=2).stderr
        assert "not the folder of a sweep" in error
    assert sorted(run.rglob("*")) == before


def test_an_interrupted_sweep_continues_its_trial(sweeps, monkeypatch):
    with monkeypatch.context() as patch:
        interrupt_at(patch, 5)
        error = sweeps.run("sweep", "moons.yaml", code=130).stderr
    assert "the same command continues" in error
    folder = sweeps.folder / "runs/moons"
    assert [trial.state.name for trial in study_of(folder).trials] == ["WAITING"]
    assert status(folder / "trials/0000") == "interrupted"
    sweeps.run("sweep", "moons.yaml")
    assert RunFolder(folder / "trials/0000").read_info()["resumed_from_steps"] == [5]
    sweeps.run("sweep", "moons.yaml", "--name", "straight")
    assert values(folder) == values(sweeps.folder / "runs/straight")


def test_ctrl_c_between_trials_ends_a_sweep(sweeps, monkeypatch):
    monkeypatch.setattr(worker.Worker, "give_up", lambda self: signal.raise_signal(signal.SIGINT))
    sweeps.run("sweep", "moons.yaml", code=130)
    assert len(values(sweeps.folder / "runs/moons")) == 1


def test_a_diverged_run_is_a_failed_trial_and_the_sweep_goes_on(sweeps):
    sweeps.write(
        SWEEP.replace("{log_uniform: [0.01, 1]}", "1e300")
        .replace("method: random", "method: grid")
        .replace("{log_uniform: [1e-3, 0.1]}", "0.01")
        .replace("{int: [4, 16]}", "[4, 8]"),
        "moons.yaml",
    )
    done = sweeps.run("sweep", "moons.yaml")
    folder = sweeps.folder / "runs/moons"
    assert [trial.state for trial in read_sweep(folder).trials] == [
        "failed",
        "failed",
        "finished",
        "finished",
    ]
    assert "trial 0: failed: " in done.stderr
    assert "failed    trial 0: " in done.stdout
    assert json.loads((folder / "sweep.json").read_text())["reasons"].keys() == {"0", "1"}
    assert study_of(folder).trials[0].user_attrs["reason"]
    assert status(folder / "trials/0000") == "failed"


def test_a_sweep_whose_trials_all_fail_is_an_error(sweeps, monkeypatch, wording):
    sweeps.write(
        SWEEP.replace("{log_uniform: [0.01, 1]}", "1e300")
        .replace("adam: {", "sgd: {")
        .replace("{log_uniform: [1e-3, 0.1]}", "1e301"),
        "moons.yaml",
    )
    error = sweeps.run("sweep", "moons.yaml", code=1).stderr
    assert "no trial has finished" in error
    monkeypatch.setattr(worker, "MOST_FAILURES", 2)
    assert "the first 2 trials have failed" in sweeps.run("sweep", "moons.yaml", "--overwrite", code=1).stderr


def test_a_trial_that_lags_is_pruned_at_an_evaluation(sweeps, monkeypatch):
    monkeypatch.setattr(running, "lags", lambda trial, value, step: trial.number == 2 and step == 1)
    sweeps.run("sweep", "moons.yaml", "--set", "pruning=median")
    folder = sweeps.folder / "runs/moons"
    assert [trial.state for trial in read_sweep(folder).trials] == [
        "finished",
        "finished",
        "pruned",
        "finished",
    ]
    assert status(folder / "trials/0002") == "pruned"
    assert len(nntrain.open_run(folder / "trials/0002").history["epoch"]) == 1
    assert sweeps.scores(folder / "trials/0002", "--split", "validation")


@pytest.mark.parametrize("pruning", ["median", "hyperband"])
def test_pruners_report_every_evaluation(sweeps, pruning):
    sweeps.run("sweep", "moons.yaml", "--set", f"pruning={pruning}")
    first = study_of(sweeps.folder / "runs/moons").trials[0]
    history = nntrain.open_run(sweeps.folder / "runs/moons/trials/0000").history
    assert list(first.intermediate_values.values()) == list(history["validation_loss"])


def test_the_median_pruner_of_optuna_stops_a_trial(sweeps, monkeypatch):
    monkeypatch.setattr(
        optuna.pruners.MedianPruner, "prune", lambda self, study, trial: np.bool_(trial.number == 2)
    )
    sweeps.run("sweep", "moons.yaml", "--set", "pruning=median")
    assert read_sweep(sweeps.folder / "runs/moons").states == {"finished": 3, "pruned": 1}


def test_a_trial_with_folds_has_the_mean_of_its_runs(sweeps):
    sweeps.run("sweep", "moons.yaml", "--set", "folds=2", "--set", "seeds=2", "--set", "trials=1")
    folder = sweeps.folder / "runs/moons"
    scores = [
        nntrain.open_run(run).scores["test"]["loss"] for run in sorted((folder / "trials/0000").iterdir())
    ]
    assert len(scores) == 4
    assert values(folder) == [pytest.approx(sum(scores) / 4)]


def test_a_trial_with_folds_is_pruned_between_its_runs(sweeps, monkeypatch):
    monkeypatch.setattr(running, "lags", lambda trial, value, step: step == 2)
    options = ("--set", "folds=3", "--set", "trials=1", "--set", "pruning=median")
    assert "no trial has finished" in sweeps.run("sweep", "moons.yaml", *options, code=1).stderr
    runs = sorted(entry.name for entry in (sweeps.folder / "runs/moons/trials/0000").iterdir())
    assert runs == ["fold-1", "fold-2"]


def test_a_time_limit_starts_no_new_trials(sweeps, monkeypatch):
    monkeypatch.setattr(worker.Worker, "time_is_up", lambda self: len(self.trials.all()) >= 2)
    assert "the time limit is over" in sweeps.run("sweep", "moons.yaml").stderr
    assert len(values(sweeps.folder / "runs/moons")) == 2


def test_json_is_one_object(sweeps):
    printed = json.loads(sweeps.run("sweep", "moons.yaml", "--json").stdout)
    assert printed["trials"] == {"finished": 4}
    assert printed["best"]["value"] == min(values(sweeps.folder / "runs/moons"))


def test_without_optuna_one_line_says_what_to_install(sweeps, monkeypatch, wording):
    monkeypatch.setitem(sys.modules, "optuna", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    error = sweeps.run("sweep", "moons.yaml", code=2).stderr
    assert "pip install 'nntrain[sweep]'" in error
    wording(error)


def test_nothing_of_optuna_reaches_the_screen(sweeps, capfd):
    done = sweeps.run("sweep", "moons.yaml", "--set", "method=tpe", "--set", "pruning=median")
    assert "Trial" not in done.stderr
    assert "optuna" not in (done.stderr + capfd.readouterr().err).lower()


def test_relative_paths_hold_in_the_best_config(table, monkeypatch):
    without_pictures(monkeypatch)
    (table.folder / "configs").mkdir()
    (table.folder / "table.csv").rename(table.folder / "configs/table.csv")
    (table.folder / "configs/base.yaml").write_text(
        "data: {source: {csv: table.csv}, validation: 0.25, standardize: true}\nmodel: {layers: [{dense: 2}]}\n"
        "loss: cross_entropy\noptimizer: {sgd: {lr: 0.1}}\ntrain: {epochs: 1, batch_size: 8}\n"
    )
    table.write(
        "config: configs/base.yaml\ntrials: 2\nparameters: {optimizer.sgd.lr: [0.1, 0.5]}\n", "sweep.yaml"
    )
    table.run("sweep", "sweep.yaml")
    best = read_sweep(table.folder / "runs/sweep").best
    monkeypatch.chdir("/")
    again = nntrain.fit(table.folder / "runs/sweep/best.yaml", runs_dir=None)
    assert again.scores["validation"]["loss"] == best.value


def test_the_function_does_what_the_command_does(sweeps):
    sweeps.run("sweep", "moons.yaml")
    found = nntrain.sweep("moons.yaml", runs_dir="others")
    assert [trial.value for trial in found.trials] == values(sweeps.folder / "runs/moons")
    assert found.best_config == Path("others/moons/best.yaml")
    assert "4 trials" in repr(found)


def test_a_trial_whose_process_is_killed_again_and_again_has_failed(sweeps):
    sweeps.run("sweep", "moons.yaml", "--set", "trials=1", "--set", "config.train.epochs=1")
    sweeps.run("sweep", "moons.yaml", "--overwrite", "--set", "trials=2")
    folder = sweeps.folder / "runs/moons"
    study = study_of(folder)
    trial = study.ask()
    owner = Owner(
        "dead", socket.gethostname(), str((folder / "trials").resolve()), deaths=trials.MOST_DEATHS - 1
    )
    study._storage.set_trial_system_attr(trial._trial_id, OWNER, asdict(owner))
    error = sweeps.run("sweep", "moons.yaml", "--set", "trials=4").stderr
    assert [trial.state for trial in read_sweep(folder).trials] == [
        "finished",
        "finished",
        "failed",
        "finished",
    ]
    assert study_of(folder).trials[2].user_attrs["reason"] == "its process was killed 10 times"
    assert "trial 3" in error


def test_a_trial_that_another_process_finished_is_counted_once(sweeps, monkeypatch):
    value = running.TrialRunner.value

    def beaten(self, active, folder):
        found = value(self, active, folder)
        if active.number == 1:
            study_of(sweeps.folder / "runs/moons").tell(1, 7.0)
        return found

    monkeypatch.setattr(running.TrialRunner, "value", beaten)
    sweeps.run("sweep", "moons.yaml")
    assert len(values(sweeps.folder / "runs/moons")) == 4
    assert values(sweeps.folder / "runs/moons")[1] == 7.0


def test_trials_that_were_put_into_the_queue_by_hand_are_tried_first(sweeps):
    sweeps.run("sweep", "moons.yaml", "--set", "trials=1")
    wanted = {"optimizer": "sgd", "optimizer.sgd.lr": 0.25, "model.layers[0].dense.units": 5}
    study_of(sweeps.folder / "runs/moons").enqueue_trial(wanted)
    sweeps.run("sweep", "moons.yaml", "--set", "trials=3")
    assert read_sweep(sweeps.folder / "runs/moons").trials[1].parameters == wanted


def test_a_trial_beyond_the_last_one_waits_for_more(sweeps):
    sweeps.run("sweep", "moons.yaml", "--set", "trials=2")
    folder = sweeps.folder / "runs/moons"
    study_of(folder).enqueue_trial({"model.layers[0].dense.units": 5})
    sweeps.run("sweep", "moons.yaml", "--set", "trials=2")
    assert len(values(folder)) == 2
    sweeps.run("sweep", "moons.yaml", "--set", "trials=3")
    assert read_sweep(folder).trials[2].parameters["model.layers[0].dense.units"] == 5


def test_a_sweep_that_another_process_works_on_is_not_replaced(sweeps):
    sweeps.run("sweep", "moons.yaml", "--set", "trials=1")
    folder = sweeps.folder / "runs/moons"
    lock = TrialLock(folder / "trials", 1)
    assert lock.acquire()
    error = sweeps.run("sweep", "moons.yaml", "--overwrite", code=2).stderr
    lock.release()
    assert "another process works on this sweep" in error
    assert len(values(folder)) == 1


def test_a_run_that_cannot_be_continued_starts_again(sweeps, monkeypatch):
    with monkeypatch.context() as patch:
        interrupt_at(patch, 5)
        sweeps.run("sweep", "moons.yaml", "--set", "trials=1", code=130)
    folder = sweeps.folder / "runs/moons"
    shutil.rmtree(folder / "trials/0000")
    sweeps.fit(MOONS, name="other")
    shutil.copytree(sweeps.folder / "runs/other", folder / "trials/0000")
    (folder / "trials/0000/run.json").write_text('{"status": "interrupted"}')
    sweeps.run("sweep", "moons.yaml", "--set", "trials=1")
    sweeps.run("sweep", "moons.yaml", "--set", "trials=1", "--name", "straight")
    assert values(folder) == values(sweeps.folder / "runs/straight")


def test_whole_layers_can_be_choices(sweeps):
    sweeps.write(
        SWEEP.replace("  model.layers[0].dense.units: {int: [4, 16]}\n", "")
        + "  model.layers:\n"
        + "    - [{dense: {units: {int: [4, 8]}, activation: tanh}}, {dense: 2}]\n"
        + "    - [{dense: 6}, relu, {dense: {units: {int: [4, 8]}}}, {dense: 2}]\n",
        "moons.yaml",
    )
    sweeps.run("sweep", "moons.yaml", "--set", "trials=6")
    folder = sweeps.folder / "runs/moons"
    for trial in read_sweep(folder).trials:
        config = nntrain.open_run(folder / f"trials/{trial.number:04d}").config
        layers = config["model"]["layers"]
        assert len(layers) == len(trial.parameters["model.layers"])
        name = "model.layers[0].dense.units" if len(layers) == 2 else "model.layers[2].dense.units"
        assert layers[0 if len(layers) == 2 else 2]["dense"]["units"] == trial.parameters[name]


def test_what_starts_the_command_does_not_load_optuna():
    code = "import sys, nntrain.cli.sweep, nntrain.api.sweep; print('optuna' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_wrong_name_or_number_of_jobs_is_an_error_of_the_command_line(sweeps):
    assert (
        "--name: expected the name of one folder"
        in sweeps.run("sweep", "moons.yaml", "--name", "a/b", code=2).stderr
    )
    assert "--jobs: expected a number" in sweeps.run("sweep", "moons.yaml", "--jobs", 0, code=2).stderr
    sweeps.run("sweep", "moons.yaml", "--name", "007", "--set", "trials=1")
    assert (sweeps.folder / "runs/007/best.yaml").is_file()
