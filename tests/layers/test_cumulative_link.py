"""cumulative_link with nll is the proportional-odds model of statistics."""

import numpy as np
import pytest

import nntrain
from nntrain.layers.cumulative_link import CumulativeLink, thresholds
from nntrain.network.single import Single
from tests.support import ROOT


def test_training_reaches_the_coefficients_of_statsmodels():
    with np.load(ROOT / "tests" / "vectors" / "ordinal.npz") as arrays:
        recorded = {name: arrays[name] for name in arrays.files}
    x, classes = recorded["x"], recorded["classes"]
    config = {
        "model": {"layers": [{"dense": {"units": 1, "use_bias": False}}, {"cumulative_link": 4}]},
        "loss": "nll",
        "metrics": ["accuracy"],
        "optimizer": {"adam": 0.05},
        "train": {"epochs": 400, "batch_size": "full"},
    }
    run = nntrain.fit(config, data=nntrain.Data(x, classes))
    tensors = run.model._trained.snapshot.tensors
    np.testing.assert_allclose(tensors["parameter.dense_1.weight"][:, 0], recorded["coefficients"], atol=3e-3)
    np.testing.assert_allclose(
        thresholds(tensors["parameter.cumulative_link_1.threshold"]), recorded["thresholds"], atol=3e-3
    )
    assert run.scores["train"]["loss"] == pytest.approx(recorded["loss"], abs=1e-4)
    np.testing.assert_allclose(run.model.predict_proba(x), recorded["probabilities"], atol=2e-3)


def test_classes_are_equally_likely_at_first():
    single = Single(CumulativeLink(classes=5), ((1,),), 1)
    single.ctx.x[...] = 0
    np.testing.assert_allclose(np.exp(single.forward()), [[0.2] * 5], rtol=1e-12)


def test_far_numbers_have_finite_log_probabilities():
    single = Single(CumulativeLink(classes=4), ((1,),), 2, "float32")
    single.ctx.x[...] = [[-500], [500]]
    y = single.forward()
    assert np.isfinite(y).all()
    assert y.argmax(axis=1).tolist() == [0, 3]
