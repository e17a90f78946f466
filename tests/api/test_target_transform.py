"""The option `target_transform`: the loss sees standardized targets, and all that a person sees is in their unit."""

import json

import numpy as np
import pytest

import nntrain
from nntrain.errors import UserError
from tests.support.exported import module_of

HOWS = ("standard", "log")


def config(how: str | None, **changes) -> dict:
    return {
        "data": {
            "source": {"csv": {"path": "t.csv", "target": "price", "features": ["area", "rooms"]}},
            "test": 0.2,
            "standardize": True,
        }
        | ({"target_transform": how} if how else {}),
        "model": {"layers": [{"dense": {"units": 8, "activation": "tanh"}}, {"dense": 2}]},
        "loss": "mse",
        "metrics": ["rmse", "r2", "mae"],
        "optimizer": {"adam": 0.03},
        "train": {"epochs": 40, "batch_size": 16},
    } | changes


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder, random = tmp_path_factory.mktemp("targets"), np.random.default_rng(0)
    area, rooms = random.normal(90, 20, 200), random.integers(1, 6, 200)
    price = np.exp(10 + area / 100 + rooms / 5 + random.normal(0, 0.03, 200))
    np.savetxt(folder / "numbers.csv", np.stack([area, rooms], axis=1), delimiter=",")
    np.savetxt(folder / "prices.csv", np.stack([price, 1e-3 * price], axis=1), delimiter=",")
    rows = zip(area, rooms, price, price / 1000, strict=True)
    text = "area,rooms,price,tax\n" + "".join(f"{a},{r},{p},{t}\n" for a, r, p, t in rows)
    (folder / "t.csv").write_text(text)
    return folder


def fit(folder, how, **changes):
    path = folder / f"{how}.yaml"
    path.write_text(json.dumps(config(how, **changes)))
    return nntrain.fit(path, runs_dir=folder / "runs", overwrite=True)


SOURCE = {"csv": {"path": "t.csv", "target": ["price", "tax"]}}


@pytest.fixture(scope="module")
def runs(folder):
    data = {"source": SOURCE, "test": 0.2, "standardize": True}
    return {how: fit(folder, how, data=data | {"target_transform": how}) for how in HOWS}


@pytest.mark.parametrize("how", HOWS)
def test_a_run_is_evaluated_on_its_own_splits(runs, shell, how):
    found = shell.scores(runs[how].path, "--split", "test")
    assert found.items() >= runs[how].scores["test"].items()


@pytest.mark.parametrize("how", HOWS)
def test_predictions_and_metrics_are_in_the_unit_and_the_loss_is_not(runs, folder, how):
    run = runs[how]
    x, y = (np.loadtxt(folder / name, delimiter=",") for name in ("numbers.csv", "prices.csv"))
    found = run.model.predict(x)
    assert np.abs(found / y - 1).mean() < 0.1
    scores = run.model.evaluate(x, y)
    assert scores["rmse"] == pytest.approx(np.sqrt(((found - y) ** 2).mean()), rel=1e-4)
    assert scores["mae"] == pytest.approx(np.abs(found - y).mean(), rel=1e-4)
    assert scores["r2"] > 0.95
    t, p = (y, found) if how == "standard" else (np.log(y), np.log(found))
    assert scores["loss"] == pytest.approx((((p - t) / t.std(axis=0)) ** 2).mean(), rel=0.3)


@pytest.mark.parametrize("how", HOWS)
def test_the_baseline_predicts_the_mean_of_the_targets_for_metrics(runs, folder, how):
    assert runs[how].baseline["test"]["r2"] == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("form", ["python", "onnx", "c"])
def test_exports_predict_in_the_unit(runs, folder, how, form):
    model = runs[how].model
    file = folder / f"{how}_{form}.{ {'python': 'py', 'onnx': 'onnx', 'c': 'c'}[form] }"
    model.export(form, file)  # compares with the network's own predictions
    if form == "python":
        module = module_of(file)
        x = np.loadtxt(folder / "numbers.csv", delimiter=",")[:3]
        assert module.predict(x) == pytest.approx(model.predict(x), rel=1e-5)
    if form == "c":
        assert "outputs in the unit of the targets" in file.read_text()


