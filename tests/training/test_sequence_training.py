"""Training on sequences: tokens in, a class for each step out, states that batches leave to each other."""

import json

import numpy as np
import pytest

from nntrain.layers.context import PassInfo
from nntrain.layers.layer import Layer
from nntrain.network.graph import build_graph
from nntrain.network.network import Network
from tests.conftest import contents, interrupt_at

CHARACTERS = """
data:
  source: {random: {input: [6], vocabulary: 9, classes: 9, target_per_step: true, samples: 40, consecutive: true}}
  validation: 0.2
model:
  layers: [{embedding: 5}, {lstm: {units: 8, return_sequences: true, stateful: true}}, {gru: {units: 7, return_sequences: true,
    stateful: true}}, {dense: 9}]
loss: cross_entropy
metrics: [accuracy]
optimizer: {adam: {lr: 1e-2}}
train: {epochs: 3, batch_size: 8}
"""


@pytest.fixture
def never_fresh_in_training(monkeypatch):
    monkeypatch.setattr(
        PassInfo, "fresh", property(lambda run: not run.training, lambda run, value: None), raising=False
    )


@pytest.mark.parametrize("step", [2, 4, 9])  # four steps an epoch
def test_a_resumed_run_goes_on_from_the_state_that_it_carried(
    shell, monkeypatch, never_fresh_in_training, step
):
    straight = contents(shell.fit(CHARACTERS, name="straight"))
    with monkeypatch.context() as patch:
        interrupt_at(patch, step)
        run = shell.fit(CHARACTERS, name="broken", code=130)
    shell.fit(CHARACTERS, "--resume", name="broken")
    assert contents(run) == straight


def test_what_is_carried_matters_to_training(shell, monkeypatch):
    """And the trained network can be used without it, on batches of any size."""
    run = shell.fit(CHARACTERS, name="fresh")
    monkeypatch.setattr(
        PassInfo, "fresh", property(lambda run: not run.training, lambda run, value: None), raising=False
    )
    carried = shell.fit(CHARACTERS, name="carried")
    assert contents(carried) != contents(run)
    assert 0 < shell.scores(carried)["loss"] < 10


def test_every_step_counts_alike_in_loss_and_metrics(shell):
    scores = shell.scores(shell.fit(CHARACTERS))
    assert scores["samples"] == 8
    assert scores["accuracy"] * 8 * 6 == pytest.approx(round(scores["accuracy"] * 8 * 6))


def test_bench_and_gradcheck_take_sequences(shell):
    path = shell.write(CHARACTERS)
    assert json.loads(shell.run("bench", path, "--json").stdout)["layers"][1]["forward_us"] > 0
    assert json.loads(shell.run("gradcheck", path, "--json").stdout)["passed"]


# ----------------------------------------------------------------------- embeddings that a recurrent layer computes itself


def both_ways(cell: str, **embedding) -> list[Network]:
    """The same network with an embedding so small that the next layer computes it, and with a larger one."""
    networks = []
    for vocabulary in (9, 300):
        layers = [
            {"embedding": {"units": 5, "vocabulary": vocabulary, **embedding}},
            {cell: {"units": 7, "return_sequences": True}},
            {"dense": 9},
        ]
        graph = build_graph([Layer.parse(layer) for layer in layers], (6,), vocabulary=9)
        network = Network(graph, 11, "float64", integer_input=True)
        for name, array in network.arena.parameters.items():
            draw = np.random.default_rng(len(name)).normal(
                size=(300, 5) if "embedding" in name else array.shape
            )
            array[...] = draw[: len(array)]
        networks.append(network)
    assert [network.graph.nodes[1].deferred for network in networks] == [True, False]
    return networks


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_an_embedding_left_to_the_next_layer_gives_the_same(cell):
    tokens, dy = (
        np.random.default_rng(0).integers(0, 9, (11, 6)),
        np.random.default_rng(1).normal(size=(11, 6, 9)),
    )
    found = []
    for network in both_ways(cell):
        executor = network.executor(11)
        executor.x[...] = tokens
        y = executor.forward(training=True).copy()
        network.forget_gradients()
        executor.dy[...] = dy
        executor.backward()
        gradients = {
            name: array[:9] if "embedding" in name else array
            for name, array in network.arena.gradients.items()
        }
        found.append((y, gradients))
    np.testing.assert_array_equal(found[0][0], found[1][0])
    for name, gradient in found[1][1].items():
        np.testing.assert_allclose(
            found[0][1][name], gradient, rtol=0, atol=1e-13 * np.abs(gradient).max(), err_msg=name
        )


def test_a_frozen_embedding_left_to_the_next_layer_stays():
    network, _ = both_ways("lstm", freeze=True)
    executor = network.executor(11)
    executor.x[...] = 3
    executor.forward(training=True)
    network.forget_gradients()
    executor.dy[...] = 1
    executor.backward()
    assert "embedding_1.weight" not in network.arena.gradients
    assert np.isfinite(network.grad).all()
