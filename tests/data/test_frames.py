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
        {"size": pandas.to_datetime([1, 2, 3, 4])},
    ],
    ids=["text", "number", "time"],
)
def test_values_that_cannot_be_used_are_errors(changed, wording):
    wording(refused(nntrain.Data, FRAME.assign(**changed), Y))


def test_an_unknown_category_is_an_error(wording):
    wording(refused(nntrain.Data, FRAME, Y, test=(FRAME.assign(city="Paris"), Y)))
