"""The picture of initial weights: their densities, and the spread of activations and gradients."""

import numpy as np
import pytest

from nntrain import randomness
from nntrain.api.setup import load_setup
from nntrain.errors import UserError
from nntrain.initializers import Initializer
from nntrain.report.pictures.elements.densities import NORMAL, ORTHOGONAL, TRUNCATED, UNIFORM, density
from nntrain.report.pictures.elements.initializers import Initializers
from tests.support.pictures import drawn_from, faults, figure_of, subject_of, words


def setup_of(layers, source="digits", **more):
    config = {
        "data": {"source": source},
        "model": {"layers": layers, **more},
        "loss": "cross_entropy",
        "optimizer": {"sgd": 0.1},
    }
    return load_setup(config)[0]


def collected(setup, **options):
    return Initializers(**options).collect(subject_of(setup))


DEEP = [{"repeat": {"times": 12, "layers": [{"dense": {"units": 64, "activation": "relu"}}]}}, {"dense": 10}]
KINDS = {
    "he_normal": NORMAL,
    "truncated_normal": TRUNCATED,
    "lecun_truncated_normal": TRUNCATED,
    "uniform": UNIFORM,
    "glorot_uniform": UNIFORM,
    "orthogonal": ORTHOGONAL,
    "normal": NORMAL,
}


@pytest.mark.parametrize("name", KINDS)
def test_a_density_is_that_of_the_values_that_are_drawn(name):
    shape, fans = (80, 50), (80, 50)
    initializer = Initializer.parse(name)
    kind, x, p = density(initializer, shape, fans)
    assert kind == KINDS[name]
    fine = np.linspace(x[0], x[-1], 4001)[1:-1]
    x, p = fine, np.interp(fine, x, p)
    assert np.trapezoid(p, x) == pytest.approx(1, abs=1e-3)
    values = initializer.sample(randomness.key(0, "initial"), shape, fans)
    std = np.sqrt(np.trapezoid(p * x**2, x) - np.trapezoid(p * x, x) ** 2)
    assert values.std() == pytest.approx(std, rel=0.04)
    assert np.abs(values).max() <= np.abs(x).max() * 1.001 or kind == NORMAL


def test_what_has_no_density_has_none():
    for text in ({"constant": 1.0}, "identity", {"normal": 0.0}, {"uniform": {"low": 1.0, "high": 1.0}}):
        assert density(Initializer.parse(text), (4, 4), (4, 4))[0] == ""


def test_glorot_starves_relu_he_keeps_it_and_unit_weights_explode():
    arrays = collected(setup_of(DEEP, initializer="glorot_normal"))
    labels = arrays["labels"].tolist()
    assert labels == ["this config: glorot_normal", "normal: 1", "normal: 0.01", "he_normal", "orthogonal"]
    forward = dict(zip(labels, arrays["forward"][:, -2] / arrays["forward"][:, 0], strict=True))
    assert forward["this config: glorot_normal"] < 0.1
    assert 0.2 < forward["he_normal"] < 5
    assert forward["normal: 1"] > 1e6
    assert forward["normal: 0.01"] < 1e-6
    backward = dict(zip(labels, arrays["backward"][:, 0] / arrays["backward"][:, -1], strict=True))
    assert backward["normal: 0.01"] < 1e-6 < 1e6 < backward["normal: 1"]


def test_the_spread_is_that_of_the_network_on_its_first_batch():
    setup = setup_of([{"dense": 10}])
    arrays = collected(setup, others=("zeros",))
    x = setup.splits.train.x[setup.batches().indices(0, 0)].reshape(32, -1) * np.float32(
        setup.splits.train.scale
    )
    x = x - np.float32(setup.splits.train.shift * setup.splits.train.scale)
    weight = setup.network(32).arena.parameters["dense_1.weight"]
    assert arrays["forward"][0, 0] == pytest.approx((x @ weight).std(), rel=1e-3)
    assert arrays["forward"][1, 0] == 0
    figure = figure_of(Initializers(), drawn_from(arrays))
    assert faults(figure) == []
    assert [line.get_marker() for line in figure.axes[1].lines].count(
        "x"
    ) == 1  # a spread of 0 on a logarithmic axis


def test_each_weight_has_a_histogram_with_its_density():
    layers = [{"dense": {"units": 30, "weight_initializer": "he_truncated_normal"}}, {"dense": 10}]
    arrays = collected(setup_of(layers))
    assert arrays["weights"].tolist() == ["dense_1.weight", "dense_2.weight"]
    assert arrays["kinds"].tolist() == [TRUNCATED, UNIFORM]
    assert (arrays["bars_0"] * np.diff(arrays["edges_0"])).sum() == pytest.approx(1)
    figure = figure_of(Initializers(), drawn_from(arrays))
    assert {"truncated at two sigma", "uniform", "this config: he_truncated_normal, glorot_uniform"} <= set(
        words(figure).split("\n")
    )


@pytest.mark.parametrize("style", ["light", "dark"])
@pytest.mark.parametrize("name", ["toy", "名前 $x^2$ " * 5])
def test_of_many_layers_some_are_shown(style, name):
    figure = figure_of(Initializers(), drawn_from(collected(setup_of(DEEP)), name), style=style)
    assert len(figure.axes) == 8 + 2
    ticks = [tick for tick in figure.axes[-1].get_xticks() if 1 <= tick <= 13]
    assert len(set(ticks)) == len(ticks)
    assert all(tick == int(tick) for tick in ticks)
    assert "8 of its 13 weight arrays" in words(figure).replace("\n", " ")
    assert faults(figure) == []


def test_gates_are_initialized_one_by_one():
    setup = setup_of([{"reshape": [8, 8]}, {"lstm": 6}, "flatten", {"dense": 10}])
    arrays = collected(setup)
    kinds = dict(zip(arrays["weights"].tolist(), arrays["kinds"].tolist(), strict=True))
    assert kinds["lstm_1.recurrent_weight"] == ORTHOGONAL
    assert np.isfinite(arrays["forward"]).all()
    assert faults(figure_of(Initializers(), drawn_from(arrays))) == []


def test_an_unknown_initializer_is_an_error(wording):
    with pytest.raises(UserError) as caught:
        collected(setup_of([{"dense": 10}]), others=("nirmal",))
    wording(str(caught.value))
