"""The review of a finished run: a network that learns nothing says so, with what it sees; one that learns says nothing."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

import nntrain
from nntrain.run.review.verdict import overfitting
from tests.conftest import MOONS

LEARNS = MOONS.replace("{dropout: 0.2}, ", "").replace("epochs: 4", "epochs: 12")


def told(shell, config) -> list[str]:
    """The warnings that a run ends with."""
    run = shell.fit(config)
    warnings = json.loads((run / "run.json").read_text())["warnings"]
    log = (run / "train.log").read_text()
    assert all(f"warning: {warning}\n" in log for warning in warnings)
    return warnings


def test_a_run_that_learns_has_no_warnings_and_a_baseline_beside_its_scores(shell):
    assert told(shell, LEARNS) == []
    info = json.loads((shell.folder / "runs/run/run.json").read_text())
    assert set(info["baseline"]) == set(info["scores"]) == {"train", "validation", "test"}
    assert info["baseline"]["train"]["loss"] == pytest.approx(np.log(2), abs=1e-4)
    assert info["baseline"]["train"]["accuracy"] == pytest.approx(0.5, abs=0.01)
    final = shell.run("fit", "config.yaml", "--quiet", "--name", "again").stdout
    (line,) = [line for line in final.splitlines() if line.startswith("baseline ")]
    assert "ln 2 = 0.6931" in line


DEEP = ", ".join(["{dense: {units: 8, activation: sigmoid}}"] * 8)
HIDDEN = "{dense: {units: 8, activation: tanh}}"
NOTHING = {
    "equal weights": (
        LEARNS.replace("model: {", "model: {initializer: zeros, "),
        ["'dense_1'", "`initializer: auto`"],
    ),
    "a learning rate that is too large": (
        LEARNS.replace("adam: {lr: 0.02}", "sgd: {lr: 1000.0}").replace("metrics: [accuracy]", ""),
        ["the first steps raised the loss", "`optimizer: {sgd: {lr: 100.0}}`"],
    ),
    "dead units": (
        LEARNS.replace(HIDDEN, "{dense: {units: 8, activation: relu, bias_initializer: {constant: -9}}}"),
        ["'dense_1': 8 of 8 relu units are 0", "`activation: leaky_relu`"],
    ),
    "gradients that vanish": (
        LEARNS.replace(HIDDEN, DEEP).replace("adam: {lr: 0.02}", "sgd: {lr: 0.01}"),
        ["the gradient of layer 'dense_1'", "`activation: relu` instead of sigmoid"],
    ),
    "a learning rate that is too small": (
        LEARNS.replace("adam: {lr: 0.02}", "sgd: {lr: 1e-4}").replace("epochs: 12", "epochs: 200"),
        ["still falls steadily", "`optimizer: {sgd: {lr: 0.001}}`"],
    ),
    "too few steps": (
        LEARNS.replace("0.02", "1e-5").replace("epochs: 12", "epochs: 1"),
        ["5 steps only", "`epochs`"],
    ),
    "inputs that say nothing": (
        """
data: {source: {random: {samples: 400, input: [3], classes: 2}}}
model: {layers: [{dense: 2}]}
loss: cross_entropy
metrics: [f1]
optimizer: {sgd: 0.01}
train: {epochs: 20}
""",
        ["say nothing about the targets"],
    ),
}


@pytest.mark.parametrize("case", NOTHING)
def test_a_network_that_learns_nothing_says_so_and_what_would_change_it(shell, wording, case):
    config, expected = NOTHING[case]
    verdict, *causes = told(shell, config)
    wording("\n".join([verdict, *causes]))
    assert verdict.startswith("the network has learned nothing: ")
    assert len(causes) <= 2
    for part in expected:
        assert part in causes[0]


def test_unscaled_columns_are_named_where_nothing_is_learned(shell):
    draw = np.random.default_rng(0)
    lines = [f"{year},{'late' if year > 1985 else 'early'}" for year in draw.integers(1950, 2021, 200)]
    (shell.folder / "t.csv").write_text("\n".join(["year,kind", *lines]) + "\n")
    table = LEARNS.replace("{synthetic: {kind: two_moons, samples: 120, noise: 0.1}}", "{csv: t.csv}")
    warnings = told(shell, table.replace("adam: {lr: 0.02}", "sgd: {lr: 0.02}"))
    assert warnings[-1].startswith("unscaled column: 'year' is about 1,98")
    assert warnings[-2].startswith(
        "the network has learned nothing"
    )  # what else is seen follows from the columns
    assert "`standardize: true`" in warnings[-1]


def test_a_network_that_only_memorizes_says_so(shell):
    noise = """
