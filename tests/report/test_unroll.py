"""The picture of an unrolled layer: gates by their equations, gradients by finite differences."""

import numpy as np
import pytest

from nntrain.api.plot import subject_of
from nntrain.errors import UserError
from nntrain.report.pictures.computing.cells import chosen, gates_of, initial_network, reach, reaches
from nntrain.report.pictures.computing.layers import sample_of
from nntrain.report.pictures.computing.tracing import plain_graph
from nntrain.report.pictures.elements.unroll import UNITS, Unroll
from nntrain.report.pictures.registry import pictures
from tests.support import ROOT
from tests.support.pictures import drawn_from, faults, figure_of, words
from tests.support.pictures import subject_of as subject_from

SUMS = """
data: {{source: {{synthetic_sequences: {{kind: adding, steps: {steps}, samples: 60, test_samples: 20}}}}}}
model: {{layers: [{layer}, {{dense: 1}}]}}
loss: mse
optimizer: {{adam: 0.01}}
train: {{batch_size: 20, epochs: 1}}
"""
TAGS = """
data: {source: {synthetic_sequences: {kind: brackets, steps: 30, samples: 60, test_samples: 20}}}
model: {layers: [{embedding: {units: 3, freeze: true}}, {bidirectional: {layer: {gru: {units: 40, return_sequences: true}}}}, {dense: 8}]}
loss: cross_entropy
optimizer: {adam: 0.01}
train: {batch_size: 20, epochs: 1}
"""


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def sums(shell, layer, steps=7):
    return subject_of(shell.write(SUMS.format(layer=layer, steps=steps)))


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("kind", ["simple_rnn", "lstm", "gru"])
def test_gates_follow_the_equations(shell, kind, reverse):
    subject = sums(
        shell, f"{{{kind}: {{units: 4, reverse: {str(reverse).lower()}, bias_initializer: {{normal: 0.3}}}}}}"
    )
    graph = plain_graph(subject.setup)
    network = subject.learner(1, precision="float64", graph=graph)
    data = subject.judged_data
    found = gates_of(network, f"{kind}_1", data, sample_of(data, "test", 3, "sample"))
    w, u, b = (
        network.arena.parameters[f"{kind}_1.{name}"] for name in ("weight", "recurrent_weight", "bias")
    )
    np.testing.assert_allclose(found["x"], data.x[3])
    h, c = np.zeros(4), np.zeros(4)
    for step in range(7)[:: -1 if reverse else 1]:
        added, past = found["x"][step] @ w + b, h @ u
        expected = {}
        if kind == "simple_rnn":
            h = np.tanh(added + past)
        elif kind == "lstm":
            i, f, g, o = np.split(added + past, 4)
            i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
            c = f * c + i * g
            h = o * np.tanh(c)
            expected = {"i": i, "f": f, "o": o, "g": g, "c": c}
        else:
            r, z = sigmoid(added[:4] + past[:4]), sigmoid(added[4:8] + past[4:8])
            n = np.tanh(added[8:] + r * (past[8:] + network.arena.parameters["gru_1.recurrent_bias"]))
            h = (1 - z) * n + z * h
            expected = {"r": r, "z": z, "n": n}
        assert set(found) == {"x", "h", *expected}
        for name, values in {**expected, "h": h}.items():
            np.testing.assert_allclose(found[name][step], values, rtol=1e-9, atol=1e-12)


def test_the_reach_is_the_gradient_of_the_input(shell):
    subject = sums(shell, "{lstm: 4}")
    setup, rows = subject.setup, np.arange(3)
    graph = plain_graph(setup)
    network = initial_network(setup, graph, 3)
    found = reach(network, chosen(graph, None), setup, rows)
    x, target = np.asarray(setup.splits.train.x[:3], np.float64), np.asarray(setup.splits.train.target[:3])
    executor = network.executor(3)

    def loss(x):
        executor.x[...] = x
        return float(np.square(executor.forward(training=False) - target).mean())

    slopes = np.zeros(x.shape)
    for place in np.ndindex(*x.shape):
        move = np.zeros(x.shape)
        move[place] = 1e-5
        slopes[place] = (loss(x + move) - loss(x - move)) / 2e-5
    norms = np.linalg.norm(slopes, axis=2).mean(0)[::-1]
    np.testing.assert_allclose(found, norms / norms[0], rtol=1e-5)


