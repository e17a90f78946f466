"""`nntrain check` and `nntrain.check`: what they show, that they change nothing, and how a check is added."""

import json
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

import nntrain
from nntrain import plugins
from nntrain.api.setup import load_setup
from nntrain.preflight import check as registry
from nntrain.preflight.finding import parted
from nntrain.preflight.report import checked
from nntrain.preflight.subject import Subject
from nntrain.report.terminal.preflight import show_report
from tests.conftest import MOONS
from tests.support import ROOT

DIGITS = ROOT / "configs/digits.yaml"
DEAD = MOONS.replace(
    "{units: 8, activation: tanh}", "{units: 8, activation: relu, bias_initializer: {constant: -20}}"
)


def screen(report, width: int) -> list[str]:
    console = Console(
        file=StringIO(), width=width, color_system=None, markup=False, emoji=False, highlight=False
    )
    show_report(report, console)
    return console.file.getvalue().splitlines()


@pytest.fixture(scope="module")
def digits():
    return nntrain.check(DIGITS)


def test_a_report_shows_its_verdict(digits):
    assert repr(digits) == "<nntrain.check digits: ready to train: 1 note>"


def test_the_screen_shows_cost_losses_and_layers(shell):
    shown = shell.run("check", DIGITS).stdout
    for part in (
        "17,226 parameters",
        "per step",
        "per epoch of 41 steps",
        "expected about 2.303 (ln 10)",
        "ready to train",
    ):
        assert part in shown
    row = next(line.split() for line in shown.splitlines() if line.startswith("dense_1"))
    assert row[:7] == ["dense_1", "dense", "+", "relu", "(128,)", "8,320", "16.4"]


def test_json_is_one_object_with_the_same_facts(shell):
    shell.write(MOONS)
    found = json.loads(shell.run("check", "config.yaml", "--json", "--threads", "1").stdout)
    assert found["passed"]
    assert found["samples"] == {"train": 96, "validation": 24, "test": 120}
    assert found["expected_loss"] == pytest.approx(np.log(2), abs=1e-5)
    assert found["cost"]["parameters"] == 8 * 3 + 2 * 9
    assert found["cost"]["run_s"] == pytest.approx(found["cost"]["epochs"] * found["cost"]["epoch_s"])
    assert [layer["name"] for layer in found["layers"]] == ["dense_1", "dropout_1", "dense_2"]


def test_spreads_are_those_of_the_network():
    setup, document = load_setup(DIGITS, ("train.batch_size=full", "model.layers=[{dense: 10}]"))
    (layer,) = checked(setup, document.folder, "digits").layers
    network = setup.network(1)
    weight = network.arena.parameters["dense_1.weight"].astype(np.float64)
    x, target = setup.splits.train.x.astype(np.float64), setup.splits.train.target
    y = x @ weight
    assert layer.output.mean == pytest.approx(y.mean(), rel=1e-5)
    assert layer.output.std == pytest.approx(y.std(), rel=1e-5)
    probability = np.exp(y) / np.exp(y).sum(axis=1, keepdims=True)
    gradient = (probability - np.eye(10)[target]) / len(x)
    assert layer.gradient.std == pytest.approx(gradient.std(), rel=1e-4)


def test_the_trainer_is_as_it_was(tmp_path):
    text = MOONS.replace("{dropout: 0.2}", "batch_norm, {dropout: 0.2}")
    (tmp_path / "config.yaml").write_text(text)
    setup, document = load_setup(tmp_path / "config.yaml")
    trainer = Subject(setup, document.folder).trainer
    fresh = setup.network(1)
    assert trainer.state.step == trainer.state.epoch == 0
    for name, array in fresh.arena.parameters.items():
        np.testing.assert_array_equal(trainer.network.arena.parameters[name], array)
    for name, array in fresh.state.items():
        np.testing.assert_array_equal(trainer.network.state[name], array)
    assert not any(array.any() for array in trainer.step.arrays().values())


def test_nothing_is_written(shell):
    shell.write(MOONS)
    shell.run("check", "config.yaml")
    assert [path.name for path in shell.folder.iterdir()] == ["config.yaml"]


@pytest.mark.parametrize("on_nan", ["skip", "rollback"])
def test_runs_that_continue_after_a_nan_are_checked_too(shell, on_nan):
    shell.write(MOONS.replace("epochs: 4", f"epochs: 4, on_nan: {on_nan}"))
    shell.run("check", "config.yaml")


def test_an_error_is_exit_code_1_and_marks_its_layer(shell, wording):
    shell.write(DEAD)
    shown = shell.run("check", "config.yaml", code=1).stdout
    wording(shown[shown.index("error") :])
    assert "this config cannot train as it is" in shown


def test_a_wrong_config_is_exit_code_2(shell):
    shell.write(MOONS.replace("dense: 2", "dense: 3"))
    assert "the last layer is the output" in shell.run("check", "config.yaml", code=2).stderr


def test_set_changes_what_is_checked(shell):
    shell.write(MOONS)
    assert "1 note" in shell.run("check", "config.yaml", "--set", "train.epochs=1").stdout


