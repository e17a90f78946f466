"""Several targets of different kinds from Python: arrays by name, DataFrames, predictions and scores by the name of the target."""

import pickle

import numpy as np
import pandas as pd
import pytest

import nntrain
from nntrain.errors import NntrainError

CONFIG = {
    "targets": [
        {"column": "price", "loss": "mse", "transform": "standard"},
        {"column": "kind", "loss": "cross_entropy"},
        {"column": "rooms", "loss": "huber"},
    ],
    "model": {"layers": [{"dense": {"units": 12, "activation": "tanh"}}, {"dense": 4}]},
    "optimizer": {"adam": {"lr": 0.03}},
    "train": {"epochs": 30, "batch_size": 16},
}


def frame(rows: int = 120) -> pd.DataFrame:
    random = np.random.default_rng(0)
    found = pd.DataFrame(random.normal(size=(rows, 2)), columns=["a", "b"])
    found["price"] = 100 + 30 * found.a
    found["kind"] = np.where(found.b > 0, "large", "small")
    found["rooms"] = 3 + (found.a > 0).astype(int)
    return found


def fitted(data: nntrain.Data, config: dict = CONFIG) -> nntrain.Model:
    return nntrain.fit(config, data=data, runs_dir=None).model


def test_a_dictionary_a_frame_and_names_of_columns_are_the_same_targets():
    table = frame()
    x, names = table[["a", "b"]], ["price", "kind", "rooms"]
    models = [
        fitted(nntrain.Data(x, {name: table[name].to_numpy() for name in names})),
        fitted(nntrain.Data(x, table[names])),
        fitted(nntrain.Data(table, names)),
    ]
    first = models[0].predict(x)
    assert first.keys() == {"price", "kind", "rooms"}
    assert np.mean(first["kind"] == table.kind) > 0.9
    assert np.abs(first["price"] - table.price).mean() < 10
    for other in models[1:]:
        for name, values in other.predict(x).items():
            np.testing.assert_array_equal(values, first[name])


def test_a_model_knows_the_classes_of_its_targets_and_scores_frames():
    table = frame()
    model = fitted(nntrain.Data(table, ["price", "kind", "rooms"]))
    assert model.targets == {"price": (), "kind": ("large", "small"), "rooms": ()}
    assert model.classes == ()
    shares = model.predict_proba(table[["a", "b"]])
    np.testing.assert_allclose(shares["kind"].sum(axis=1), 1, atol=1e-5)
    scores = model.evaluate(table[["a", "b"]], table)
    right = model.predict(table[["a", "b"]])["kind"] == table.kind
    assert scores["kind_accuracy"] == pytest.approx(right.mean())
    again = pickle.loads(pickle.dumps(model))
    assert again.evaluate(table, ["price", "kind", "rooms"]) == scores


def test_held_out_frames_have_the_classes_of_the_training():
    table = frame()
    data = nntrain.Data(
        table[["a", "b"]],
        table[["price", "kind", "rooms"]],
        validation=(table[["a", "b"]][:40], table[["price", "kind", "rooms"]][:40].assign(kind="small")),
    )
    run = nntrain.fit(CONFIG, data=data, runs_dir=None)
    assert run.model.targets["kind"] == ("large", "small")


def test_missing_values_are_skipped_or_refused():
    table = frame()
    table.loc[::5, "price"] = np.nan
    table["kind"] = table.kind.astype(object)
    table.loc[::7, "kind"] = None
    with pytest.raises(NntrainError, match="missing in 24 of 120 samples"):
        fitted(nntrain.Data(table, ["price", "kind", "rooms"]))
    skipping = [{**target, "on_missing": "skip"} for target in CONFIG["targets"]]
    model = fitted(nntrain.Data(table, ["price", "kind", "rooms"]), {**CONFIG, "targets": skipping})
    assert model.targets["kind"] == ("large", "small")
    assert np.isfinite(model.predict(table[["a", "b"]])["price"]).all()


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"column": "prise"}, "no target is named 'prise'. Did you mean 'price'"),
        ({"loss": "cross_entropy", "transform": None}, "its loss predicts classes, and it holds floats"),
        ({"column": "kind", "transform": None}, "its loss predicts numbers, and it holds text"),
    ],
)
def test_what_does_not_fit_is_refused(changed, problem):
    first = {**CONFIG["targets"][0], **changed}
    with pytest.raises(NntrainError, match=problem):
        fitted(
            nntrain.Data(frame(), ["price", "kind", "rooms"]),
            {**CONFIG, "targets": [first, CONFIG["targets"][2]]},
        )


def test_columns_of_other_lengths_are_refused():
    with pytest.raises(NntrainError, match="expected 120 values"):
        nntrain.Data(frame()[["a", "b"]], {"price": np.zeros(3)})


def test_several_targets_without_losses_of_their_own_are_refused():
    config = {**CONFIG, "loss": "mse"}
    del config["targets"]
    with pytest.raises(NntrainError, match="the data have several targets: price, kind, rooms"):
        fitted(nntrain.Data(frame(), ["price", "kind", "rooms"]), config)


def test_columns_of_numbers_are_classes_where_their_loss_predicts_these():
    table = frame()
    targets = [{"column": "price", "loss": "huber"}, {"column": "rooms", "loss": "cross_entropy"}]
    config = {**CONFIG, "targets": targets, "model": {"layers": [{"dense": 3}]}}
    model = fitted(nntrain.Data(table[["a", "b"]], table[["price", "rooms"]]), config)
    assert model.targets == {"price": (), "rooms": ("3", "4")}