def test_all_cells_are_compared_and_the_config_s_own_where_it_differs(shell):
    plain = reaches(sums(shell, "{lstm: 4}"), "lstm_1", 8)
    assert list(plain) == ["simple_rnn", "lstm", "gru"]
    own = reaches(
        sums(shell, "{simple_rnn: {units: 4, recurrent_initializer: {normal: 0.01}}}"), "simple_rnn_1", 8
    )
    assert list(own) == ["simple_rnn", "lstm", "gru", "own"]
    assert own["own"][6] < 1e-6 < own["simple_rnn"][6]  # its small weights let the gradient vanish
    config = sums(shell, "{gru: 4}")
    run = subject_from(config.setup, config.network)
    trained = reaches(run, "gru_1", 8)
    assert list(trained) == ["simple_rnn", "lstm", "gru", "trained"]
    np.testing.assert_allclose(trained["trained"], trained["gru"], rtol=1e-4)  # here the initial parameters
    assert all(curve[0] == 1 and len(curve) == 7 for curve in trained.values())


@pytest.mark.parametrize(
    ("layer", "steps", "panels"),
    [
        ("{simple_rnn: {units: 3, activation: relu}}", 1, 1),
        ("{gru: {units: 2, reverse: true}}", 3, 4),
        ("{lstm: 30}", 5, 6),
        ("{lstm: 4}", 300, 6),
    ],
)
@pytest.mark.parametrize("style", ["light", "dark"])
def test_short_and_long_sequences_are_drawn(shell, layer, steps, panels, style):
    found = Unroll().collect(sums(shell, layer, max(steps, 2)))
    figure = figure_of(Unroll(), drawn_from(found), style=style)
    assert faults(figure) == []
    maps = [axes for axes in figure.axes if axes.images]
    assert len(maps) == panels
    assert maps[0].images[0].get_array().shape == (min(len(found["gate.h"][0]), UNITS), max(steps, 2))
    lines = figure.axes[-1].lines
    assert figure.axes[-1].get_yscale() == "log"
    assert [line.get_label().split(",")[0] for line in lines][:3] == ["simple_rnn", "lstm", "gru"]


def test_tokens_padding_and_both_directions(shell):
    subject = subject_of(shell.write(TAGS))
    found = Unroll(sample=2).collect(subject)
    length = int(subject.judged_data.lengths[2])
    assert len(found["tokens"]) == len(found["x"]) == len(found["gate.z"]) == length
    assert found["gate.h"].shape == (length, UNITS)
    assert len(found["reach.gru"]) == int(subject.setup.splits.train.lengths[:32].max())
    figure = figure_of(Unroll(), drawn_from(found))
    assert faults(figure) == []
    assert "the 24 of 40 units that change most" in words(figure)


def test_the_gallery_is_drawn_without_faults():
    found = Unroll().collect(subject_of(ROOT / "configs/series_forecast.yaml"))
    figure = figure_of(Unroll(), drawn_from(found))
    assert faults(figure) == []
    assert "weight 1×96, recurrent_weight 32×96, bias 96, recurrent_bias 32: 3,296 parameters" in words(
        figure
    )


def test_what_it_is_not_drawn_of(shell, wording):
    assert not pictures()["unroll"].applies(subject_of(ROOT / "configs/xor.yaml"))
    for options in ({"layer": "dense_1"}, {"layer": "lstm_2"}, {"sample": 20}):
        with pytest.raises(UserError) as caught:
            Unroll(**options).collect(sums(shell, "{lstm: 4}"))
        wording(str(caught.value))


def test_gradients_that_are_not_finite_leave_a_picture(shell):
    found = dict(Unroll().collect(sums(shell, "{lstm: 4}")))
    found["reach.gru"] = np.full(7, np.nan)
    found["reach.simple_rnn"] = np.array([1, 0, 0, 0, 0, 1e-300, np.inf])
    assert faults(figure_of(Unroll(), drawn_from(found))) == []