data: {source: {random: {samples: 120, input: [30], classes: 2}}, validation: 0.4}
model: {layers: [{dense: {units: 32, activation: relu}}, {dense: 2}]}
loss: cross_entropy
metrics: [accuracy]
optimizer: {adam: 0.01}
train: {epochs: 20}
"""
    (warning,) = told(shell, noise)
    assert warning.startswith("the network does not generalize: the validation loss")


def course(validation, train=None, best=None, stopping=None, monitor="validation_loss"):
    """What a run of so many epochs shows."""
    validation = np.array(validation)
    marks = np.zeros(len(validation))
    marks[int(validation.argmin()) if best is None else best] = 1
    columns = {
        "epoch": np.arange(1.0, len(validation) + 1),
        "validation_loss": validation,
        "train_loss": np.linspace(1, 0, len(validation)) if train is None else np.array(train),
        "best": marks,
    }
    return SimpleNamespace(
        evaluations=columns,
        config=SimpleNamespace(train=SimpleNamespace(early_stopping=stopping)),
        setup=SimpleNamespace(monitor=SimpleNamespace(name=monitor)),
        baseline={"validation": {"loss": 1.0}},
    )


FALLS_AND_RISES = [0.9, 0.6, 0.4, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7]


def test_a_validation_loss_that_rises_is_named_with_early_stopping():
    warning = overfitting(course(FALLS_AND_RISES))
    assert "lowest at epoch 4 (0.3)" in warning
    assert "`early_stopping: {patience: 3}`" in warning
    early = [0.9, 0.3, *np.linspace(0.3, 2, 400)]
    assert "`early_stopping: {patience: 7}`" in overfitting(course(early))


@pytest.mark.parametrize(
    "seen",
    [
        course([0.9, 0.6, 0.4, 0.3, 0.29, 0.28, 0.28, 0.27, 0.28, 0.28, 0.28, 0.28]),  # level
        course(FALLS_AND_RISES, stopping="early"),
        course(FALLS_AND_RISES, train=[1, 0.5] + [0.4] * 9 + [0.9]),  # both rise: no overfitting
        course(FALLS_AND_RISES, best=11, monitor="validation_accuracy"),  # the best by another score is late
        course(FALLS_AND_RISES[:6]),  # short
    ],
)
def test_other_courses_are_no_overfitting(seen):
    assert overfitting(seen) == ""


@pytest.mark.parametrize("part", ["nntrain.run.session.review", "nntrain.training.loop.baseline"])
def test_a_report_that_fails_is_a_warning_and_the_run_finishes(shell, monkeypatch, part):
    def broken(*_):
        raise ZeroDivisionError("by chance")

    monkeypatch.setattr(part, broken)
    shell.write(LEARNS)
    run = nntrain.fit("config.yaml")
    assert run.status == "finished"
    (warning,) = run.warnings
    assert "ZeroDivisionError: by chance" in warning


def test_the_review_changes_no_byte_of_the_checkpoints(shell, monkeypatch):
    config = NOTHING["gradients that vanish"][0]
    reviewed = shell.fit(config, name="one")
    monkeypatch.setattr("nntrain.run.session.review", lambda _: [])
    plain = shell.fit(config, name="two")
    for name in ("last", "best"):
        file = f"checkpoints/{name}.safetensors"
        assert (reviewed / file).read_bytes() == (plain / file).read_bytes()


@pytest.mark.parametrize("runs_dir", [None, "runs"])
def test_a_run_of_python_has_its_baseline_and_warnings(shell, runs_dir):
    shell.write(NOTHING["equal weights"][0])
    run = nntrain.fit("config.yaml", runs_dir=runs_dir)
    assert run.baseline["validation"]["accuracy"] == pytest.approx(0.5, abs=0.1)
    assert run.warnings[0].startswith("the network has learned nothing")
    assert "baseline (test)" in run._repr_html_()
    if runs_dir:
        stored = nntrain.open_run(run.path)
        assert (stored.baseline, stored.warnings) == (run.baseline, run.warnings)


def test_a_diverged_run_leaves_its_loss_curve(shell, pictures):
    wild = MOONS.replace("adam: {lr: 0.02}", "sgd: {lr: 1e30}").replace("tanh", "relu")
    shell.run("fit", shell.write(wild), "--quiet", "--name", "wild", code=1)
    assert (shell.folder / "runs/wild/loss.png").read_bytes().startswith(b"\x89PNG")