@pytest.mark.parametrize(
    ("how", "loss", "outputs"),
    [("standard", "gaussian_nll", 2), ("standard", "quantile", 3), ("log", "quantile", 3)],
)
def test_losses_with_several_outputs_are_in_the_unit_too(folder, how, loss, outputs):
    layers = [{"dense": {"units": 8, "activation": "tanh"}}, {"dense": outputs}]
    run = fit(folder, how, loss=loss, model={"layers": layers})
    x, y = (
        np.loadtxt(folder / "numbers.csv", delimiter=","),
        np.loadtxt(folder / "prices.csv", delimiter=",")[:, 0],
    )
    found = run.model.predict(x)
    point = found[:, 0] if loss == "gaussian_nll" else found[:, 1]
    assert np.abs(point / y - 1).mean() < 0.15
    spread = found[:, 1] if loss == "gaussian_nll" else found[:, 2] - found[:, 0]
    assert 0.001 < (spread / y).mean() < 1
    assert run.scores["test"]["r2"] > 0.9
    run.model.export("python", folder / f"{loss}_{how}.py")  # compares with the network's own predictions


@pytest.mark.parametrize("how", HOWS)
def test_explanations_of_a_linear_network_are_in_the_unit(folder, how):
    run = fit(folder, how, data=config(how)["data"], model={"layers": [{"dense": 1}]})
    x = np.loadtxt(folder / "numbers.csv", delimiter=",")[:5]
    found, mean = run.model.predict(x).ravel(), run.model.predict(np.array([[90.0, 3.0]])).item()
    explained = run.model.explain(x).sum(axis=1)
    if how == "standard":
        assert explained - explained[0] == pytest.approx(found - found[0], rel=1e-3)
    else:  # to first order
        assert explained == pytest.approx(found * np.log(found / mean), rel=0.1, abs=0.1 * mean)


def test_a_run_resumes_with_the_statistics_of_its_start(folder):
    one = {"data": config("log")["data"], "model": {"layers": [{"dense": 1}]}}
    straight = fit(folder, "log", **one)
    path = folder / "log.yaml"
    path.write_text(json.dumps(config("log", **one, train={"epochs": 20, "batch_size": 16})))
    nntrain.fit(path, runs_dir=folder / "resumed")
    path.write_text(json.dumps(config("log", **one)))
    resumed = nntrain.fit(path, runs_dir=folder / "resumed", resume=True)
    assert resumed.scores == straight.scores


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"loss": "poisson", "data": {"source": {"csv": "t.csv"}, "target_transform": "standard"}},
            "poisson needs its targets in their own unit",
        ),
        (
            {
                "loss": "gaussian_nll",
                "data": {"source": {"csv": {"path": "t.csv", "target": "area"}}, "target_transform": "log"},
            },
            "what gaussian_nll predicts of a logarithm cannot be given in the unit of the targets",
        ),
        ({"data": {"source": "iris", "target_transform": "log"}}, "the targets are classes, not numbers"),
        (
            {"data": {"source": {"csv": {"path": "t.csv", "target": "price"}}, "target_transform": "log"}},
            "expected targets above 0, which have a logarithm. Received: 0, in the train split",
        ),
    ],
)
def test_targets_and_losses_that_do_not_fit_are_errors(tmp_path, changes, message):
    rows = "".join(f"{row + 1},{row % 30}\n" for row in range(60))
    (tmp_path / "t.csv").write_text("area,price\n" + rows)
    (tmp_path / "t.yaml").write_text(json.dumps(config("standard", **changes)))
    with pytest.raises(UserError) as raised:
        nntrain.fit(tmp_path / "t.yaml", runs_dir=None)
    assert message in str(raised.value)
