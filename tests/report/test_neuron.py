"""The picture of one unit: the shown numbers add up to the network's own value."""

import re

import numpy as np
import pytest

from nntrain.api.plot import subject_of
from nntrain.errors import UserError
from nntrain.report.pictures.drawing.weighted_sum import adding_up, contributions
from nntrain.report.pictures.elements.neuron import Neuron
from tests.support import ROOT
from tests.support.pictures import drawn_from, faults, figure_of, words

LONG = "a column with a very long name of more than forty letters 层层层 $x^2$"
STEPS = """
data: {source: {synthetic_sequences: {kind: brackets, steps: 12, samples: 60, test_samples: 20}}}
model: {layers: [{embedding: 3}, {dense: {units: 5, activation: prelu}}, {dense: 8}]}
loss: cross_entropy
optimizer: {sgd: 0.1}
train: {batch_size: 8}
"""


def found_in(path, overrides=(), **options):
    subject = subject_of(path, overrides)
    return subject, Neuron(**options).collect(subject)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("xor", {}),
        ("iris", {"unit": 3, "sample": 7}),
        ("digits", {"sample": 5}),
        ("digits", {"layer": "dense_2", "unit": 60}),
        ("iris_regression", {"layer": "dense_2"}),
        ("deep_sigmoid", {}),
    ],
)
def test_the_numbers_are_those_of_the_network(name, options):
    subject, found = found_in(ROOT / f"configs/{name}.yaml", **options)
    assert name != "deep_sigmoid" or found["place"][1] == "sigmoid"
    layer, activation, unit, last, sample, *_ = found["place"].tolist()
    assert int(sample) == options.get("sample", 1 if name == "xor" else 0)  # the first of XOR is (0, 0)
    network, data = subject.network, subject.judged_data
    weight = network.arena.parameters[f"{layer}.weight"].astype(np.float64)
    b, z, y = found["unit"]
    np.testing.assert_allclose(found["w"], weight[:, int(unit)])
    assert int(last) == weight.shape[1] - 1
    assert z == pytest.approx(sum(product for *_, product in contributions(found)) + b, rel=1e-9, abs=1e-12)
    if layer in ("dense_1", "repeat_1.1.dense_1"):
        sample = np.asarray(data.x[int(sample)]).reshape(-1)
        np.testing.assert_allclose(found["x"], (sample - data.shift) * data.scale, rtol=1e-6, atol=1e-9)
    assert np.interp(z - b, found["grid"], found["curve"]) == pytest.approx(y, abs=1e-3)
    # The fused layers of the network that predicts leave the same value.
    graph = network.graph
    last = next(
        node for node in graph.layers if node.name == (f"{layer}.{activation}" if activation else layer)
    )
    if last is graph.output:
        outputs = subject.outputs(np.asarray(data.x[[int(sample)]]))
        assert outputs[0, int(unit)] == pytest.approx(y, rel=1e-4)
    figure = figure_of(Neuron(**options), drawn_from(found))
    assert faults(figure) == []
    equation = next(text for text in words(figure).splitlines() if text.startswith("z = "))
    terms, total = equation.replace("−", "-").removeprefix("z = ").split(" = ")[:2]
    total = total.split(",")[0]
    values = [float(term.strip("()")) for term in terms.split(" + ")]
    assert sum(values) == pytest.approx(float(total), abs=1e-9)
    assert float(total) == pytest.approx(z, rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("seed", range(20))
def test_rounded_terms_add_up(seed):
    draw = np.random.default_rng(seed)
    values = (draw.normal(size=10) * 10.0 ** draw.integers(-3, 4)).tolist()
    *terms, total = (float(text.replace("−", "-")) for text in adding_up(values, sum(values)))
    assert sum(terms) == pytest.approx(total, abs=1e-9 * max(map(abs, values)))
    np.testing.assert_allclose([*terms, total], [*values, sum(values)], atol=2e-3 * max(map(abs, values)))


def test_many_inputs_are_summed():
    _, found = found_in(ROOT / "configs/digits.yaml")
    *rows, rest = contributions(found)
    assert (len(rows), rest[0]) == (8, "56 others")
    smallest = min(abs(product) for *_, product in rows)
    products = np.abs(found["x"] * found["w"])
    assert smallest == pytest.approx(np.sort(products)[-8])


@pytest.mark.parametrize("style", ["light", "dark"])
@pytest.mark.parametrize("size", [1, 9, 300])
def test_long_names_and_any_number_of_inputs(style, size):
    draw = np.random.default_rng(0)
    x, w = draw.normal(size=(2, size)) * 1000
    z = float(x @ w) - 12345.678
    grid = np.linspace(-1.35 * abs(z), 1.35 * abs(z), 401)
    found = {
        "x": x,
        "w": w,
        "names": np.array([f"{LONG[:25]} {number:03} {LONG}" for number in range(size)]),
        "unit": np.array([-12345.678, z, np.tanh(z)]),
        "grid": grid + 12345.678,
        "curve": np.tanh(grid),
        "place": np.array([LONG, "tanh", "1,234", "12,345", "99,999", "validation", "at the last step"]),
    }
    figure = figure_of(Neuron(), drawn_from(found), style=style)
    assert faults(figure) == []
    assert len(figure.axes[1].lines) == 5
    numbered = set(re.findall(r"^….*\b\d{3}\b.*…$", words(figure), re.MULTILINE))
    assert len(numbered) == {1: 0, 9: 9, 300: 8}[size]  # the place where the names differ is shown


def test_the_last_step_of_a_sequence_and_the_slope_of_a_prelu(shell):
    subject, found = found_in(shell.write(STEPS), unit=2, sample=1)
    assert found["place"].tolist()[6] == "at the last step"
    embedding = subject.network.arena.parameters["embedding_1.weight"]
    token = np.asarray(subject.judged_data.x[1])[subject.judged_data.lengths[1] - 1]
    np.testing.assert_allclose(found["x"], embedding[token], rtol=1e-6)
    assert found["curve"][0] == pytest.approx(0.25 * (found["grid"][0] + found["unit"][0]))


def test_mistakes_are_named(wording):
    config = ROOT / "configs/digits.yaml"
    for options in ({"unit": 128}, {"layer": "dropout_1"}, {"layer": "dens_1"}, {"sample": 360}):
        with pytest.raises(UserError) as caught:
            found_in(config, **options)
        wording(re.sub(r"/\S*/", "", str(caught.value)))
