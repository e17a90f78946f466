"""A run that has ended goes on: with more epochs, a longer patience or none; its schedule keeps its first length."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from nntrain.network.snapshot import Snapshot
from nntrain.run.checkpoint import encode, read
from nntrain.schedules import Schedule
from tests.conftest import MOONS, contents, interrupt_at

CYCLE = MOONS.replace("train: {", "schedule: {one_cycle: {max_lr: 0.1, unit: step}}\ntrain: {")
STOPS = MOONS.replace("epochs: 4", "epochs: 8, early_stopping: {patience: 1, min_delta: 10}")


def lrs(run: Path) -> list[float]:
    with (run / "metrics.csv").open() as file:
        return [float(row["lr"]) for row in csv.DictReader(file)]


def status_of(run: Path) -> str:
    return json.loads((run / "run.json").read_text())["status"]


@pytest.mark.parametrize("epochs", [4, 7])
def test_an_extended_run_is_the_same_however_often_it_is_interrupted(shell, monkeypatch, epochs):
    """In its first epochs, or in the further ones."""
    config = CYCLE.replace("epochs: 4", "epochs: 7")
    shell.fit(CYCLE, name="straight")
    straight = contents(shell.fit(config, "--resume", name="straight"))
    with monkeypatch.context() as patch:
        interrupt_at(patch, 17)
        shell.fit(CYCLE, name="broken", code=130)
    with monkeypatch.context() as patch:
        interrupt_at(patch, 27)
        shell.fit(
            CYCLE.replace("epochs: 4", f"epochs: {epochs}"),
            "--resume",
            name="broken",
            code=130 * (epochs == 7),
        )
    assert contents(shell.fit(config, "--resume", name="broken")) == straight


@pytest.mark.parametrize("schedule", ["one_cycle: {max_lr: 0.1, unit: step}", "cosine: {}", "linear: {}"])
def test_more_epochs_keep_the_first_length_of_the_schedule_and_say_so(shell, schedule, wording):
    config = CYCLE.replace("one_cycle: {max_lr: 0.1, unit: step}", schedule)
    first = lrs(shell.fit(config))
    result = shell.run(
        "fit", "config.yaml", "--name", "run", "--resume", "--quiet", "--set", "train.epochs=6"
    )
    wording(result.stderr)
    found = lrs(shell.folder / "runs/run")
    assert found[:4] == first
    assert found[4] == found[5] <= found[3]


def test_an_extended_run_is_repeated_with_the_learning_rates_that_it_had(shell):
    shell.fit(CYCLE)
    shell.run("fit", "config.yaml", "--name", "run", "--resume", "--quiet", "--set", "train.epochs=6")
    run = shell.folder / "runs/run"
    shell.run("fit", run, "--name", "again", "--quiet")
    shell.run("fit", run / "config.resolved.yaml", "--name", "resolved", "--quiet")
    assert lrs(run) == lrs(shell.folder / "runs/again") == lrs(shell.folder / "runs/resolved")


def test_more_epochs_of_a_schedule_without_a_length_are_not_warned_of(shell):
    config = CYCLE.replace(
        "one_cycle: {max_lr: 0.1, unit: step}", "multi_step: {milestones: [5], gamma: 0.5}"
    )
    shell.fit(config.replace("[5]", "[3]"), name="other")
    straight = lrs(shell.fit(config.replace("epochs: 4", "epochs: 6"), name="straight"))
    shell.fit(config)
    result = shell.run(
        "fit", "config.yaml", "--name", "run", "--resume", "--quiet", "--set", "train.epochs=6"
    )
    assert "warning" not in result.stderr
    assert lrs(shell.folder / "runs/run") == straight


def test_a_schedule_that_is_stretched_is_warned_of_with_both_learning_rates(shell, wording):
    straight = CYCLE.replace("epochs: 4", "epochs: 8")
    shell.fit(CYCLE)
    longer = ("--set", "train.epochs=8", "--set", "train.schedule_epochs=8")
    wording(shell.run("fit", "config.yaml", "--name", "run", "--resume", "--quiet", *longer).stderr)
    assert lrs(shell.folder / "runs/run")[4:] == lrs(shell.fit(straight, name="straight"))[4:]


def test_a_schedule_can_be_planned_for_more_epochs_than_are_trained(shell):
    planned = CYCLE.replace("epochs: 4", "epochs: 4, schedule_epochs: 8")
    result = shell.run("fit", shell.write(planned), "--name", "run", "--quiet")
    assert "warning" not in result.stderr
    assert (
        lrs(shell.folder / "runs/run")
        == lrs(shell.fit(CYCLE.replace("epochs: 4", "epochs: 8"), name="b"))[:4]
    )


@pytest.mark.parametrize("name", ["cosine", "linear", "polynomial", "one_cycle"])
def test_a_schedule_stays_at_its_end_beyond_its_length(name):
    schedule = Schedule.parse({name: {"max_lr": 1.0} if name == "one_cycle" else {}})
    end = schedule.lr(0.5, 99, 10, 10, {}) if name == "one_cycle" else 0.0
    assert {schedule.lr(0.5, step, 10, 10, {}) for step in (100, 101, 150, 1000)} == {end}


def test_a_run_that_stopped_early_goes_on_with_a_longer_patience_or_none(shell, wording):
    assert status_of(shell.fit(STOPS)) == "stopped early"
    resume = ("fit", "config.yaml", "--name", "run", "--resume", "--quiet")
    wording(shell.run(*resume).stdout)
    wording(shell.run(*resume, "--set", "train.epochs=20").stdout)
    shell.run(*resume, "--set", "train.early_stopping.patience=3")
    run = shell.folder / "runs/run"
    assert status_of(run) == "stopped early"
    assert len(lrs(run)) == 4
    shell.run(*resume, "--set", "train.early_stopping=null")
    assert status_of(run) == "finished"
    assert len(lrs(run)) == 8
    wording(shell.run(*resume, "--set", "train.early_stopping=null").stdout)


def test_a_longer_patience_gives_the_run_that_had_it_from_the_start(shell):
    longer = STOPS.replace("patience: 1", "patience: 4")
    straight = contents(shell.fit(longer, name="straight"))
    shell.fit(STOPS)
    assert contents(shell.fit(longer, "--resume")) == straight


def test_another_min_delta_starts_the_patience_anew(shell):
    shell.fit(STOPS)
    run = shell.fit(STOPS.replace("min_delta: 10", "min_delta: 9"), "--resume")
    assert len(lrs(run)) == 3


def test_a_run_of_version_0_1_0_is_resumed_to_the_same_weights(shell, monkeypatch):
    straight = shell.fit(CYCLE, name="straight")
    interrupt_at(monkeypatch, 12)
    run = shell.fit(CYCLE, code=130)
    monkeypatch.undo()
    monkeypatch.chdir(shell.folder)
    for file in (run / "checkpoints").iterdir():
        snapshot = read(file)
        training = {
            key: value
            for key, value in snapshot.facts["training"].items()
            if key not in ("to_beat", "horizon")
        }
        train = {
            key: value for key, value in snapshot.facts["config"]["train"].items() if key != "schedule_epochs"
        }
        config = {**snapshot.facts["config"], "train": train}
        file.write_bytes(
            encode(Snapshot(snapshot.tensors, {**snapshot.facts, "training": training, "config": config}))
        )
    shell.fit(CYCLE, "--resume")
    found, expected = (read(folder / "checkpoints/last.safetensors") for folder in (run, straight))
    assert found.facts == expected.facts
    assert all(np.array_equal(found.tensors[name], array) for name, array in expected.tensors.items())
