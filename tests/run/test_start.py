"""`fit --from RUN`: a new run that starts from the weights of another one."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file

import nntrain
from nntrain.errors import UserError
from tests.conftest import MOONS, contents, interrupt_at

FROZEN = MOONS.replace("activation: tanh}", "activation: tanh, freeze: true}")
OTHER = FROZEN.replace("adam: {lr: 0.02}", "sgd: {lr: 0.01}").replace("samples: 120", "samples: 100")


def first_weights(run, which="last") -> np.ndarray:
    return load_file(run / f"checkpoints/{which}.safetensors")["parameter.dense_1.weight"]


def test_a_run_starts_from_the_best_weights_of_another_one(shell):
    first = shell.fit(name="first")
    run = shell.fit(OTHER, "--from", first, name="second")
    assert np.array_equal(first_weights(run), first_weights(first, "best"))
    assert "from: 4 of 4 arrays from" in (run / "train.log").read_text()
    origin = json.loads((run / "run.json").read_text())["from"]
    assert origin["checkpoint"] == str(first / "checkpoints/best.safetensors")
    in_memory = nntrain.fit(shell.folder / "config.yaml", from_=first, runs_dir=None)
    assert in_memory.scores == json.loads((run / "run.json").read_text())["scores"]


def test_layers_are_matched_by_name_and_shape_and_the_others_are_named(shell):
    first = shell.fit(name="first")
    wider = OTHER.replace("{dense: 2}", "{dense: 4}, {dense: 2}")
    run = shell.fit(wider, "--from", first / "checkpoints/last.safetensors", name="second")
    log = (run / "train.log").read_text()
    assert "from: 2 of 6 arrays from" in log
    assert "from: of another shape, randomly initialized: 'dense_2.weight', 'dense_2.bias'" in log
    assert "from: not found, randomly initialized: 'dense_3.weight', 'dense_3.bias'" in log


def test_averaged_weights_are_what_a_run_starts_from(shell):
    first = shell.fit(MOONS.replace("epochs: 4", "epochs: 4, ema: {decay: 0.9}"), name="first")
    run = shell.fit(OTHER, "--from", first, name="second")
    tensors = load_file(first / "checkpoints/best.safetensors")
    averaged = tensors["average.theta"][: first_weights(run).size].reshape(first_weights(run).shape)
    assert np.array_equal(first_weights(run), averaged)
    assert not np.array_equal(first_weights(run), tensors["parameter.dense_1.weight"])


def test_a_start_that_fits_nowhere_is_an_error(shell, wording):
    first = shell.fit(name="first")
    other = MOONS.replace("units: 8", "units: 9").replace("{dense: 2}", "{dense: {units: 2, name: end}}")
    wording(shell.run("fit", shell.write(other), "--name", "second", "--from", first, code=2).stderr)
    shell.run("fit", shell.write(other), "--name", "second", "--from", "nowhere", code=2)
    assert not (shell.folder / "runs/second").exists()
    with pytest.raises(UserError):
        nntrain.fit(shell.folder / "config.yaml", from_="nowhere", runs_dir=None)


def test_a_run_with_a_start_is_resumed_to_the_same_files(shell, monkeypatch):
    first = shell.fit(name="first")
    straight = contents(shell.fit(OTHER, "--from", first, name="straight"))
    with monkeypatch.context() as patch:
        interrupt_at(patch, 7)
        shell.fit(OTHER, "--from", first, name="broken", code=130)
    assert contents(shell.fit(OTHER, "--resume", name="broken")) == straight
    info = json.loads((shell.folder / "runs/broken/run.json").read_text())
    assert info["from"]["checkpoint"].endswith("best.safetensors")


def test_a_run_that_ended_before_its_first_checkpoint_still_starts_from_there(shell, monkeypatch):
    first = shell.fit(name="first")
    straight = contents(shell.fit(OTHER, "--from", first, name="straight"))
    with monkeypatch.context() as patch:
        patch.setattr("nntrain.training.loop.Trainer.warm_up", lambda self: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            shell.fit(OTHER, "--from", first, name="broken")
    assert contents(shell.fit(OTHER, "--resume", name="broken")) == straight


def test_a_run_is_not_resumed_from_another_start(shell, wording):
    first = shell.fit(name="first")
    shell.fit(OTHER, "--from", first, name="second")
    resume = ("fit", "config.yaml", "--name", "second", "--resume")
    shell.run(*resume, "--from", first)  # the same
    wording(shell.run(*resume, "--from", first / "checkpoints/last.safetensors", code=2).stderr)
