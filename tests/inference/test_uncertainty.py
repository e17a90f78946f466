"""quantile and gaussian_nll from the config to predictions, scores, the baseline and exported files."""

import numpy as np
import pytest

import nntrain
from nntrain.sklearn import NNRegressor
from tests.support.exported import module_of
from tests.support.people import table_of

CONFIG = """
data: {source: {csv: {path: noisy.csv, target: TARGET}}, validation: 0.2}
model: {layers: [{piecewise_linear_encoding: 6}, {dense: {units: 16, activation: relu}}, {dense: UNITS}]}
loss: LOSS
metrics: [mae, rmse, r2]
optimizer: {adam: 0.02}
train: {epochs: 60, batch_size: 32}
"""
DRAW = np.random.default_rng(0)
X = DRAW.uniform(-2, 2, 400)
SPREAD = np.where(X > 0, 0.5, 0.05)
Y = np.sin(2 * X) + SPREAD * DRAW.normal(size=400)


@pytest.fixture
def noisy(shell):
    lines = [f"{x:.5f},{y:.5f},{3 - y:.5f}" for x, y in zip(X, Y, strict=True)]
    (shell.folder / "noisy.csv").write_text("\n".join(["x,y,z", *lines]) + "\n")
    return shell


def fit(shell, loss: str, units: int, target: str = "y"):
    config = CONFIG.replace("LOSS", loss).replace("UNITS", str(units)).replace("TARGET", target)
    return shell.fit(
        config.replace("path: noisy.csv, target: y}", "path: noisy.csv, target: y, features: [x]}")
    )


def predicted(shell, run) -> dict[str, np.ndarray]:
    table = table_of(shell.run("predict", run, "noisy.csv").stdout)
    return {name: np.array(column, float) for name, column in table.items()}


def test_quantiles_enclose_the_targets_and_mae_compares_the_median(noisy):
    run = fit(noisy, "quantile", 3)
    found = predicted(noisy, run)
    assert list(found) == ["q0.1(y)", "q0.5(y)", "q0.9(y)"]
    inside = (found["q0.1(y)"] < Y) & (found["q0.9(y)"] > Y)
    assert 0.65 < inside.mean() < 0.92
    scores = noisy.scores(run, "--data", "noisy.csv")
    assert scores["mae"] == pytest.approx(np.abs(found["q0.5(y)"] - Y).mean(), rel=1e-4)
    baseline = nntrain.open_run(run).baseline["train"]
    assert nntrain.open_run(run).scores["train"]["loss"] < 0.5 * baseline["loss"]
    assert np.isfinite(baseline["rmse"])


def test_a_gaussian_predicts_the_mean_and_the_standard_deviation(noisy):
    run = fit(noisy, "gaussian_nll", 2)
    found = predicted(noisy, run)
    assert list(found) == ["mean(y)", "std(y)"]
    assert found["std(y)"][X > 0.3].mean() == pytest.approx(0.5, rel=0.3)
    assert found["std(y)"][X < -0.3].mean() < 0.15
    scores = noisy.scores(run, "--data", "noisy.csv")
    assert scores["rmse"] == pytest.approx(np.sqrt(((found["mean(y)"] - Y) ** 2).mean()), rel=1e-4)
    nll = np.log(found["std(y)"]) + (found["mean(y)"] - Y) ** 2 / (2 * found["std(y)"] ** 2)
    assert scores["loss"] == pytest.approx(nll.mean(), rel=1e-3)


def test_several_targets_have_their_outputs_side_by_side(noisy):
    config = (
        CONFIG.replace("LOSS", "gaussian_nll")
        .replace("UNITS", "4")
        .replace("target: TARGET", "target: [y, z]")
    )
    found = predicted(noisy, noisy.fit(config))
    assert list(found) == ["mean(y)", "std(y)", "mean(z)", "std(z)"]
    np.testing.assert_allclose(found["mean(y)"] + found["mean(z)"], 3, atol=0.7)


def test_too_few_outputs_are_an_error(noisy, wording):
    noisy.write(CONFIG.replace("LOSS", "quantile").replace("UNITS", "1").replace("TARGET", "y"))
    wording(noisy.run("fit", "config.yaml", code=2).stderr)


@pytest.mark.parametrize(("loss", "units"), [("gaussian_nll", 2), ("quantile", 3)])
def test_an_exported_network_gives_the_same_numbers(noisy, loss, units):
    run = fit(noisy, loss, units)
    x = np.stack([X[:20], Y[:20]], axis=1)[:, : len(nntrain.load(run)._trained.trained_on.feature_names)]
    noisy.run("export", run, "--to", "python", "--output", noisy.folder / "net.py")
    module = module_of(noisy.folder / "net.py")
    np.testing.assert_allclose(module.predict(x), nntrain.load(run).predict(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("loss", ["quantile", "gaussian_nll"])
def test_a_regressor_predicts_the_point_in_the_unit_of_the_targets(loss):
    x, y = X[:, None], 1000 + 50 * Y
    fitted = NNRegressor(layers=(16,), loss=loss, epochs=60, batch_size=16, lr=0.02, random_state=0).fit(x, y)
    assert fitted.predict(x).shape == (400,)
    assert fitted.score(x, y) > 0.5
    values = fitted.model_.predict(x)
    spread = values[:, 1] if loss == "gaussian_nll" else (values[:, 2] - values[:, 0]) / 2.56
    assert spread[X > 0.5].mean() == pytest.approx(25, rel=0.5)
