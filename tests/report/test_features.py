"""The picture of features: the outputs of the layers for one sample are the network's own."""

import numpy as np
import pytest

from nntrain.config import load
from nntrain.errors import UserError
from nntrain.report.pictures.computing.layers import named, outputs, stages
from nntrain.report.pictures.learned.features import LAYERS, Features
from nntrain.training.setup import prepare
from tests.support.pictures import drawn_from, faults, figure_of, subject_of, words

NETWORK = """
data: {source: SOURCE}
model: {layers: [LAYERS]}
loss: cross_entropy
optimizer: {sgd: {lr: 0.1}}
train: {epochs: 1, batch_size: 20}
"""
CNN = "{conv2d: {filters: 14, kernel_size: 3, activation: relu}}, {max_pool2d: 2}, {conv2d: {filters: 3, kernel_size: 2}}, tanh, "
CNN += "flatten, {dropout: 0.5}, {dense: 10}"


def subject(shell, layers=CNN, source="{digits: image}"):
    config, _ = load(shell.write(NETWORK.replace("SOURCE", source).replace("LAYERS", layers)))
    setup = prepare(config, shell.folder)
    return subject_of(setup, setup.network(16, backward=False))


def test_the_outputs_of_layers_are_the_networks_own(shell):
    cnn = subject(shell)
    nodes = stages(cnn.network.graph)
    assert [node.name for node in nodes] == ["conv2d_1", "max_pool2d_1", "tanh_1", "dense_1"]
    indices = np.arange(5, 45)
    flat = named(cnn.network.graph, "flatten_1", "layer")
    found = outputs(cnn.network, cnn.judged_data, indices, [*nodes, flat])
    np.testing.assert_array_equal(found["dense_1"], cnn.judged_outputs[indices])
    np.testing.assert_array_equal(found["flatten_1"], found["tanh_1"].reshape(40, -1))
    parameters = cnn.network.arena.parameters
    expected = found["flatten_1"] @ parameters["dense_1.weight"] + parameters["dense_1.bias"]
    np.testing.assert_allclose(found["dense_1"], expected, atol=1e-5)
    pooled = found["conv2d_1"].reshape(40, 3, 2, 3, 2, 14).max(axis=(2, 4))
    np.testing.assert_array_equal(found["max_pool2d_1"], pooled)


@pytest.mark.parametrize("style", ["light", "dark"])
def test_every_layer_is_drawn(shell, style):
    cnn = subject(shell)
    arrays = Features(sample=7).collect(cnn)
    assert list(arrays["layers"]) == ["conv2d_1, relu", "max_pool2d_1", "tanh_1", "dense_1"]
    assert arrays["target"] == cnn.judged_data.target[7]
    assert arrays["prediction"].sum() == pytest.approx(1)
    figure = figure_of(Features(), drawn_from(arrays), style=style)
    assert len(figure.axes) == 1 + 12 + 12 + 3 + 1 + 1
    assert "14 maps of 6×6" in words(figure)
    assert "test sample 7" in words(figure)
    assert faults(figure) == []


def test_of_a_deep_network_some_layers_are_chosen(shell):
    layers = "".join("{dense: {units: 700, activation: relu}}, " for _ in range(20)) + "{dense: 10}"
    arrays = Features().collect(subject(shell, layers, "digits"))
    assert (len(arrays["layers"]), arrays["of"]) == (LAYERS, 21)
    assert (arrays["layers"][0], arrays["layers"][-1]) == ("dense_1, relu", "dense_21")
    figure = figure_of(Features(), drawn_from(arrays))
    assert "8 of 21 layers" in words(figure)
    assert faults(figure) == []


def test_sequences_of_tokens(shell):
    source = "{synthetic_sequences: {kind: brackets, steps: 20, samples: 30, test_samples: 9}}"
    tagging = subject(shell, "{embedding: 4}, {gru: {units: 4, return_sequences: true}}, {dense: 8}", source)
    arrays = Features(sample=3).collect(tagging)
    steps = int(tagging.judged_data.lengths[3])
    outputs_of_layer = arrays[f"y{len(arrays['layers']) - 1}"]
    np.testing.assert_array_equal(outputs_of_layer, tagging.judged_outputs[3][:steps])
    assert faults(figure_of(Features(), drawn_from(arrays))) == []


def test_a_sample_out_of_range_and_an_unknown_layer(shell, wording):
    cnn = subject(shell)
    for number in (-1, 360):
        with pytest.raises(UserError) as caught:
            Features(sample=number).collect(cnn)
        wording(str(caught.value))
    with pytest.raises(UserError) as caught:
        named(cnn.network.graph, "conv2d_3", "layer")
    wording(str(caught.value))


def test_a_text_is_captioned_by_its_tokens_and_one_step_or_feature_has_no_plural(shell):
    text = "{text: {window: 1}}"
    tokens = subject(shell, "{embedding: 1}, {dense: 96}", text)
    shown = words(figure_of(Features(), drawn_from(Features().collect(tokens))))
    assert "input: 1 token\n" in shown
    assert "embedding_1: 1 step of 1 feature, from" in shown


def test_the_padding_of_a_short_sequence_is_not_shown(shell):
    rows = [f"{number},{step},{number % 2}" for number in range(20) for step in range(3 if number % 2 else 9)]
    (shell.folder / "sequences.csv").write_text("\n".join(["id,u,class", *rows]))
    source = "{sequences: {path: sequences.csv, id: id, task: classification}}"
    short = subject(shell, "{lstm: {units: 4, return_sequences: true}}, {lstm: 3}, {dense: 2}", source)
    sample = int(np.argmin(short.judged_data.lengths))
    arrays = Features(sample=sample).collect(short)
    assert [len(arrays[name]) for name in ("input", "y0", "y1")] == [3, 3, 3]
    assert arrays["y0"].shape == (3, 4)
    assert "input: 3 steps of 1 feature" in words(figure_of(Features(), drawn_from(arrays)))


def test_the_layers_are_listed_once_where_none_has_a_similar_name(shell):
    with pytest.raises(UserError) as caught:
        named(subject(shell).network.graph, "xyz", "layer")
    assert str(caught.value).count("max_pool2d_1") == 1
