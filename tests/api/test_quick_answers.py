"""Arrays in the form of the training data are answered without conforming them, and in the same way."""

import numpy as np
import pytest

import nntrain
from nntrain.errors import DataError
from nntrain.inference.quick import Quick

PLAIN = ({"dense": {"units": 128, "activation": "relu"}}, {"dense": 3})
MIXED = (
    {"dense": {"units": 300, "activation": "tanh"}},
    {"dropout": 0.5},
    {"dense": {"units": 17, "activation": {"leaky_relu": 0.1}, "use_bias": False}},
    {"dense": {"units": 40, "activation": "sigmoid"}},
    {"dense": 3},
)


def trained(targets="classes", loss="cross_entropy", layers=PLAIN):
    return nntrain.fit(
        {
            "data": {"source": {"random": {"input": [5], "samples": 40, targets: 3}}},
            "model": {"layers": list(layers)},
            "loss": loss,
            "optimizer": {"adam": {"lr": 0.01}},
            "train": {"epochs": 1, "batch_size": 8},
        },
        runs_dir=None,
    ).model


@pytest.mark.parametrize(("targets", "loss"), [("classes", "cross_entropy"), ("targets", "mse")])
@pytest.mark.parametrize("rows", [1, 2, 300])
def test_quick_answers_are_those_of_the_general_way(monkeypatch, targets, loss, rows):
    model = trained(targets, loss=loss)
    x = np.random.default_rng(1).normal(size=(rows, 5)).astype(np.float32)
    quick = model.predict(x)
    assert model._trained.quick_outputs(x) is not None
    monkeypatch.setattr(Quick, "outputs", lambda self, x: None)
    general = model.predict(x)
    assert quick.dtype == general.dtype
    assert quick.tobytes() == general.tobytes()


@pytest.mark.parametrize(
    "x",
    [
        np.zeros((0, 5), np.float32),
        np.zeros((2, 4), np.float32),
        np.zeros((2, 5), np.int64),
        np.full((2, 5), np.nan, np.float32),
        np.full((2, 5), 3e38, np.float32),
        np.zeros((5, 2), np.float32).T,
        [[0.0] * 5],
    ],
)
def test_what_needs_a_closer_look_has_no_quick_answer(x):
    assert trained()._trained.quick_outputs(x) is None


def test_a_value_that_is_not_finite_is_still_an_error():
    x = np.zeros((2, 5), np.float32)
    x[1, 2] = np.inf
    with pytest.raises(DataError, match="sample 2, value 3"):
        trained().predict(x)


@pytest.mark.parametrize("layers", [PLAIN, MIXED], ids=["plain", "mixed"])
def test_one_row_has_the_bits_that_it_has_among_others(layers):
    model = trained(layers=layers)
    assert model._trained._quick.chain is not None
    x = np.random.default_rng(1).normal(size=(30, 5)).astype(np.float32)
    all_rows = model._trained.quick_outputs(x)
    for row in range(30):
        assert model._trained.quick_outputs(x[row : row + 1]).tobytes() == all_rows[row].tobytes()


@pytest.mark.parametrize(
    "layers",
    [
        [{"dense": 8}, "gelu", {"dense": 3}],
        [{"residual": {"body": [{"dense": 5}]}}, {"dense": 3}],
        [{"dense": 1100}, {"dense": 500}, {"dense": 3}],
    ],
    ids=["another activation", "a branch", "a layer for several threads"],
)
def test_one_row_of_other_networks_takes_one_kernel_per_layer(layers):
    model = trained(layers=layers)
    assert model._trained._quick.chain is None
    x = np.random.default_rng(1).normal(size=(3, 5)).astype(np.float32)
    all_rows = model._trained.quick_outputs(x)
    assert model._trained.quick_outputs(x[1:2]).tobytes() == all_rows[1].tobytes()


def test_one_row_that_is_not_finite_is_still_an_error():
    x = np.zeros((1, 5), np.float32)
    x[0, 2] = np.nan
    with pytest.raises(DataError, match="sample 1, value 3"):
        trained().predict(x)
