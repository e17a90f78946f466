"""The picture of attention: its weights are softmax(q k^T / sqrt(size)) of the network's own queries and keys."""

import numpy as np
import pytest

from nntrain.config import load
from nntrain.errors import UserError
from nntrain.report.pictures.computing.layers import outputs
from nntrain.report.pictures.learned.attention import Attention, distance
from nntrain.training.setup import prepare
from tests.support.pictures import drawn_from, faults, figure_of, subject_of, words

CONFIG = """
data: {source: SOURCE}
model:
  layers:
  - embedding: {units: 8, weight_initializer: {normal: {std: 3}}}
  - {repeat: {times: TIMES, layers: [{multi_head_attention: {heads: HEADS, causal: CAUSAL}}]}}
  - dense: OUTPUTS
loss: cross_entropy
optimizer: {sgd: {lr: 0.1}}
train: {epochs: 1, batch_size: 20}
"""
BRACKETS = "{synthetic_sequences: {kind: brackets, steps: 30, samples: 30, test_samples: 9}}"


def subject(shell, source, outputs, heads=2, causal="true", times=2):
    text = CONFIG.replace("SOURCE", source).replace("OUTPUTS", str(outputs)).replace("TIMES", str(times))
    text = text.replace("HEADS", str(heads)).replace("CAUSAL", causal)
    setup = prepare(load(shell.write(text))[0], shell.folder)
    return subject_of(setup, setup.network(16, backward=False))


def text_subject(shell, **options):
    (shell.folder / "text.txt").write_text("the quick brown fox, 123\n" * 40)
    return subject(shell, "{text: {path: text.txt, window: 20}}", 21, **options)


def expected(x, parameters, layer, heads, causal):
    """(heads, steps, steps), from the input x (steps, features) of a layer."""
    qkv = x @ parameters[f"{layer}.weight"] + parameters[f"{layer}.bias"]
    q, k, _ = (part.reshape(len(x), heads, -1).swapaxes(0, 1) for part in np.split(qkv, 3, axis=1))
    scores = q @ k.swapaxes(1, 2) / np.sqrt(q.shape[-1])
    if causal:
        scores[:, np.triu(np.ones((len(x), len(x)), bool), 1)] = -np.inf
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def test_weights_on_a_prompt_are_the_networks_own(shell):
    text = text_subject(shell)
    prompt = "the fox 321,"
    arrays = Attention(prompt=prompt).collect(text)
    assert list(arrays["tokens"]) == list(prompt)
    parameters, train = text.network.arena.parameters, text.setup.splits.train
    x = parameters["embedding_1.weight"][[train.classes.index(letter) for letter in prompt]]
    np.testing.assert_allclose(
        arrays["share0"], expected(x, parameters, str(arrays["layers"][0]), 2, True), atol=1e-5
    )
    for share in (arrays["share0"], arrays["share1"]):
        assert share.shape == (2, len(prompt), len(prompt))
        np.testing.assert_allclose(share.sum(axis=-1), 1, atol=1e-5)
        assert (np.triu(share, 1) == 0).all()
    for style in ("light", "dark"):
        figure = figure_of(Attention(), drawn_from(arrays), style=style)
        assert len(figure.axes) == 4
        labels = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
        assert labels == [letter.replace(" ", "␣") for letter in prompt]
        hidden = figure.axes[0].images[0].get_array().mask
        np.testing.assert_array_equal(hidden, np.triu(np.ones(hidden.shape, bool), 1))
        assert faults(figure) == []


def test_of_a_padded_sequence_the_real_steps_are_shown(shell):
    tagging = subject(shell, BRACKETS, 8, causal="false")
    data = tagging.judged_data
    shortest = int(data.lengths.argmin())
    arrays = Attention(sample=shortest).collect(tagging)
    steps = int(data.lengths[shortest])
    first = tagging.network.graph.layers[0]
    x = outputs(tagging.network, data, np.array([shortest]), [first])[first.name][0, :steps]
    share = expected(x, tagging.network.arena.parameters, str(arrays["layers"][0]), 2, False)
    np.testing.assert_allclose(arrays["share0"], share, atol=1e-5)
    assert faults(figure_of(Attention(), drawn_from(arrays))) == []


def test_many_layers_heads_and_steps(shell):
    (shell.folder / "text.txt").write_text("the quick brown fox, 123\n" * 40)
    text = subject(shell, "{text: {path: text.txt, window: 120}}", 21, heads=8, times=9)
    train = text.setup.splits.train
    arrays = Attention(prompt="the quick brown fox, 123" * 4).collect(text)
    assert train.unit == "character"
    figure = figure_of(Attention(), drawn_from(arrays))
    assert len(figure.axes) == 6 * 8
    assert "the first 6 of 9 layers" in words(figure)
    assert faults(figure) == []


def test_words_are_labels(shell):
    (shell.folder / "text.txt").write_text("extraordinarily quick foxes jump over $x^2$ things\n" * 40)
    text = subject(shell, "{text: {path: text.txt, window: 12, unit: word}}", 12)
    arrays = Attention(prompt="quick foxes jump over things").collect(text)
    assert list(arrays["tokens"]) == ["quick", "foxes", "jump", "over", "things"]
    assert faults(figure_of(Attention(), drawn_from(arrays))) == []


def test_the_distance_of_a_head():
    assert distance(np.eye(5)) == 0
    assert distance(np.eye(5, k=-1) + np.diag([1, 0, 0, 0, 0])) == pytest.approx(0.8)


@pytest.mark.parametrize("prompt", ["", "x" * 21, "Q"])
def test_a_prompt_that_does_not_fit(shell, wording, prompt):
    text = text_subject(shell)
    with pytest.raises(UserError) as caught:
        Attention(prompt=prompt).collect(text)
    wording(str(caught.value))


def test_a_prompt_requires_text(shell, wording):
    tagging = subject(shell, BRACKETS, 8)
    with pytest.raises(UserError) as caught:
        Attention(prompt="the").collect(tagging)
    wording(str(caught.value))
