"""Tracing: the values and gradients of single layers are those of the network."""

import numpy as np
import pytest

from nntrain.config import load
from nntrain.report.pictures.computing.tracing import Trace, plain_graph
from nntrain.training.setup import prepare
from tests.support.pictures import subject_of

HEAD = "loss: cross_entropy\noptimizer: {sgd: 0.1}\ntrain: {batch_size: 8}\n"
IMAGES = "data: {random: {input: [4, 4, 1], classes: 3, samples: 20}}\n" + HEAD
TOKENS = (
    "data: {source: {synthetic_sequences: {kind: brackets, steps: 12, samples: 30, test_samples: 10}}}\n"
    + HEAD
)
RESIDUAL = """model:
  layers:
    - {conv2d: {filters: 2, kernel_size: 3, padding: same, activation: relu}}
    - residual: {body: [{conv2d: {filters: 2, kernel_size: 3, padding: same}}, {dropout: 0.5}]}
    - relu
    - flatten
    - {dense: {units: 4, activation: tanh, name: hidden}}
    - concat: {inputs: [hidden, previous]}
    - {dense: 3}
"""
TAGGING = "model: {layers: [{embedding: 3}, {lstm: {units: 4, return_sequences: true}}, {dense: 8}]}\n"


def traced(shell, text, rows=5, **options):
    config, _ = load(shell.write(text))
    setup = prepare(config, shell.folder)
    network = subject_of(setup).learner(
        rows, precision="float64", input_gradient=True, graph=plain_graph(setup)
    )
    return setup, network, Trace(network, setup.splits.train, np.arange(rows), config.loss, **options)


@pytest.mark.parametrize("text", [IMAGES + RESIDUAL, TOKENS + TAGGING])
def test_every_layer_has_its_value_and_gradient(shell, text):
    _, network, trace = traced(shell, text)
    names = {node.name for node in network.graph.nodes}
    assert set(trace.values) == names
    assert names - set(trace.gradients) <= {"input"}
    for node in network.graph.nodes:
        assert trace.values[node.name].shape == (5, *node.shape)
        if node.name in trace.gradients:
            assert trace.gradients[node.name].shape == (5, *node.shape)


def test_gradients_of_values_are_slopes_of_the_loss(shell):
    setup, network, trace = traced(shell, IMAGES + RESIDUAL)
    data, rows = setup.splits.train, np.arange(5)
    for name in ("dense_2", "hidden", "conv2d_1", "residual_1.body.conv2d_1"):
        bias, slopes = network.arena.parameters[f"{name}.bias"], []
        for unit in range(bias.size):
            losses = []
            for move in (1e-5, -2e-5, 1e-5):
                bias[unit] += move
                losses.append(Trace(network, data, rows, setup.config.loss).loss)
            slopes.append((losses[0] - losses[1]) / 2e-5)
        summed = trace.gradients[name].reshape(-1, bias.size).sum(0)
        np.testing.assert_allclose(summed, slopes, rtol=1e-5, atol=1e-9)


def test_the_last_step_alone_counts(shell):
    setup, _, trace = traced(shell, TOKENS + TAGGING, last_step=True)
    lengths = setup.splits.train.lengths[:5]
    steps = np.abs(trace.gradients["dense_1"]).sum(2) > 0
    assert [np.flatnonzero(row).tolist() for row in steps] == [[length - 1] for length in lengths]


def test_inference_leaves_out_gradients(shell):
    config, _ = load(shell.write(IMAGES + RESIDUAL))
    setup = prepare(config, shell.folder)
    subject = subject_of(setup)
    network = subject.learner(3, graph=plain_graph(setup))
    trace = Trace(network, setup.splits.train, np.arange(3))
    assert trace.gradients == {}
    expected = subject.outputs(np.asarray(setup.splits.train.x[:3]))
    np.testing.assert_allclose(trace.values["dense_2"], expected, atol=1e-5)