def test_a_run_is_checked_as_its_config(shell):
    run = shell.fit(MOONS)
    assert "42 parameters" in shell.run("check", run).stdout


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_screen_fits_its_width(digits, width):
    lines = screen(digits, width)
    assert max(map(len, lines)) <= width
    assert any(line.startswith("dense_1") for line in lines)


def test_python_checks_arrays_and_reports_findings():
    draw = np.random.default_rng(0)
    x = draw.normal(size=(200, 3))
    x[:, 2] = 0.5
    config = {
        "model": {"layers": [{"dense": 8}, "relu", {"dense": 2}]},
        "loss": "cross_entropy",
        "optimizer": {"adam": 0.01},
    }
    data = nntrain.Data(x, (x[:, 0] > 0).astype(int), validation=0.2)
    report = nntrain.check(config, data=data, set={"train.epochs": 50}, threads=1)
    assert report.passed
    (finding,) = report.findings
    assert (finding.severity, finding.check) == ("note", "constant_columns")
    assert "input 3" in str(report)


SQUARES = np.random.default_rng(1).normal(size=(60, 2)) ** 2


@pytest.mark.parametrize(
    ("extra", "severity", "text"),
    [
        (np.arange(60.0) + 5, "warning", "input 3 numbers the samples"),
        (
            3 * SQUARES.sum(axis=1) + 1,
            "warning",
            "input 3 gives the answer away (its correlation with the target is 1)",
        ),
        (SQUARES[:, 0], "note", "input 3 holds the same values as input 1"),
    ],
)
def test_inputs_without_names_are_looked_at_too(extra, severity, text):
    config = {
        "model": {"layers": [{"dense": 8}, "relu", {"dense": 1}]},
        "loss": "mse",
        "optimizer": {"adam": 0.01},
    }
    x = np.column_stack([SQUARES, extra])
    data = nntrain.Data(x, SQUARES.sum(axis=1), validation=0.2, standardize=True)
    (finding,) = nntrain.check(config, data=data, set={"train.epochs": 100}).findings
    assert finding.severity == severity
    assert finding.text.startswith(text)


def test_data_that_take_long_to_read_are_not_compared(shell, monkeypatch):
    monkeypatch.setattr("nntrain.preflight.samples.MOST_BYTES", 100)
    shell.write(MOONS)
    assert "the splits are not compared" in shell.run("check", "config.yaml").stdout


def test_equal_samples_of_arrays_are_named_by_their_numbers():
    x = np.random.default_rng(0).normal(size=(60, 3))
    config = {
        "model": {"layers": [{"dense": 8}, "relu", {"dense": 2}]},
        "loss": "cross_entropy",
        "optimizer": {"adam": 0.01},
    }
    y = (x[:, 0] > 0).astype(int)
    data = nntrain.Data(x, y, test=(x[10:30], y[10:30]))
    finding = nntrain.check(config, data=data).of("warning")[0]
    assert "all 20 samples of the test split (100%)" in finding.text
    assert "such as sample 1 of the test split and sample 11:" in finding.text


def test_data_that_stay_on_disk_take_no_memory(monkeypatch):
    assert nntrain.check(DIGITS).cost.data_bytes == 1797 * (64 + 1) * 4
    monkeypatch.setattr("nntrain.preflight.cost.exceeds_memory", lambda array: array.ndim == 2)
    assert nntrain.check(DIGITS).cost.data_bytes == 1797 * 4


def test_without_a_warning_the_screen_ends_with_the_verdict(digits):
    assert screen(digits, 80)[-1].startswith("ready to train")


PLUGIN = """
from nntrain.preflight.check import Check


class ManyClasses(Check, name="many_classes", about="data"):
    def look(self, subject):
        yield self.found("warning", f"{len(subject.train.classes)} classes are many", "Use fewer.")


class Broken(Check, name="broken", about="training"):
    def look(self, subject):
        raise ZeroDivisionError("by chance")
"""


def test_a_check_is_one_class_and_one_that_fails_is_a_warning(shell, monkeypatch):
    monkeypatch.setattr(registry, "registered", dict(registry.registered))
    monkeypatch.setattr(plugins, "loaded", dict(plugins.loaded))
    (shell.folder / "checks.py").write_text(PLUGIN)
    shell.write(MOONS)
    shown = shell.run("check", "config.yaml", "--plugin", "checks.py").stdout
    assert "2 classes are many" in shown
    assert "the check broken failed: ZeroDivisionError: by chance" in shown


@pytest.mark.parametrize(
    ("warning", "text", "advice"),
    [
        ("a is b: leave it out with `c: 1.5`, or not", "a is b", "Leave it out with `c: 1.5`, or not."),
        ("x: 1.5 is far. Set `y: true` under `data`", "x: 1.5 is far", "Set `y: true` under `data`."),
        ("all are black\nhint: Set `z`. Or not.", "all are black", "Set `z`. Or not."),
        ("nothing to do", "nothing to do", ""),
    ],
)
def test_the_advice_of_a_warning_is_found(warning, text, advice):
    assert parted(warning) == (text, advice)
