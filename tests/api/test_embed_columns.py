"""Learned vectors of categories, from a file to predictions: the same in predict, exports and the API."""

import csv
import json
from pathlib import Path

import numpy as np
import pandas
import pytest

import nntrain
from nntrain.data.dataset import Reader
from nntrain.errors import UserError
from tests.support.exported import module_of

CITIES = ("Rome", "Oslo", "Bern", "Wien")
NEW = "zip,rooms,city,area\n10115,3,,80\n20095,2,Oslo,\n1067,5,Wien,70\n10115,4,Paris,81\n"
X = np.array([[70.0, 5, 3, 0], [81, 4, 4, 1]])  # its last rows as the network takes them


def config(**model) -> dict:
    columns = {
        "city": {"categorical": {"embed": "auto", "unknown": "learn"}},
        "zip": {"categorical": 3},
        "area": {"number": "robust"},
    }
    source = {
        "path": "t.csv",
        "target": "price",
        "task": "regression",
        "impute": "median",
        "columns": columns,
    }
    return {
        "data": {"source": {"csv": source}, "test": 0.2, "standardize": True},
        "model": {"layers": ["embed_columns", {"dense": {"units": 8, "activation": "tanh"}}, {"dense": 1}]}
        | model,
        "loss": "mse",
        "optimizer": {"adam": {"lr": 0.02}},
        "train": {"epochs": 30, "batch_size": 16},
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder, random = tmp_path_factory.mktemp("table"), np.random.default_rng(0)
    rows = ["area,rooms,city,zip,price"]
    for _ in range(200):
        city, zipcode = random.integers(4), (10115, 20095, 1067)[random.integers(3)]
        area, rooms = random.normal(90, 20), random.integers(1, 6)
        price = area / 100 + (0, 3, -2, 1)[city] + zipcode % 4 + random.normal(0, 0.1)
        rows.append(
            f"{'' if random.random() < 0.05 else round(area)},{rooms},{CITIES[city]},{zipcode},{price:.3f}"
        )
    (folder / "t.csv").write_text("\n".join(rows) + "\n")
    (folder / "new.csv").write_text(NEW)
    return folder


@pytest.fixture(scope="module")
def run(folder):
    path = folder / "table.yaml"
    path.write_text(json.dumps(config()))
    return nntrain.fit(path, runs_dir=folder / "runs")


def test_the_network_learns_what_the_categories_add(run):
    assert run.scores["test"]["loss"] < 0.1  # the variance of the target is about 5


def test_predictions_of_a_frame_and_of_arrays_are_equal(run, folder):
    found = run.model.predict(pandas.read_csv(folder / "new.csv"))
    assert found[2:] == pytest.approx(run.model.predict(X))


def test_the_exported_python_file_predicts_the_same_from_rows_of_text(run, folder):
    file = folder / "exported.py"
    run.model.export("python", file)
    module = module_of(file)
    rows = list(csv.DictReader(NEW.splitlines()))
    assert module.predict(rows) == pytest.approx(run.model.predict(pandas.read_csv(folder / "new.csv")))


def test_the_onnx_model_with_an_input_for_each_column_predicts_the_same(run, folder):
    import onnxruntime

    file = run.model.export("onnx", folder / "exported.onnx", columns=True)
    session = onnxruntime.InferenceSession(file)
    frame = pandas.read_csv(folder / "new.csv", dtype={"zip": str})
    inputs = {name: frame[[name]].to_numpy(np.float32) for name in ("area", "rooms")}
    inputs |= {name: frame[[name]].fillna("").to_numpy(object) for name in ("city", "zip")}
    (found,) = session.run(None, inputs)
    assert found == pytest.approx(run.model.predict(frame), rel=1e-5)


def test_a_number_that_is_no_category_is_an_error(run):
    with pytest.raises(
        UserError, match=r"column 'city': expected the number of a category, from 0 to 4\. Received: 5"
    ):
        run.model.predict(np.array([[80, 3, 5, 0]]))


def test_vectors_have_no_explanation_by_their_number(run):
    with pytest.raises(UserError, match="learned vectors of categories"):
        run.model.explain(X)


@pytest.mark.parametrize(
    ("layers", "columns", "message"),
    [
        ([{"dense": 1}], {}, "Received: numbers of categories, in 'city', 'zip'"),
        (
            ["embed_columns", {"dense": 1}],
            {"city": "categorical", "zip": "categorical"},
            "no columns of numbers of categories",
        ),
        (
            [{"embed_columns": {"tables": [{"position": 0, "categories": 2, "units": 1}]}}, {"dense": 1}],
            {},
            "other columns",
        ),
    ],
)
def test_a_network_that_does_not_fit_the_columns_is_an_error(folder, layers, columns, message):
    changed = config(layers=layers)
    changed["data"]["source"]["csv"]["columns"] |= columns
    path = folder / "wrong.yaml"
    path.write_text(json.dumps(changed))
    with pytest.raises(UserError, match=message):
        nntrain.fit(path, runs_dir=None)


def test_random_categories_are_numbers_below_their_count_and_have_vectors():
    source = {"random": {"input": [5], "categories": [3, 40], "classes": 2, "samples": 500}}
    train = Reader.parse(source).load(Path()).train
    assert [sorted({*column}) for column in train.x[:, 3:].T] == [[*range(3)], [*range(40)]]
    assert len({*train.x[:, 2]}) == 500
    changes = {"data": {"source": source}, "loss": "cross_entropy", "train": {"epochs": 1, "batch_size": 50}}
    run = nntrain.fit(config(layers=["embed_columns", {"dense": 2}]) | changes, runs_dir=None)
    shapes = [array.shape for name, array in run.model.parameters.items() if "embed" in name]
    assert shapes == [(3, 3), (40, 13)]
