"""The picture of backpropagation: its numbers are the network's gradients, and the products on it are right."""

import re

import numpy as np
import pytest

from nntrain.api.plot import subject_of
from nntrain.errors import UserError
from nntrain.report.pictures.drawing.chain_rule import digits, spelled
from nntrain.report.pictures.registry import pictures
from nntrain.report.pictures.training.backprop import Backprop
from tests.support import ROOT
from tests.support.pictures import drawn_from, faults, figure_of, words

HEAD = """
data: {source: {random: {input: [300], classes: 100, samples: 40}}}
optimizer: {sgd: 0.1}
train: {batch_size: 8}
"""
WIDE = (
    HEAD
    + "loss: nll\nmodel: {layers: [{dense: 20}, batch_norm, {dropout: 0.5}, {dense: 100}, log_softmax]}\n"
)
DEEP = (
    HEAD
    + "loss: cross_entropy\nmodel: {layers: [{repeat: {times: 9, layers: [{dense: 8}, sigmoid]}}, {dense: 100}]}\n"
)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr("nntrain.report.pictures.computing.cost.SECONDS", 0.001)
    monkeypatch.setattr("nntrain.report.pictures.computing.cost.IN_FULL_S", 0.01)


def found_in(path, **options):
    subject = subject_of(path)
    return subject, Backprop(**options).collect(subject)


def reference(subject, sample):
    """The gradients of the real network, with its layers fused, for one sample."""
    from nntrain.inference.feed import Feeds

    network = subject.learner(1, precision="float64")
    data = subject.setup.splits.train
    feed = Feeds(network, data).filled(data, np.array([sample]))
    feed.forward(training=False)
    loss, _ = subject.setup.config.loss(feed.prediction, feed.target, feed.weight, feed.gradient)
    feed.executor.backward()
    return loss, network.arena


@pytest.mark.parametrize("name", ["xor", "iris", "iris_regression", "digits"])
def test_numbers_are_those_of_the_network(name):
    subject, found = found_in(ROOT / f"configs/{name}.yaml", sample=3)
    loss, arena = reference(subject, 3)
    weights = [key for key in arena.gradients if key.endswith(".weight")]
    assert float(found["loss"]) == pytest.approx(loss, rel=1e-9)
    for number, key in enumerate(weights, 1):
        rows, columns = found[f"units.{number - 1}"] - 1, found[f"units.{number}"] - 1
        chosen = np.ix_(rows, columns)
        np.testing.assert_allclose(found[f"w.{number}"], arena.parameters[key][chosen], rtol=1e-12)
        np.testing.assert_allclose(found[f"dw.{number}"], arena.gradients[key][chosen], rtol=1e-7, atol=1e-12)
        bias = arena.gradients[key.replace("weight", "bias")]
        np.testing.assert_allclose(found[f"dz.{number}"], bias[columns], rtol=1e-7, atol=1e-12)
    shown = words(figure_of(Backprop(), drawn_from(found)))
    for number in range(1, len(weights) + 1):
        for weight, gradient in zip(found[f"w.{number}"].ravel(), found[f"dw.{number}"].ravel(), strict=True):
            assert digits(weight) in shown
            assert f"∂ {digits(gradient)}" in shown


@pytest.mark.parametrize("name", ["xor", "digits", "deep_sigmoid", "iris_regression"])
def test_the_chain_rule_adds_up(name):
    """Every line of it is a true equation of the printed numbers, up to their three digits."""
    _, found = found_in(ROOT / f"configs/{name}.yaml")
    path = found["path"]
    product = found["a.0"][path[0]] * found["slope.1"][path[1]] * found["da.1"][path[1]]
    assert product == pytest.approx(found["dw.1"][path[0], path[1]], rel=1e-9)
    for text, _ in spelled(found):
        sides = [
            side for side in text.replace("−", "-").split(",   ")[0].split(" = ") if re.search(r"\d", side)
        ]
        numbers = [side for side in sides if not re.search(r"[^\d\s.e()·+-]", side)]
        values = [eval(side.replace("·", "*")) for side in numbers]
        terms = [abs(eval(term)) for side in numbers for term in side.replace("·", "*").split(" + ")]
        np.testing.assert_allclose(values, values[-1], atol=0.012 * max(terms))


@pytest.mark.parametrize(
    ("layers", "activations"),
    [
        (
            "[{dense: 4}, sigmoid, {dropout: 0.5}, {dense: 3}, relu, {dense: 100}, log_softmax]",
            ["sigmoid", "relu", ""],
        ),
        ("[{dense: {units: 4, activation: softmax}}, {dense: {units: 100, activation: log_softmax}}]", [""]),
        ("[{dense: 4}, tanh, sigmoid, {dense: {units: 100}}, log_softmax]", [""]),
        ("[{dense: 4}, prelu, {dense: {units: 100}}, log_softmax]", [""]),
    ],
)
def test_only_activations_of_single_values_belong_to_a_unit(shell, layers, activations):
    subject, found = found_in(shell.write(HEAD + f"loss: nll\nmodel: {{layers: {layers}}}\n"), sample=2)
    assert found["activations"].tolist() == activations
    _, arena = reference(subject, 2)
    first = sorted(key for key in arena.gradients if key.endswith(".weight"))[-len(activations)]
    chosen = np.ix_(found["units.0"] - 1, found["units.1"] - 1)
    np.testing.assert_allclose(found["dw.1"], arena.gradients[first][chosen], rtol=1e-7, atol=1e-12)


def test_a_sample_of_its_own_choice_has_a_gradient():
    """The first sample of XOR is (0, 0), whose first weights have no gradient."""
    _, found = found_in(ROOT / "configs/xor.yaml")
    assert found["dw.1"].any()
    assert found["a.0"].any()


@pytest.mark.parametrize(("text", "before"), [(WIDE, 2), (DEEP, 6)])
@pytest.mark.parametrize("style", ["light", "dark"])
def test_large_networks_are_drawn_in_part(shell, text, before, style):
    _, found = found_in(shell.write(text))
    figure = figure_of(Backprop(), drawn_from(found), style=style)
    assert faults(figure) == []
    assert "of 100 units, those with the largest value × slope" in words(figure)
    assert f"the {before} layers before are not drawn" in words(figure).replace("\n", " ")


@pytest.mark.parametrize("name", ["xor", "digits", "iris_regression"])
def test_the_gallery_is_drawn_without_faults(name):
    subject, found = found_in(ROOT / f"configs/{name}.yaml")
    figure = figure_of(Backprop(), drawn_from(found))
    assert faults(figure) == []
    bars = figure.axes[-1].patches
    assert [bar.get_height() for bar in bars] == pytest.approx(found["cost"][1:3].tolist())
    assert figure.axes[-1].get_yscale() == "log"
    assert int(found["cost"][0]) == subject.network.theta.size
    assert f"{subject.network.theta.size:,} gradients" in words(figure)


def test_what_it_is_not_drawn_of(wording):
    picture = pictures()["backprop"]
    assert not picture.applies(subject_of(ROOT / "configs/char_transformer.yaml"))
    with pytest.raises(UserError) as caught:
        found_in(ROOT / "configs/xor.yaml", sample=4)
    wording(str(caught.value))
