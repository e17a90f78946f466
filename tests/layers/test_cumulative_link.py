"""cumulative_link with nll is the proportional-odds model of statistics."""

import numpy as np
import pytest
from statsmodels.miscmodels.ordinal_model import OrderedModel

import nntrain
from nntrain.layers.cumulative_link import CumulativeLink, thresholds
from nntrain.network.single import Single

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(400, 2))
CLASSES = np.digitize(X @ [1.5, -0.7] + DRAW.logistic(size=400), [-1.5, 0.2, 1.0])


@pytest.fixture(scope="module")
def ordered():
    return OrderedModel(CLASSES, X, distr="logit").fit(method="bfgs", disp=False)


def test_training_reaches_the_coefficients_of_statsmodels(ordered):
    config = {
        "model": {"layers": [{"dense": {"units": 1, "use_bias": False}}, {"cumulative_link": 4}]},
        "loss": "nll",
        "metrics": ["accuracy"],
        "optimizer": {"adam": 0.05},
        "train": {"epochs": 400, "batch_size": "full"},
    }
    run = nntrain.fit(config, data=nntrain.Data(X, CLASSES))
    tensors = run.model._trained.snapshot.tensors
    expected = ordered.model.transform_threshold_params(ordered.params)[1:-1]
    np.testing.assert_allclose(tensors["parameter.dense_1.weight"][:, 0], ordered.params[:2], atol=3e-3)
    np.testing.assert_allclose(
        thresholds(tensors["parameter.cumulative_link_1.threshold"]), expected, atol=3e-3
    )
    assert run.scores["train"]["loss"] == pytest.approx(-ordered.llf / 400, abs=1e-4)
    np.testing.assert_allclose(run.model.predict_proba(X), ordered.predict(), atol=2e-3)


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
