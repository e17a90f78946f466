"""The option `missing_indicator`: a feature says where a number was missing, in files, frames, exports and the server alike."""

import csv
import json

import numpy as np
import pandas
import pytest

import nntrain
from nntrain.config.schema import DataSection
from nntrain.data.loading import load_splits
from nntrain.errors import UserError
from tests.support.data import seen
from tests.support.exported import module_of, table_config

NEW = "rooms,city,area\n3,Oslo,80\n2,Rome,\n,Rome,70\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder, random = tmp_path_factory.mktemp("indicator"), np.random.default_rng(0)
    rows = ["area,rooms,city,price"]
    for _ in range(200):
        area, known, city = random.normal(90, 20), random.random() < 0.8, ("Rome", "Oslo")[random.integers(2)]
        rows.append(f"{round(area) if known else ''},{random.integers(6)},{city},{area / 50 if known else 7}")
    rows += [f"{area},,Rome,{area / 50}" for area in range(60, 120, 10)]
    (folder / "t.csv").write_text("\n".join(rows) + "\n")
    (folder / "new.csv").write_text(NEW)
    columns = {"area": {"number": "log"}, "city": "categorical"}
    source = {"path": "t.csv", "impute": "median", "missing_indicator": True, "columns": columns}
    config = table_config(source, lr=0.03, epochs=40)
    (folder / "t.yaml").write_text(json.dumps(config))
    return folder


@pytest.fixture(scope="module")
def run(folder):
    return nntrain.fit(folder / "t.yaml", runs_dir=folder / "runs")


def test_columns_with_gaps_have_a_feature_that_says_where(folder):
    options = json.loads((folder / "t.yaml").read_text())["data"]
    train = load_splits(DataSection.model_validate(options | {"standardize": False}), folder, 0)[0].train
    assert train.feature_names == (
        "area", "area (missing)", "rooms", "rooms (missing)", "city=Oslo", "city=Rome",
    )  # fmt: skip
    x = seen(train)
    assert set(x[:, 1].tolist()) == {0, 1}
    assert (x[:, 1] == np.isnan(train.x[:, 0])).all()


def test_the_network_learns_what_a_gap_means(run, folder):
    found = run.model.predict(pandas.read_csv(folder / "new.csv"))
    assert found.ravel() == pytest.approx([1.6, 7, 1.4], abs=0.4)


def test_files_are_evaluated_with_and_without_gaps_of_their_own(run, folder):
    (folder / "full.csv").write_text("area,rooms,city,price\n80,3,Oslo,1.6\n90,3,Rome,1.8\n")
    assert (
        run.model.evaluate(pandas.read_csv(folder / "full.csv").drop(columns="price"), [[1.6], [1.8]])["loss"]
        < 0.1
    )


@pytest.mark.parametrize("form", ["python", "onnx", "c"])
def test_exports_set_the_feature_themselves(run, folder, form):
    file = folder / f"exported.{ {'python': 'py'}.get(form, form) }"
    run.model.export(form, file)  # compares with the network's own predictions, with gaps
    frame = pandas.read_csv(folder / "new.csv")
    if form == "python":
        module = module_of(file)
        assert module.predict(list(csv.DictReader(NEW.splitlines()))) == pytest.approx(
            run.model.predict(frame)
        )
    if form == "onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(
            run.model.export("onnx", folder / "by_column.onnx", columns=True)
        )
        inputs = {name: frame[[name]].to_numpy(np.float32) for name in ("area", "rooms")}
        (found,) = session.run(None, inputs | {"city": frame[["city"]].to_numpy(object)})
        assert found == pytest.approx(run.model.predict(frame), rel=1e-5)


def test_explanations_add_the_feature_to_its_column(run, folder):
    explained = run.model.explain(pandas.read_csv(folder / "new.csv"))
    assert explained.shape == (3, 3)


def test_it_requires_values_for_the_gaps():
    with pytest.raises((UserError, ValueError), match="`missing_indicator` requires `impute`"):
        DataSection.model_validate({"source": {"csv": {"path": "t.csv", "missing_indicator": True}}})
