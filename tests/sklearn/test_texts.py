"""Estimators of texts: lists and columns of texts as X."""

import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from nntrain.sklearn import NNClassifier, NNRegressor
from nntrain.sklearn.errors import InvalidInput

TEXTS = ["good day", "bad day, sir", "good night", "bad, bad night"] * 10
LABELS = ["yes", "no"] * 20
STARS = [5, 1.5] * 20
QUICK = {"epochs": 3, "random_state": 0, "threads": 1}


def test_a_classifier_takes_a_list_or_a_column_of_texts():
    pandas = pytest.importorskip("pandas")
    fitted = NNClassifier(**QUICK).fit(TEXTS, LABELS)
    assert fitted.score(TEXTS, LABELS) == 1
    assert fitted.predict(["good", "bad, bad"]).tolist() == ["yes", "no"]
    shares = fitted.predict_proba(TEXTS)
    for X in (tuple(TEXTS), np.array(TEXTS), pandas.Series(TEXTS)):
        assert (clone(fitted).fit(X, LABELS).predict_proba(X) == shares).all()


def test_a_regressor_predicts_numbers_of_texts_in_their_unit():
    held_out = (TEXTS[:4], STARS[:4])
    fitted = NNRegressor(**QUICK | {"epochs": 10}, validation=held_out).fit(TEXTS, STARS)
    assert fitted.score(TEXTS, STARS) > 0.5
    assert fitted.predict(["good day"])[0] > 3 > fitted.predict(["bad night"])[0]


def test_training_that_continues_keeps_the_vocabulary():
    fitted = pickle.loads(pickle.dumps(NNClassifier(**QUICK, warm_start=True).fit(TEXTS, LABELS)))
    before = fitted.model_._trained.trained_on
    fitted.partial_fit(["a new text of many other words", "good"], ["no", "yes"])
    fitted.fit(["other words", "good", "bad"], ["no", "yes", "no"])
    after = fitted.model_._trained.trained_on
    assert after.tokenizer.names == before.tokenizer.names
    assert after.input_shape == before.input_shape


def test_widths_come_after_the_network_for_texts_and_layers_replace_it():
    def kinds(layers):
        model = NNClassifier(**QUICK, layers=layers).fit(TEXTS, LABELS).model_
        return [layer.yaml_name for layer in model._trained.config.model.layers]

    assert kinds((8, 4))[-4:] == ["dropout", "dense", "dense", "dense"]
    assert kinds([{"embedding": 4}, "global_avg_pool"]) == ["embedding", "global_avg_pool", "dense"]


def test_the_tokens_can_be_chosen():
    fitted = NNClassifier(**QUICK, tokens={"unit": "character"}).fit(TEXTS, LABELS)
    assert "g" in fitted.model_._trained.trained_on.tokenizer.names
    assert cross_val_score(NNClassifier(**QUICK, class_weight="balanced"), TEXTS, LABELS, cv=2).min() > 0.4


@pytest.mark.parametrize(
    ("X", "y", "tokens", "place"),
    [
        ([*TEXTS[1:], None], LABELS, None, "X"),
        (TEXTS, LABELS[1:], None, "y"),
        ([[1.0], [2.0]], ["a", "b"], {"unit": "bpe"}, "tokens"),
        (TEXTS, LABELS, {"unit": "syllable"}, "tokens.unit"),
    ],
)
def test_what_does_not_fit_is_an_error_with_its_place(X, y, tokens, place):
    with pytest.raises(InvalidInput) as error:
        NNClassifier(**QUICK, tokens=tokens).fit(X, y)
    assert error.value.place == place


def test_numbers_are_refused_after_texts():
    with pytest.raises(ValueError, match="a list or a column of texts"):
        NNClassifier(**QUICK).fit(TEXTS, LABELS).predict([[1.0, 2.0]])
