"""One notion of better: for the best checkpoint, early stopping and the schedule; NaN is never better."""

import csv
import json
import math
import random
from pathlib import Path

import pytest

import nntrain
from nntrain.training.loop import columns
from nntrain.training.monitor import Monitor
from tests.conftest import MOONS, Shell

NAN = float("nan")
PLATEAU = MOONS.replace(
    "train: {epochs: 4",
    "schedule: {reduce_on_plateau: {patience: 0, factor: 0.5}}\ntrain: {epochs: 6, monitor: validation_accuracy",
)


def column(run: Path, name: str) -> list[float]:
    with (run / "metrics.csv").open() as file:
        return [float(row[name]) for row in csv.DictReader(file)]


def best_marks(run: Path) -> list[int]:
    return [int(value) for value in column(run, "best")]


@pytest.fixture
def values(monkeypatch):
    """Sets what the validation accuracy of each evaluation is."""

    def set_values(found: list[float]) -> None:
        rest = iter(found)

        def planned(split: str, scores: dict) -> dict:
            row = columns(split, scores)
            return row | {"validation_accuracy": next(rest, NAN)} if split == "validation" else row

        monkeypatch.setattr("nntrain.training.loop.columns", planned)

    return set_values


@pytest.mark.parametrize("higher", [True, False])
def test_nan_never_improves_and_any_number_improves_on_nan(higher):
    monitor = Monitor("validation_loss", higher)
    for best in (None, NAN, 1.0):
        assert not monitor.improves(NAN, best)
    assert monitor.improves(1.0, None)
    assert monitor.improves(1.0, NAN)
    assert monitor.improves(1.0, 0.5) == higher
    assert not monitor.improves(1.0, 1.0)
    assert not monitor.improves(1.25, 1.0, margin=0.25)


def test_a_plateau_of_a_rising_accuracy_is_none(shell, values):
    values([0.1, 0.2, 0.3, 0.3, 0.4, 0.5])
    assert column(shell.fit(PLATEAU), "lr") == [0.02] * 4 + [0.01] * 2


def test_a_mode_that_contradicts_the_monitored_metric_is_an_error(shell, wording):
    for mode, monitor in (("min", "validation_accuracy"), ("max", "validation_loss")):
        config = PLATEAU.replace("factor", f"mode: {mode}, factor").replace("validation_accuracy", monitor)
        wording(shell.run("fit", shell.write(config), code=2).stderr)
    shell.run("summary", shell.write(PLATEAU.replace("factor", "mode: max, factor")))


@pytest.mark.parametrize("stopping", ["", ", early_stopping: {patience: 3, min_delta: 0.15}"])
def test_the_best_checkpoint_has_the_best_value_whatever_min_delta_is(shell, values, stopping):
    values([0.5, 0.6, 0.64, 0.7, 0.71, 0.72, 0.73])
    config = MOONS.replace("epochs: 4", f"epochs: 7, monitor: validation_accuracy{stopping}")
    assert best_marks(shell.fit(config)) == [1] * 7


def test_min_delta_counts_from_the_value_that_last_improved_by_it(shell, values):
    values([0.5, 0.55, 0.6, 0.62, 0.63, 0.64, 0.65])
    config = MOONS.replace(
        "epochs: 4",
        "epochs: 9, monitor: validation_accuracy, early_stopping: {patience: 3, min_delta: 0.09}",
    )
    assert len(column(shell.fit(config), "best")) == 6  # 0.6 improves on 0.5; three more do not on 0.6


def test_nan_is_never_the_best_and_counts_as_no_improvement(shell, values, wording):
    values([NAN, 0.7, NAN, 0.6])
    config = MOONS.replace(
        "epochs: 4", "epochs: 9, monitor: validation_accuracy, early_stopping: {patience: 2}"
    )
    result = shell.run("fit", shell.write(config), "--name", "run", "--quiet")
    run = shell.folder / "runs/run"
    assert best_marks(run) == [0, 1, 0, 0]
    assert result.stderr.count("warning:") == 1
    wording(result.stderr)
    assert "is NaN" in (run / "train.log").read_text()


def test_a_run_whose_monitored_value_is_always_nan_says_so_and_ends_with_its_last_checkpoint(
    shell, values, wording
):
    values([])
    config = MOONS.replace("epochs: 4", "epochs: 2, monitor: validation_accuracy")
    result = shell.run("fit", shell.write(config), "--name", "run", "--quiet")
    run = shell.folder / "runs/run"
    wording(result.stderr)
    assert json.loads((run / "run.json").read_text())["status"] == "finished"
    assert best_marks(run) == [0, 0]
    assert not (run / "checkpoints/best.safetensors").exists()
    assert shell.scores(run, "--split", "train")["samples"] == 96
    in_memory = nntrain.fit(shell.folder / "config.yaml", runs_dir=None)
    assert math.isfinite(in_memory.scores["train"]["loss"])
    assert in_memory.model.config["seed"] == 0


def write_three_classes(shell: Shell, few: int = 3) -> None:
    draw = random.Random(0)
    rows = [(k, k + draw.gauss(0, 0.3)) for k, count in enumerate((100, 100, few)) for _ in range(count)]
    (shell.folder / "t.csv").write_text("x,y\n" + "".join(f"{x:.3f},{'abc'[k]}\n" for k, x in rows))


THREE = """
data: {source: {csv: {path: t.csv, target: y}}, validation: 0.1}
model: {layers: [{dense: 3}]}
loss: cross_entropy
metrics: [auc, f1, accuracy]
optimizer: {adam: 0.003}
train: {monitor: validation_auc, epochs: 6}
"""


def test_a_class_without_samples_in_a_split_is_named_and_left_out(shell, wording):
    write_three_classes(shell)
    result = shell.run("fit", shell.write(THREE), "--name", "run", "--quiet")
    wording(result.stderr)
    values = column(shell.folder / "runs/run", "validation_auc")
    assert all(0 <= value <= 1 for value in values)
    assert best_marks(shell.folder / "runs/run")[values.index(max(values))] == 1


def test_a_class_that_occurs_everywhere_is_not_warned_of(shell):
    write_three_classes(shell, few=40)
    assert "no sample" not in shell.run("summary", shell.write(THREE)).stderr


def test_a_split_of_a_single_class_is_named(shell, wording):
    write_three_classes(shell, few=40)
    (shell.folder / "v.csv").write_text("x,y\n0.1,a\n0.2,a\n")
    config = THREE.replace("validation: 0.1", "validation: {csv: {path: v.csv, target: y}}")
    wording(shell.run("fit", shell.write(config), "--name", "run", "--quiet").stderr)
