"""Texts of a Python program: lists, arrays and columns of them become tokens as those of a file."""

import numpy as np
import pytest

import nntrain
from nntrain.data.splits import hashes
from nntrain.errors import DataError
from tests.data.test_text_classes import ROWS, csv, splits_of

TEXTS, LABELS = [text for text, _ in ROWS], [label for _, label in ROWS]
CONFIG = {
    "model": {"layers": [{"embedding": 6}, "global_avg_pool", {"dense": 2}]},
    "loss": "cross_entropy",
    "metrics": ["accuracy"],
    "optimizer": {"adam": 0.05},
    "train": {"epochs": 20, "batch_size": 8},
}


@pytest.mark.parametrize(
    "tokens", [{}, {"unit": "bpe", "vocabulary": 300}, {"unit": "character", "min_count": 3}]
)
def test_texts_in_memory_are_those_of_a_file(tmp_path, tokens):
    csv(tmp_path)
    splits, _ = nntrain.Data(TEXTS, LABELS, validation=0.2, tokens=tokens).load()
    assert hashes(splits) == hashes(splits_of(tmp_path, validation=0.2, **tokens))


def test_arrays_and_columns_are_lists_of_texts():
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    expected = hashes(nntrain.Data(TEXTS, LABELS).load()[0])
    for kind in (tuple, np.array, pandas.Series, polars.Series, lambda texts: np.array(texts, object)):
        assert hashes(nntrain.Data(kind(TEXTS), LABELS).load()[0]) == expected


def test_a_network_trains_on_texts_with_splits_of_their_own():
    data = nntrain.Data(TEXTS, LABELS, test=0.2, validation=(TEXTS[:4], LABELS[:4]))
    run = nntrain.fit(CONFIG, data=data, runs_dir=None)
    assert run.scores["test"]["accuracy"] == run.scores["validation"]["accuracy"] == 1
    assert run.model.predict(["good", "bad, bad"]).tolist() == ["yes", "no"]


def test_texts_can_have_numbers_as_targets(tmp_path):
    config = CONFIG | {"loss": "mse", "metrics": ["rmse"]}
    config["model"] = {"layers": [{"embedding": 6}, "global_avg_pool", {"dense": 1}]}
    stars = np.where(np.array(LABELS) == "yes", 5.0, 1.0)
    nntrain.fit(config, data=nntrain.Data(TEXTS, stars), runs_dir=tmp_path, name="t")
    model = nntrain.load(tmp_path / "t")
    good, bad = model.predict(["good day", "bad night"])[:, 0]
    assert good > bad + 1
    assert model.evaluate(TEXTS, stars)["rmse"] < 1


@pytest.mark.parametrize(
    ("x", "options", "place"),
    [
        (TEXTS, {"tokens": {"unit": "syllable"}}, "tokens.unit"),
        (TEXTS, {"tokens": {"path": "t.csv"}}, "tokens"),
        (TEXTS, {"tokens": {"unit": "bpe", "vocabulary": 3}}, "tokens"),
        (TEXTS, {"lengths": [1] * 20}, "lengths"),
        ([*TEXTS[1:], None], {}, "x"),
        ([*TEXTS[1:], float("nan")], {}, "x"),
        (TEXTS[1:], {}, "y"),
        (np.zeros((20, 2)), {"tokens": {}}, "tokens"),
    ],
)
def test_what_does_not_fit_is_refused(x, options, place):
    with pytest.raises(DataError) as error:
        nntrain.Data(x, LABELS, **options)
    assert error.value.place == place
