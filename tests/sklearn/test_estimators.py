"""NNClassifier and NNRegressor as a user of scikit-learn expects them."""

import copy
import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn import set_config
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris, load_wine, make_multilabel_classification
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import nntrain
from nntrain.network.snapshot import Snapshot
from nntrain.sklearn import NNClassifier, NNRegressor

QUICK = {"layers": (16,), "epochs": 20, "lr": 0.02, "random_state": 0, "threads": 1}
X, Y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]
XR, YR = load_diabetes(return_X_y=True)


def test_a_default_classifier_and_regressor_are_good():
    wine, label = load_wine(return_X_y=True)
    assert cross_val_score(NNClassifier(random_state=0), wine, label, cv=3).mean() > 0.95
    linear = XR @ np.arange(10) * 1000 + 500
    assert NNRegressor(random_state=0).fit(XR, linear).score(XR, linear) > 0.98


def test_text_labels_come_back_and_probabilities_follow_the_classes():
    fitted = NNClassifier(**QUICK).fit(X, NAMES)
    assert fitted.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert fitted.score(X, NAMES) > 0.9
    shares = fitted.predict_proba(X)
    assert (fitted.classes_[shares.argmax(axis=1)] == fitted.predict(X)).all()
    np.testing.assert_allclose(fitted.predict_log_proba(X), np.log(shares))
    assert fitted.n_iter_ == len(fitted.loss_curve_) == 20
    assert fitted.loss_curve_[-1] < fitted.loss_curve_[0] / 2


def test_the_model_predicts_what_the_estimator_predicts_in_the_unit_of_the_target(tmp_path):
    target = np.stack([1000 * YR, YR + 5], axis=1)
    fitted = NNRegressor(**QUICK).fit(XR, target)
    assert fitted.score(XR, target) > 0.4
    fitted.model_.save(tmp_path / "m.safetensors")
    for model in (fitted.model_, nntrain.load(tmp_path / "m.safetensors")):
        np.testing.assert_allclose(model.predict(XR), fitted.predict(XR), rtol=1e-6)
    one = NNRegressor(**QUICK).fit(XR, YR)
    assert one.predict(XR).shape == (442,)
    assert abs(one.predict(XR).mean() - YR.mean()) < 20


def test_targets_keep_their_unit_where_the_loss_asks_for_it():
    counts = np.round(np.exp(20 * XR[:, 2] + 1))
    fitted = NNRegressor(**QUICK, loss="poisson").fit(XR, counts)
    assert (fitted.predict(XR) > 0).all()
    plain = NNRegressor(**QUICK, standardize_target=False).fit(XR, YR)
    assert plain.loss_curve_[0] > 1000


@pytest.mark.parametrize("make", [NNClassifier, NNRegressor])
def test_a_pickle_and_a_copy_predict_the_same_and_hold_bytes_of_checkpoints(make):
    fitted = make(**QUICK).fit(X, Y)
    for other in (pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted)):
        assert (other.predict(X) == fitted.predict(X)).all()
        assert (
            other.partial_fit(X, Y).predict(X) == copy.deepcopy(fitted).partial_fit(X, Y).predict(X)
        ).all()
    assert isinstance(fitted.__getstate__()["_snapshot"], bytes)
    assert isinstance(fitted._snapshot, Snapshot)
    assert not hasattr(clone(fitted), "model_")


def test_nothing_is_written_unless_there_is_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    NNClassifier(**QUICK).fit(X, Y)
    assert list(tmp_path.iterdir()) == []
    fitted = NNClassifier(**QUICK, folder="runs").fit(X, Y)
    assert nntrain.open_run("runs/NNClassifier").history["train_loss"].tolist() == fitted.loss_curve_


def test_the_seed_decides_every_bit_and_none_draws_another():
    first, second = (NNClassifier(**QUICK).fit(X, Y).predict_proba(X) for _ in range(2))
    assert (first == second).all()
    free = QUICK | {"random_state": None}
    assert (
        NNClassifier(**free).fit(X, Y).predict_proba(X) != NNClassifier(**free).fit(X, Y).predict_proba(X)
    ).any()


def test_a_sample_of_weight_0_is_not_there_and_class_weights_multiply():
    exact = QUICK | {"batch_size": "full", "config": {"train": {"precision": "float64"}}}
    weight = np.random.default_rng(0).integers(0, 3, len(Y))
    weighted = NNClassifier(**exact).fit(X, Y, sample_weight=weight)
    repeated = NNClassifier(**exact).fit(np.repeat(X, weight, axis=0), np.repeat(Y, weight))
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-8)
    by_class = NNClassifier(**exact, class_weight={0: 1, 1: 3, 2: 1}).fit(X, Y)
    by_sample = NNClassifier(**exact).fit(X, Y, sample_weight=np.where(Y == 1, 3, 1))
    np.testing.assert_allclose(by_class.predict_proba(X), by_sample.predict_proba(X), rtol=1e-12)
    values = NNRegressor(**exact).fit(X, Y, sample_weight=weight).predict(X)
    again = NNRegressor(**exact).fit(np.repeat(X, weight, axis=0), np.repeat(Y, weight)).predict(X)
    np.testing.assert_allclose(values, again, rtol=1e-8)


def test_partial_fit_learns_from_pieces_and_names_classes_first():
    learner = NNClassifier(**QUICK)
    for _ in range(10):
        for piece in (slice(0, 100), slice(100, 150)):  # the first has no virginica
            learner.partial_fit(X[piece], NAMES[piece], classes=np.unique(NAMES))
    assert learner.n_iter_ == 20
    assert learner.score(X, NAMES) > 0.8
    with pytest.raises(ValueError, match="unknown classes"):
        NNClassifier(**QUICK).partial_fit(X[:100], NAMES[:100]).partial_fit(X, NAMES)


