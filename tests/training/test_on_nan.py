"""A NaN or an infinity is located, and the run stops, skips the step, or goes back to the last checkpoint."""

import csv
import json
import re

import numpy as np
import pytest

import nntrain
from nntrain.cli.shared import load_setup
from nntrain.layers.activations.bounded import Tanh
from nntrain.layers.dense import Dense
from nntrain.losses.classification import CrossEntropy
from nntrain.optimizers import Optimizer
from nntrain.run.checkpoint import read
from tests.conftest import MOONS, contents, interrupt_at

NORMED = MOONS.replace("{dropout: 0.2}", "batch_norm")  # with running statistics that a forward pass changes
AT = 7  # the second step of the second epoch


def break_method(monkeypatch, kind, method, change, steps=(AT,)) -> None:
    """Lets a method of a layer give something else in training, at these steps."""
    original = getattr(kind, method)

    def broken_method(self, ctx):
        original(self, ctx)
        if ctx.info.training and ctx.info.step in steps:
            change(ctx)

    monkeypatch.setattr(kind, method, broken_method)


def in_forward(ctx):
    if ctx.name == "dense_1":
        ctx.y[3] = np.nan


def in_backward(ctx):
    ctx.dx[4] = np.inf


def in_parameters(ctx):
    if ctx.name == "dense_1":
        ctx.dweight[0, 0] = np.inf


BROKEN = {
    "forward": (Dense, "forward", in_forward),
    "backward": (Tanh, "backward_input", in_backward),
    "parameter": (Dense, "backward_parameters", in_parameters),
}


def samples_of(shell, config: str, epoch: int, batch: int) -> list[str]:
    batches = load_setup(shell.write(config, "batches.yaml"), ())[0].batches()
    return [str(sample + 1) for sample in batches.indices(epoch, batch)]


def last_error(shell, name: str = "run") -> str:
    run = shell.folder / "runs" / name
    error = json.loads((run / "run.json").read_text())["error"]
    assert f"error: {error}" in (run / "train.log").read_text()
    return error.partition("\nhint: ")[0]


def steps_of(run) -> list[dict[str, str]]:
    with (run / "steps.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("what", "step", "place"),
    [
        ("forward", 7, "the forward pass of layer 'dense_1'"),
        ("backward", 7, "the backward pass of layer 'dense_1' gave a gradient of parameter 'dense_1."),
        (
            "parameter",
            7,
            "the backward pass of layer 'dense_1' gave a gradient of parameter 'dense_1.weight'",
        ),
    ],
)
def test_a_run_stops_and_names_step_place_and_samples(monkeypatch, shell, wording, what, step, place):
    break_method(monkeypatch, *BROKEN[what])
    shell.fit(code=1)
    error = last_error(shell)
    wording(re.sub(r"norm [^ ,)]+", "norm N", error))
    assert f"step {step} (epoch 2, learning rate 0.02" in error
    assert "gradient norm" in error
    assert place in error
    samples = samples_of(shell, MOONS, 1, 1)
    if what == "forward":
        assert error.endswith(f"; sample {samples[3]} of the training split")
    else:
        assert f"samples {', '.join(samples[:8])} and 12 more of the training split" in error
    assert len((shell.folder / "runs/run/steps.csv").read_text().splitlines()) <= 1 + AT


def test_a_loss_and_an_update_that_overflow_are_named(monkeypatch, shell):
    original = CrossEntropy.total
    monkeypatch.setattr(
        CrossEntropy, "total", lambda self, gradient, *rest: original(self, gradient, *rest) * np.inf
    )
    shell.fit(name="loss", code=1)
    assert "the model's output is finite" in last_error(shell, "loss")
    monkeypatch.undo()
    monkeypatch.chdir(shell.folder)
    shell.fit(MOONS.replace("adam: {lr: 0.02}", "sgd: {lr: 1e39}"), name="update", code=1)
    error = last_error(shell, "update")
    assert "after step 1 (epoch 1, learning rate 1e+39, gradient norm" in error
    assert "the update of parameter" in error


def test_huge_values_of_the_data_are_named(shell):
    x = np.random.default_rng(0).normal(size=(40, 3))
    x[17, 1] = 1.5e19
    config = {
        "model": {"layers": [{"dense": 4}, {"dense": 1}]},
        "loss": "mse",
        "optimizer": {"sgd": 0.1},
        "train": {"epochs": 1, "batch_size": 8, "on_nan": "skip"},
    }
    nntrain.fit(config, data=nntrain.Data(x, x[:, 0]), runs_dir="runs", name="run")
    log = (shell.folder / "runs/run/train.log").read_text()
    assert "Sample 18 has the value 1.5e+19, number 2" in log


