"""scikit-learn's own checks of estimators pass, all of them."""

import pytest

pytest.importorskip("sklearn")

from sklearn.utils.estimator_checks import parametrize_with_checks

from nntrain.sklearn import NNClassifier, NNRegressor

# One batch of all samples, in float64: then a sample of weight 2 is two samples, which is checked to 7 digits.
SMALL = {
    "layers": (16,),
    "epochs": 60,
    "batch_size": "full",
    "lr": 0.03,
    "threads": 1,
    "config": {"train": {"precision": "float64"}},
}


@parametrize_with_checks([NNClassifier(**SMALL), NNRegressor(**SMALL)])
def test_estimators_pass_the_checks_of_scikit_learn(estimator, check):
    check(estimator)
