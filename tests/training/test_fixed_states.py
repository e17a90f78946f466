"""piecewise_linear_encoding measures its edges on the training split, keeps them, and trains with the same bits in shards."""

import pickle

import numpy as np
import pytest

import nntrain
from nntrain.errors import UserError

DRAW = np.random.default_rng(0)
X = np.stack([DRAW.exponential(size=300), DRAW.integers(0, 2, 300), np.full(300, 7.0)], axis=1)
Y = np.sin(3 * X[:, 0]) + X[:, 1]
LAYERS = [{"piecewise_linear_encoding": 8}, {"dense": {"units": 8, "activation": "relu"}}, {"dense": 1}]


def fit(layers=LAYERS, epochs=3, standardize=True, **train):
    config = {
        "model": {"layers": layers},
        "loss": "mse",
        "metrics": ["r2"],
        "optimizer": {"adam": 0.02},
        "train": {"epochs": epochs, "batch_size": 30, **train},
    }
    return nntrain.fit(config, data=nntrain.Data(X, Y, standardize=standardize))


def edges_of(run) -> np.ndarray:
    return run.model._trained.snapshot.tensors["state.piecewise_linear_encoding_1.edges"]


def test_edges_are_quantiles_of_the_training_data():
    edges = edges_of(fit(standardize=False))
    np.testing.assert_allclose(edges[0], np.quantile(X[:, 0], np.linspace(0, 1, 9)), rtol=1e-6)
    np.testing.assert_allclose(edges[1], [0, *[1] * 8])  # equal quantiles are one edge
    np.testing.assert_allclose(edges[2], 7)


def test_edges_do_not_change_in_shards():
    whole, sharded = edges_of(fit()), edges_of(fit(shards=3))
    np.testing.assert_array_equal(whole, sharded)


@pytest.mark.parametrize(
    "first", [{"piecewise_linear_encoding": 8}, {"periodic_encoding": {"frequencies": 8, "std": 0.3}}]
)
def test_an_encoding_helps_a_linear_model(first):
    plain = fit([{"dense": 1}], epochs=40)
    encoded = fit([first, {"dense": 1}], epochs=40)
    assert encoded.scores["train"]["r2"] > plain.scores["train"]["r2"] + 0.2


def test_a_loaded_model_keeps_its_edges():
    run = fit()
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(run.model)).predict(X), run.model.predict(X))


def test_it_must_see_the_data_themselves(wording):
    with pytest.raises(UserError) as caught:
        fit([{"dense": 3}, *LAYERS])
    wording(str(caught.value))