def test_a_warm_start_continues_and_refuses_another_network():
    learner = NNRegressor(**QUICK | {"epochs": 3}, warm_start=True)
    losses = [learner.fit(XR, YR).loss_curve_[0] for _ in range(3)]
    assert losses[0] > losses[1] > losses[2]
    with pytest.raises(ValueError, match="the network has changed"):
        learner.set_params(layers=(8,)).fit(XR, YR)


def test_validation_chooses_the_best_epoch_and_early_stopping_ends():
    fitted = NNClassifier(**QUICK | {"epochs": 200}, validation=(X[::2], Y[::2]), early_stopping=3).fit(
        X[1::2], Y[1::2]
    )
    curve = fitted.history_["validation_loss"]
    assert fitted.n_iter_ == len(curve) < 200
    assert fitted.model_.evaluate(X[::2], Y[::2].astype(str))["loss"] == pytest.approx(curve.min(), rel=1e-5)
    assert "validation_loss" in NNRegressor(**QUICK, early_stopping=True).fit(XR, YR).history_


def test_several_labels_are_learned_at_once():
    x, y = make_multilabel_classification(200, 8, n_classes=3, random_state=0)
    fitted = NNClassifier(**QUICK).fit(x, y)
    assert fitted.predict(x).shape == fitted.predict_proba(x).shape == (200, 3)
    assert ((fitted.predict_proba(x) > 0.5) == fitted.predict(x)).all()
    assert fitted.score(x, y) > 0.4


def test_a_margin_loss_has_no_probabilities_but_decisions():
    fitted = NNClassifier(**QUICK, loss="hinge").fit(X[:100], NAMES[:100])
    assert not hasattr(fitted, "predict_proba")
    assert (fitted.classes_[(fitted.decision_function(X) > 0).astype(int)] == fitted.predict(X)).all()


def test_a_frame_keeps_its_columns_and_text_is_one_hot():
    pandas = pytest.importorskip("pandas")
    city = np.random.default_rng(0).choice(["Oslo", "Rome"], len(Y))
    frame = pandas.DataFrame({"width": X[:, 3], "city": pandas.Categorical(city), "wet": X[:, 0] > 5})
    target = Y + 5.0 * (city == "Rome")
    fitted = NNRegressor(**QUICK).fit(frame, target)
    assert fitted.feature_names_in_.tolist() == ["width", "city", "wet"]
    assert fitted.score(frame, target) > 0.9
    np.testing.assert_allclose(fitted.model_.predict(frame)[:, 0], fitted.predict(frame), rtol=1e-6)
    with pytest.raises(ValueError, match="feature names"):
        fitted.predict(frame[["city", "width", "wet"]])
    with pytest.raises(ValueError, match="unknown categories: 'Paris'"):
        fitted.predict(frame.assign(city="Paris"))
    with pytest.raises(ValueError, match="expected a DataFrame"):
        fitted.predict(np.ones((2, 3)))
    with pytest.raises(ValueError, match="x:2: column 'city': expected a category"):
        NNRegressor(**QUICK).fit(frame.assign(city=["Oslo", None] * 75), target)


def test_a_grid_search_in_processes_and_a_pipeline():
    pipeline = make_pipeline(StandardScaler(), NNClassifier(**QUICK | {"epochs": 5}))
    grid = {"nnclassifier__lr": np.array([1e-4, 0.05]), "nnclassifier__layers": [(4,), (8, {"dropout": 0.1})]}
    search = GridSearchCV(pipeline, grid, cv=3, n_jobs=2).fit(X, NAMES)
    assert search.best_params_["nnclassifier__lr"] == 0.05
    assert search.score(X, NAMES) > 0.7


def test_weights_are_routed_through_a_search():
    set_config(enable_metadata_routing=True)
    try:
        routed = (
            NNClassifier(**QUICK).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        )
        weight = np.where(Y == 2, 0, 1)
        search = GridSearchCV(routed, {"lr": [0.02]}, cv=3).fit(X, NAMES, sample_weight=weight)
        assert "virginica" not in search.predict(X)
    finally:
        set_config(enable_metadata_routing=False)


def test_a_whole_config_is_the_network_as_it_is_and_parameters_override_it(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(
        "data: {source: digits, standardize: false}\n"
        "model: {layers: [{dense: {units: 5, activation: tanh}}, {dense: 3}]}\n"
        "loss: {cross_entropy: {label_smoothing: 0.1}}\noptimizer: {sgd: 0.5}\ntrain: {epochs: 50}\n"
    )
    fitted = NNClassifier(config=path, epochs=4, random_state=0).fit(X, NAMES)
    config = fitted.model_.config
    assert [len(config["model"]["layers"]), config["train"]["epochs"]] == [2, 4]
    assert config["loss"]["cross_entropy"]["label_smoothing"] == 0.1
    assert (fitted.model_._trained.trained_on.scale == 1).all()
    hidden = NNClassifier(config=path, layers=[7], epochs=1).fit(X, NAMES).model_
    assert hidden.parameters["output.weight"].shape == (7, 3)


@pytest.mark.parametrize(
    "options",
    [
        {"layers": 64},
        {"layers": [64, {"dens": 3}]},
        {"loss": "croos_entropy"},
        {"optimizer": "adamm"},
        {"config": 7},
        {"validation": (1,)},
        {"loss": "mse", "config": {"model": {"layers": [{"dense": 7}]}}},
    ],
    ids=str,
)
def test_wrong_options_are_value_errors(options, wording):
    with pytest.raises(nntrain.UserError) as raised:
        NNClassifier(**QUICK | {"layers": None} | options).fit(X, Y)
    assert isinstance(raised.value, ValueError)
    wording(str(raised.value))
