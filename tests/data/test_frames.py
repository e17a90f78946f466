"""DataFrames in memory: columns of text are one-hot encoded, as those of a CSV file."""

import numpy as np
import pytest

pytest.importorskip("pandas")

import pandas

import nntrain
from tests.support.data import load, refused

FRAME = pandas.DataFrame(
    {
        "city": ["Rome", "Oslo", "Rome", "Bonn"],
        "size": [1, 2.5, 3, 4],
        "code": pandas.Categorical([7, 8, 7, 7]),
    }
)
Y = np.array(["a", "b", "a", "b"])


def test_a_frame_is_encoded_as_the_csv_file_of_it(tmp_path):
    FRAME.assign(y=Y).to_csv(tmp_path / "t.csv", index=False)
    file = load({"csv": {"path": "t.csv", "categorical": ["code"]}}, tmp_path).train
    data = nntrain.Data(FRAME, Y).source.dataset
    assert (data.feature_names, data.one_hot, data.classes) == (
        file.feature_names,
        file.one_hot,
        file.classes,
    )
    assert (data.x == file.x).all()


def test_other_frames_have_the_categories_of_the_training():
    data = nntrain.Data(FRAME, Y, test=(FRAME[:2], Y[:2]))
    assert data.test.dataset.feature_names == data.source.dataset.feature_names
    config = {
        "model": {"layers": [{"dense": 2}]},
        "loss": "cross_entropy",
        "optimizer": {"sgd": 0.1},
        "train": {"epochs": 1},
    }
    model = nntrain.fit(config, data=data, runs_dir=None).model
    assert model.predict(FRAME[:2]).shape == (2,)


@pytest.mark.parametrize(
    "changed",
    [
        {"city": ["Rome", None, "Oslo", "Oslo"]},
        {"size": [1, np.nan, 2, 3]},
        {"size": pandas.to_datetime(["2024-01-01", None, "2024-01-03", "2024-01-04"])},
        {"size": [[1], [2], [3], [4]]},
        {"size": ["1,5", "2,5", "3,5", "4,5"]},
        {"size": [1, "2", 3, "x"]},
    ],
    ids=["text", "number", "time", "lists", "looks", "both"],
)
def test_values_that_cannot_be_used_are_errors(changed, wording):
    wording(refused(nntrain.Data, FRAME.assign(**changed), Y))


def test_an_unknown_category_is_an_error(wording):
    wording(refused(nntrain.Data, FRAME, Y, test=(FRAME.assign(city="Paris"), Y)))


MIXED = pandas.DataFrame(
    {
        "when": pandas.date_range("2024-01-01", periods=4, freq="7h"),
        "old": [True, False, False, True],
        "zip": ["01234", "90210", "01234", "1234"],
        "size": [1, 2.5, 3, 4],
    }
)


def test_dates_and_booleans_of_a_frame_are_those_of_a_file(tmp_path):
    MIXED.assign(y=Y).to_parquet(tmp_path / "t.parquet", index=False)
    file = load({"csv": "t.parquet"}, tmp_path).train
    data = nntrain.Data(MIXED, Y).source.dataset
    assert (data.feature_names, data.one_hot) == (file.feature_names, file.one_hot)
    assert (data.x == file.x).all()
    assert data.notes[-1] in file.notes  # about the dates


def test_frames_of_polars_are_those_of_pandas():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(MIXED.to_dict("list")).with_columns(polars.col("zip").cast(polars.Categorical))
    found, expected = nntrain.Data(frame, Y).source.dataset, nntrain.Data(MIXED, Y).source.dataset
    assert (found.feature_names, found.one_hot) == (expected.feature_names, expected.one_hot)
    assert (found.x == expected.x).all()


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_the_target_can_be_the_name_of_a_column(library):
    frame = MIXED.assign(y=Y, weight=[0.5, 1, 2, 3])
    if library == "polars":
        frame = pytest.importorskip("polars").DataFrame(frame.to_dict("list"))
    data = nntrain.Data(frame, "y", test=(frame[:2], "y"))
    assert data.source.dataset.classes == ("a", "b")
    assert data.test.dataset.feature_names == data.source.dataset.feature_names
    both = nntrain.Data(frame, ["size", "weight"]).source.dataset
    assert both.target_names == ("size", "weight")
    assert "y=a" in both.feature_names
    assert "Did you mean 'y'?" in refused(nntrain.Data, frame, "yy")
    assert "a DataFrame x with a column 'y'" in refused(nntrain.Data, np.zeros((4, 2)), "y")


def test_a_network_of_mixed_columns_predicts_from_frames_and_files(tmp_path):
    config = {
        "model": {"layers": [{"dense": 2}]},
        "loss": "cross_entropy",
        "optimizer": {"sgd": 0.1},
        "train": {"epochs": 1},
    }
    model = nntrain.fit(config, data=nntrain.Data(MIXED, Y), runs_dir=None).model
    expected = model.predict_proba(MIXED)
    changed = MIXED[["size", "zip", "old", "when"]].astype({"when": str})
    assert np.array_equal(model.predict_proba(changed), expected)


def test_estimators_take_dates_and_booleans():
    sklearn = pytest.importorskip("nntrain.sklearn")
    found = sklearn.NNClassifier(epochs=2, validation=None).fit(MIXED, Y)
    assert found.predict_proba(MIXED[:1].assign(when=MIXED["when"][:1].dt.normalize())).shape == (1, 2)


@pytest.mark.parametrize(
    ("columns", "values", "message"),
    [
        (["a", "a"], [1, 2], "x: two columns are named 'a'"),
        (["a", "a"], [1, "x"], "x: two columns are named 'a'"),
        (["1", 1], [1, "x"], "x: two columns are named '1'"),
        (["a", "b"], [1, None], "x: column 'b' has no values"),
        (["a", "b"], [1, 10**400], "x:1: column 'b': expected a finite number"),
        (["a", "b"], [1, 1j], "column 'b': expected numbers, text, dates or booleans. Received: complex."),
    ],
)
def test_columns_that_cannot_be_features_are_named(columns, values, message):
    frame = pandas.DataFrame([values] * 4, columns=columns)
    assert refused(nntrain.Data, frame, Y).startswith(message)


def test_classes_are_no_names_of_columns():
    frame = pandas.DataFrame({"a": [1, 2, 3, 4.5], "b": [2, 1, 2, 1.5], "c": [0, 1, 0, 0.5]})
    train = nntrain.Data(frame, Y.tolist()).source.dataset
    assert (train.feature_names, train.classes) == (("a", "b", "c"), ("a", "b"))
    assert nntrain.Data(frame, ["a", "b"]).source.dataset.target_names == ("a", "b")


def test_another_split_with_other_columns_is_an_error():
    other = FRAME.rename(columns={"size": "length"})
    assert refused(nntrain.Data, FRAME, Y, test=(other, Y)).startswith("x: unexpected columns: 'length'")


def test_missing_classes_are_named():
    message = refused(nntrain.Data, FRAME, ["a", None, "b", "a"])
    assert message.startswith("y: sample 2: expected text. Received: a missing value.")


def test_a_frame_without_rows_has_no_predictions():
    config = {"model": {"layers": [{"dense": 2}]}, "loss": "cross_entropy", "optimizer": {"adam": 0.1}}
    data = nntrain.Data(FRAME, Y)
    model = nntrain.fit(config | {"train": {"epochs": 1}}, data=data, runs_dir=None).model
    assert refused(model.predict, FRAME[:0]) == "x: expected at least one sample. Received: no rows"
