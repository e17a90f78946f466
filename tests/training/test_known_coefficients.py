"""Linear models reach the coefficients of statistics packages: an independent judge of losses, standardization and optimization."""

from dataclasses import dataclass

import numpy as np
import pytest

import nntrain
from tests.support import ROOT

# Certified by the Statistical Reference Datasets of NIST; the constant first.
LONGLEY = [
    -3482258.63459582, 15.0618722713733, -0.358191792925910e-01, -2.02022980381683,
    -1.03322686717359, -0.511041056535807e-01, 1829.15146461355,
]  # fmt: skip


@dataclass(frozen=True)
class Regression:
    loss: str
    epochs: int
    lr: float
    momentum: float
    outputs: int = 1
    task: str = "regression"


REGRESSIONS = {
    "longley": Regression("mse", 1200, 0.2, 0.98),  # its columns are almost collinear
    "stackloss": Regression("mse", 200, 0.1, 0.9),
    "vote": Regression("binary_cross_entropy", 200, 1.0, 0.9),
    "party": Regression("cross_entropy", 500, 1.0, 0.95, outputs=7, task="classification"),
    "visits": Regression("poisson", 100, 0.1, 0.8),
}


def recorded(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    with np.load(ROOT / "tests" / "vectors" / "linear.npz") as arrays:
        return tuple(arrays[f"{name}.{part}"] for part in ("x", "y", "coefficients"))


def coefficients(regression: Regression, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(1 + columns, outputs) in the units of the columns, the constant first, of a network that sees standardized columns."""
    layer = {"dense": {"units": regression.outputs, "weight_initializer": "zeros"}}
    config = {
        "model": {"layers": [layer]},
        "loss": regression.loss,
        "optimizer": {"sgd": {"lr": regression.lr, "momentum": regression.momentum}},
        "train": {
            "epochs": regression.epochs,
            "batch_size": "full",
            "precision": "float64",
            "evaluate_every": {"epochs": regression.epochs},
        },
    }
    y = y.astype(np.int64) if regression.task == "classification" else y
    data = nntrain.Data(x, y, task=regression.task, standardize=True)
    trained = nntrain.fit(config, data=data, runs_dir=None).last.parameters
    slopes = trained["dense_1.weight"] / x.std(axis=0)[:, None]
    return np.vstack([trained["dense_1.bias"] - x.mean(axis=0) @ slopes, slopes])


@pytest.mark.parametrize("name", REGRESSIONS)
def test_a_linear_model_reaches_the_coefficients_of_statsmodels(name):
    x, y, expected = recorded(name)
    found = coefficients(REGRESSIONS[name], x, y)
    if found.shape[1] > 1:  # a softmax sees differences alone
        found = found[:, 1:] - found[:, :1]
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_the_recorded_coefficients_are_the_certified_ones():
    np.testing.assert_allclose(recorded("longley")[2][:, 0], LONGLEY, rtol=1e-7)
