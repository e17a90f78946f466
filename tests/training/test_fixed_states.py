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


def test_edges_are_those_of_the_scaled_column(tmp_path):
    (tmp_path / "t.csv").write_text("a,y\n" + "".join(f"{a:.4f},{a:.4f}\n" for a in X[:, 0]))
    source = {"csv": {"path": str(tmp_path / "t.csv"), "columns": {"a": {"number": "log"}}}}
    edges = edges_of(fit_table(source, LAYERS, standardize=False))
    curve = np.log1p(X[:, 0])
    found = np.quantile((curve - curve.mean()) / curve.std(), np.linspace(0, 1, 9))
    np.testing.assert_allclose(edges[0], found, atol=1e-3)


def fit_table(source, layers, **data):
    return nntrain.fit(
        {
            "data": {"source": source, **data},
            "model": {"layers": layers},
            "loss": "mse",
            "optimizer": {"adam": 0.02},
            "train": {"epochs": 1, "batch_size": 30},
        },
        runs_dir=None,
    )


def test_after_embed_columns_it_encodes_the_numbers_and_leaves_the_vectors_as_they_are(tmp_path):
    rows = [
        f"{city},{a:.4f},{b:.4f},{y:.4f}" for city, a, b, y in zip("abc" * 100, *X.T[:2], Y, strict=False)
    ]
    (tmp_path / "t.csv").write_text("city,a,b,y\n" + "\n".join(rows) + "\n")
    source = {"path": str(tmp_path / "t.csv"), "columns": {"city": {"categorical": 5}}, "task": "regression"}
    run = fit_table({"csv": source}, ["embed_columns", *LAYERS])
    edges = edges_of(run)
    assert edges.shape == (2, 9)
    np.testing.assert_allclose(edges[0], np.quantile(X[:, 0], np.linspace(0, 1, 9)), atol=1e-3)
    assert run.model.parameters["dense_1.weight"].shape == (2 * 8 + 5, 8)


def test_data_of_categories_alone_have_nothing_to_encode(tmp_path):
    (tmp_path / "t.csv").write_text("city,y\n" + "a,1.5\nb,2.5\n" * 5)
    source = {"path": str(tmp_path / "t.csv"), "columns": {"city": {"categorical": 2}}}
    with pytest.raises(UserError, match="the data have no columns of numbers"):
        fit_table({"csv": source}, ["embed_columns", *LAYERS])
