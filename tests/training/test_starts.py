"""How a run starts and what it averages: pretrained arrays, freezing, noise on the gradient, averages of the weights."""

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tests.conftest import MOONS


def weights(run, which="last") -> dict[str, np.ndarray]:
    return load_file(run / f"checkpoints/{which}.safetensors")


def test_pretrained_takes_what_it_finds_by_name(shell):
    shell.fit(name="first")
    config = MOONS.replace("model: {", "model: {initializer: {pretrained: runs/first}, ")
    config = config.replace("activation: tanh}", "activation: tanh, freeze: true}")
    run = shell.fit(config, name="second")
    before, after = weights(shell.folder / "runs/first", "best"), weights(run)
    assert np.array_equal(before["parameter.dense_1.weight"], after["parameter.dense_1.weight"])
    assert "pretrained: 4 of 4 arrays from" in (run / "train.log").read_text()


def test_pretrained_reports_what_does_not_fit(shell, wording):
    shell.fit(name="first")
    other = MOONS.replace("units: 8", "units: 9").replace(
        "model: {", "model: {initializer: {pretrained: runs/first}, "
    )
    path = shell.write(other)
    result = shell.run("fit", path, "--name", "second", code=2)
    wording(result.stderr)
    assert not (shell.folder / "runs/second").exists()
    run = shell.fit(
        other.replace("pretrained: runs/first", "pretrained: {path: runs/first, strict: false}"), name="third"
    )
    log = (run / "train.log").read_text()
    assert "pretrained: 1 of 4 arrays from" in log
    assert "randomly initialized: 'dense_1.weight', 'dense_2.weight', 'dense_1.bias'" in log


def test_pretrained_of_one_layer_reads_any_safetensors_file(shell):
    weight = np.arange(16, dtype=np.float32).reshape(2, 8)
    save_file({"dense_1.weight": weight, "spare": weight}, shell.folder / "start.safetensors")
    layer = "{units: 8, activation: tanh, freeze: true, weight_initializer: {pretrained: start.safetensors}}"
    run = shell.fit(MOONS.replace("{units: 8, activation: tanh}", layer))
    assert np.array_equal(weights(run)["parameter.dense_1.weight"], weight)
    assert "not used: 'spare'" in (run / "train.log").read_text()


@pytest.mark.parametrize("path", ["nowhere", "config.yaml"])
def test_a_wrong_pretrained_file_is_reported(shell, path):
    shell.write(MOONS.replace("model: {", f"model: {{initializer: {{pretrained: {path}}}, "))
    result = shell.run("fit", "config.yaml", code=2)
    assert path in result.stderr
    assert not (shell.folder / "runs").exists()


def test_gradient_noise_changes_the_run_and_repeats(shell):
    noisy = MOONS.replace("epochs: 4", "epochs: 4, gradient_noise: {eta: 0.01}")
    plain, one, two = (
        weights(shell.fit(config, name=name)) for config, name in ((MOONS, "a"), (noisy, "b"), (noisy, "c"))
    )
    assert all(np.array_equal(one[name], two[name]) for name in one)
    assert not np.array_equal(plain["parameter.dense_1.weight"], one["parameter.dense_1.weight"])


def test_eval_uses_the_average_of_the_weights(shell):
    averaged = shell.fit(MOONS.replace("epochs: 4", "epochs: 4, ema: {decay: 0.8}"), name="a")
    plain = shell.fit(name="b")
    one, two = weights(averaged), weights(plain)
    assert np.array_equal(
        one["parameter.dense_1.weight"], two["parameter.dense_1.weight"]
    )  # training itself is the same
    assert shell.scores(averaged)["loss"] != shell.scores(plain)["loss"]


def test_the_average_follows_its_recurrence(shell):
    paths = []
    for epochs in (1, 2, 3):
        text = MOONS.replace("batch_size: 20", "batch_size: full").replace(
            "epochs: 4", f"epochs: {epochs}, ema: {{decay: 0.8}}"
        )
        paths.append(weights(shell.fit(text, name=f"r{epochs}")))
    thetas = [np.concatenate([path[f"parameter.dense_{i}.weight"].ravel() for i in (1, 2)]) for path in paths]
    expected = thetas[0]
    for theta in thetas[1:]:
        expected = 0.8 * expected + 0.2 * theta
    assert paths[-1]["average.theta"][: expected.size] == pytest.approx(expected, rel=1e-5)
