"""scikit-learn: nntrain's networks as its estimators, NNClassifier and NNRegressor. Needs the extra `sklearn`."""

import importlib.util

if importlib.util.find_spec("sklearn") is None:
    raise ModuleNotFoundError(
        "the package scikit-learn is not installed: install it with `pip install 'nntrain[sklearn]'`",
        name="sklearn",
    )

from nntrain.sklearn.classifier import NNClassifier
from nntrain.sklearn.regressor import NNRegressor

__all__ = ["NNClassifier", "NNRegressor"]