def test_skipped_steps_change_nothing_but_the_position(monkeypatch, shell):
    """Wherever the NaN appears, the rest of the run is the same."""
    skip = NORMED.replace("batch_size: 20", "batch_size: 20, on_nan: skip")
    for number, what in enumerate(BROKEN):
        with monkeypatch.context() as patch:
            break_method(patch, *BROKEN[what])
            run = shell.fit(skip, name=what)
        facts = read(run / "checkpoints/last.safetensors")
        assert (facts.facts["training"]["skipped"], facts.facts["training"]["step"]) == (1, 20)
        assert all(np.isfinite(array).all() for array in facts.tensors.values())
        warnings = [line for line in (run / "train.log").read_text().splitlines() if "is skipped" in line]
        assert len(warnings) == 1
        assert [row["step"] for row in steps_of(run)] == [str(step + 1) for step in range(20)]
        if number:
            tensors = read(shell.folder / "runs/forward/checkpoints/last.safetensors").tensors
            for name, array in facts.tensors.items():
                if not name.startswith("data.") and "metric" not in name:
                    np.testing.assert_array_equal(array, tensors[name])


def test_the_average_starts_from_the_parameters_even_if_the_first_step_is_skipped(monkeypatch, shell):
    break_method(monkeypatch, *BROKEN["backward"], steps=(1,))
    config = MOONS.replace("batch_size: 20", "batch_size: 20, on_nan: skip, ema: {decay: 0.9}")
    run = shell.fit(config.replace("adam: {lr: 0.02}", "sgd: {lr: 1e-6}"))
    tensors = read(run / "checkpoints/last.safetensors").tensors
    weights = [array.ravel() for name, array in tensors.items() if name.startswith("parameter.")]
    np.testing.assert_allclose(sorted(tensors["average.theta"]), sorted(np.concatenate(weights)), atol=1e-4)


def test_a_run_that_only_skips_ends(monkeypatch, shell):
    skip = MOONS.replace("batch_size: 20", "batch_size: 20, on_nan: skip")
    break_method(monkeypatch, *BROKEN["forward"], steps=range(3, 100))
    shell.fit(skip, code=1)
    error = last_error(shell)
    assert "step 13" in error
    assert "The 10 steps before were skipped" in error


ROLLBACK = NORMED.replace("batch_size: 20", "batch_size: 20, on_nan: rollback")


def test_a_rollback_restores_the_last_checkpoint_and_halves_the_learning_rate(monkeypatch, shell):
    before = {}
    original = Optimizer.members()["adam"].update

    def update(self, part, lr, step):
        if step == AT + 1:
            before.update(theta=part.theta.copy(), **{name: slot.copy() for name, slot in part.slots.items()})
        original(self, part, lr, step)

    monkeypatch.setattr(Optimizer.members()["adam"], "update", update)
    break_method(monkeypatch, *BROKEN["backward"])
    short = shell.fit(ROLLBACK.replace("epochs: 4", "epochs: 1"), name="short")
    run = shell.fit(ROLLBACK)
    then = read(short / "checkpoints/last.safetensors").tensors
    for name in ("momentum", "mean", "square"):
        if name in before:
            np.testing.assert_array_equal(before[name], then[f"optimizer.{name}"])
    theta = np.concatenate([then[name].ravel() for name in then if name.startswith("parameter.")])
    assert set(theta) == set(before["theta"])
    rates = [float(row["lr"]) for row in steps_of(run)]
    assert rates == [0.02] * AT + [0.01] * (20 - AT)
    assert "those of step 5" in (run / "train.log").read_text()


@pytest.mark.parametrize("stop", [6, 7, 9, 12])
def test_a_rollback_resumes_to_the_same_bytes(monkeypatch, shell, stop):
    break_method(monkeypatch, *BROKEN["parameter"], steps=(AT, 13))
    straight = contents(shell.fit(ROLLBACK, name="straight"))
    with monkeypatch.context() as patch:
        interrupt_at(patch, stop)
        shell.fit(ROLLBACK, name="resumed", code=130)
    run = shell.fit(ROLLBACK, "--resume", name="resumed")
    assert contents(run) == straight
    assert read(run / "checkpoints/last.safetensors").facts["training"]["rollbacks"] == 2


def test_a_run_that_only_rolls_back_ends(monkeypatch, shell):
    break_method(monkeypatch, *BROKEN["forward"], steps=range(3, 100))
    shell.fit(ROLLBACK, code=1)
    assert "gone back to a checkpoint 10 times" in last_error(shell)


def test_an_update_that_overflows_is_rolled_back(shell):
    config = ROLLBACK.replace("adam: {lr: 0.02}", "sgd: {lr: 1e45}")
    shell.fit(config, code=1)
    assert "after step 11 (epoch 3, learning rate 9.76562e+41" in last_error(shell)
