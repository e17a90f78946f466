"""`model: {target: input}`: the network reconstructs its input, and `predict` gives the reconstruction error."""

import json

import numpy as np
import pytest

import nntrain
from tests.support.people import table_of

CONFIG = """
data: {source: {csv: {path: flows.csv, target: kind}}, validation: 0.2, standardize: true}
model: {target: input, layers: [{dense: {units: 6, activation: tanh}}, {dense: 1}, {dense: {units: 6, activation: tanh}}, {dense: 3}]}
loss: mse
metrics: [mae]
optimizer: {adam: 0.02}
train: {epochs: 60, batch_size: 16}
"""
DRAW = np.random.default_rng(0)
T = DRAW.normal(size=120)
X = np.stack([T, 10 * T**2, 100 - T], axis=1) + 0.01 * DRAW.normal(size=(120, 3))


def write(folder, x, name="flows.csv"):
    lines = [",".join(f"{value:.5f}" for value in row) + f",{'ab'[place % 2]}" for place, row in enumerate(x)]
    (folder / name).write_text("\n".join(["one,two,three,kind", *lines]) + "\n")


def test_anomalies_have_a_large_reconstruction_error(shell):
    write(shell.folder, X)
    run = shell.fit(CONFIG)
    scores = shell.scores(run, "--split", "train")
    assert scores["loss"] < 0.3 * nntrain.open_run(run).baseline["train"]["loss"]
    odd = np.array([[1.0, -30, 99], [0.5, 2.5, 130]])
    write(shell.folder, np.concatenate([X[:5], odd]), "new.csv")
    table = table_of(shell.run("predict", run, "new.csv").stdout)
    assert list(table) == ["reconstruction_error"]
    errors = np.array(table["reconstruction_error"], float)
    assert errors[5:].min() > 3 * errors[:5].max()
    model = nntrain.load(run)
    np.testing.assert_allclose(model.predict(np.concatenate([X[:5], odd]))[:, 0], errors, rtol=1e-2)
    assert model.evaluate(X)["loss"] == pytest.approx(model.predict(X).mean(), rel=1e-4)
    other = json.loads(shell.run("eval", run, "--data", "flows.csv", "--json").stdout)
    assert other["loss"] == pytest.approx(model.evaluate(X)["loss"], rel=1e-3)


def test_the_output_needs_a_value_for_each_input(shell, wording):
    write(shell.folder, X)
    shell.write(CONFIG.replace("{dense: 3}", "{dense: 2}"))
    wording(shell.run("fit", "config.yaml", code=2).stderr)


def test_pictures_are_reconstructed_flat():
    config = {
        "data": {"digits": {"as": "image"}},
        "model": {"target": "input", "layers": ["flatten", {"dense": {"units": 8}}, {"dense": 64}]},
        "loss": "mse",
        "optimizer": {"adam": 0.01},
        "train": {"epochs": 1},
    }
    run = nntrain.fit(config)
    assert run.scores["train"]["loss"] < run.baseline["train"]["loss"]
