"""Numbers by `log` and `quantile`: what was measured in training is used by predictions, exports and the server's form."""

import json

import numpy as np
import pytest

import nntrain
from nntrain.config.schema import DataSection
from nntrain.data.conform.description import describe, from_description
from nntrain.data.loading import load_splits
from tests.support.data import seen
from tests.support.exported import module_of, table_config

COLUMNS = {
    "income": {"number": "log"},
    "age": {"number": "quantile"},
    "rooms": "number",
    "debt": {"number": "quantile"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder, random = tmp_path_factory.mktemp("curves"), np.random.default_rng(0)
    rows = ["income,age,rooms,debt,y"]
    for _ in range(300):
        income, age, debt = random.lognormal(10, 1), random.gamma(2, 20), random.integers(3) * 1000
        rows.append(f"{income:.2f},{age:.1f},{random.integers(9)},{debt},{np.log(income) + np.sqrt(age):.3f}")
    (folder / "t.csv").write_text("\n".join(rows) + "\n")
    config = table_config({"path": "t.csv", "columns": COLUMNS, "impute": "median"}, lr=0.02, epochs=20)
    (folder / "t.yaml").write_text(json.dumps(config))
    return folder


@pytest.fixture(scope="module")
def run(folder):
    return nntrain.fit(folder / "t.yaml", runs_dir=folder / "runs")


@pytest.fixture(scope="module")
def train(folder):
    options = json.loads((folder / "t.yaml").read_text())["data"]
    return load_splits(DataSection.model_validate(options), folder, 0)[0].train


def test_log_and_quantile_give_features_of_unit_scale_without_outliers(train):
    x, raw = seen(train), np.asarray(train.x)
    assert x.mean(axis=0) == pytest.approx(np.zeros(4), abs=1e-6)
    assert x.std(axis=0) == pytest.approx(np.ones(4))
    logarithm = np.log1p(raw[:, 0])
    assert x[:, 0] == pytest.approx((logarithm - logarithm.mean()) / logarithm.std(), rel=1e-5, abs=1e-6)
    assert np.abs(x[:, 1]).max() < 3 < np.abs((raw[:, 1] - raw[:, 1].mean()) / raw[:, 1].std()).max()
    order = np.argsort(raw[:, 1])
    assert (np.diff(x[order, 1]) >= 0).all()
    assert len(set(x[:, 3].tolist())) == 3  # three different values stay three


def test_a_checkpoint_keeps_the_curves(train):
    again = from_description(json.loads(json.dumps(describe(train))), train.statistics)
    assert again.curves == train.curves


def test_values_beyond_those_of_the_training_are_no_error(run):
    found = run.model.predict(np.array([[-5.0, 1e9, 3, -1e9], [0, 0, 3, 0]]))
    assert np.isfinite(found).all()


@pytest.mark.parametrize("form", ["python", "onnx", "c"])
def test_exports_have_the_curves(run, folder, form):
    file = folder / f"exported.{ {'python': 'py'}.get(form, form) }"
    run.model.export(form, file)  # compares with the network's own predictions
    if form == "python":
        module = module_of(file)
        x = np.array([[20_000.0, 30, 3, 500], [5, 1e6, 0, -1]])
        before = x.copy()
        assert module.predict(x) == pytest.approx(run.model.predict(x), rel=1e-5)
        assert np.array_equal(x, before, equal_nan=True)
