"""Options of `nntrain.Data` for the columns of a DataFrame: those of a CSV file of it, with the same features."""

import numpy as np
import pytest

pytest.importorskip("pandas")

import pandas

import nntrain
from nntrain.config.schema import DataSection
from nntrain.data.loading import load_splits
from tests.support.data import refused, seen

FRAME = pandas.DataFrame(
    {
        "id": range(40),
        "city": [f"town {row % 7}" for row in range(40)],
        "zip": [10115 + row % 4 for row in range(40)],
        "day": pandas.date_range("2024-01-30", periods=40, freq="31h"),
        "income": [1000.0 * (row + 1) ** 2 for row in range(40)],
        "age": [np.nan if row % 9 == 0 else row / 2 for row in range(40)],
        "sex": [None if row == 5 else "fm"[row % 2] for row in range(40)],
        "y": [row / 7 for row in range(40)],
    }
)
COLUMNS = {
    "id": "ignore",
    "city": {"categorical": {"embed": "auto", "unknown": "learn"}},
    "zip": "categorical",
    "day": {"date": ["year", "weekday"]},
    "income": {"number": "log"},
}


def of_file(frame, tmp_path, **options):
    frame.to_csv(tmp_path / "t.csv", index=False)
    source = {"csv": {"path": "t.csv", "target": "y", "task": "regression", **options}}
    section = DataSection.model_validate({"source": source, "standardize": True, "test": 0.25})
    return load_splits(section, tmp_path, 0)[0]


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize(
    "options",
    [
        {"columns": COLUMNS, "impute": "median"},
        {"columns": COLUMNS, "impute": "most_frequent", "missing_indicator": True},
        {"impute": "mean"},
        {
            "columns": {"zip": {"categorical": 3}, "age": {"number": "robust"}},
            "impute": "mean",
            "missing": ["f"],
        },
    ],
    ids=["columns", "indicator", "impute", "missing"],
)
def test_a_frame_has_the_features_of_the_csv_file_of_it(tmp_path, options, library):
    file = of_file(FRAME, tmp_path, **{"missing": [], **options})
    frame = FRAME
    if library == "polars":
        polars = pytest.importorskip("polars")
        frame = polars.DataFrame(FRAME.astype(object).where(FRAME.notna(), None).to_dict("list"))
    data, _ = nntrain.Data(frame, "y", test=0.25, standardize=True, **options).load(0)
    for name, part in data.parts().items():
        expected = file.parts()[name]
        assert (part.feature_names, part.one_hot) == (expected.feature_names, expected.one_hot)
        np.testing.assert_allclose(seen(part), seen(expected), rtol=1e-6)
        np.testing.assert_array_equal(part.target, expected.target)


def test_other_frames_are_read_with_the_same_options():
    part = FRAME[10:30].assign(city="a new one")
    data = nntrain.Data(
        FRAME, "y", test=(part, "y"), columns=COLUMNS, impute="median", missing_indicator=True
    )
    train, test = data.source.dataset, data.test.dataset
    assert test.feature_names == train.feature_names
    place = train.feature_names.index("city")
    np.testing.assert_array_equal(np.delete(test.x, place, 1), np.delete(train.x[10:30], place, 1))
    assert (test.x[:, place] == 7).all()  # the unknown one


def test_a_network_of_such_columns_trains_and_predicts_new_categories_and_gaps():
    config = {
        "model": {"layers": ["embed_columns", {"dense": 1}]},
        "loss": "mse",
        "optimizer": "adam",
        "train": {"epochs": 1, "batch_size": 10},
    }
    data = nntrain.Data(FRAME, "y", columns=COLUMNS, impute="median", standardize=True)
    model = nntrain.fit(config, data=data, runs_dir=None).model
    new = FRAME[:3].drop(columns="y").assign(city=["town 1", "elsewhere", "town 2"], age=np.nan)
    assert np.isfinite(model.predict(new)).all()


@pytest.mark.parametrize(
    "options",
    [
        {"columns": {"citty": "ignore"}},
        {"columns": {"city": "numbr"}},
        {"columns": {"city": {"categorical": {"embed": -1}}}},
        {"columns": dict.fromkeys(FRAME.columns[:-1], "ignore")},
        {"columns": {"city": "number"}, "impute": "mean"},
        {"columns": {"age": "date"}, "impute": "mean"},
        {"columns": COLUMNS},
        {"impute": "men"},
        {"missing_indicator": True},
        {"impute": "mean", "text": "error"},
    ],
    ids=["name", "kind", "option", "none", "number", "date", "gaps", "impute", "indicator", "text"],
)
def test_options_that_do_not_fit_are_errors(options, wording):
    wording(refused(nntrain.Data, FRAME, "y", **options))


def test_a_held_out_frame_with_text_among_its_numbers_is_an_error(wording):
    other = FRAME.assign(income=["much", *FRAME["income"][1:]])
    wording(refused(nntrain.Data, FRAME, "y", test=(other, "y"), columns=COLUMNS, impute="median"))


def test_arrays_and_texts_have_no_columns(wording):
    wording(refused(nntrain.Data, np.zeros((4, 2)), [1, 2, 1, 2], impute="mean"))
    wording(refused(nntrain.Data, ["a b", "c d"], ["x", "y"], columns={"a": "ignore"}))


LABELS = pandas.DataFrame(
    {"a": range(6), "rain": ["yes", "no"] * 3, "snow": [True, False, False] * 2, "wind": [0, 1] * 3}
)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_several_columns_of_flags_are_targets_of_one_and_zero(library):
    frame = LABELS
    if library == "polars":
        frame = pytest.importorskip("polars").DataFrame(LABELS.to_dict("list"))
    data = nntrain.Data(frame, ["rain", "snow", "wind"], test=(frame[:2], ["rain", "snow", "wind"]))
    train = data.source.dataset
    assert train.target_names == ("rain", "snow", "wind")
    assert train.target.tolist() == [[1, 1, 0], [0, 0, 1], [1, 0, 0], [0, 1, 1], [1, 0, 0], [0, 0, 1]]
    assert data.test.dataset.target.tolist() == train.target[:2].tolist()
    assert "targets 'rain': true and yes are 1, false and no are 0" in train.notes


def test_two_texts_that_are_no_flags_are_classes():
    frame = LABELS.assign(rain=["wet", "dry"] * 3)
    train = nntrain.Data(frame, ["rain", "snow"]).source.dataset
    assert train.target_names == ("rain", "snow")
    assert "y: rain: 2 classes, snow: 2 classes" in train.notes
