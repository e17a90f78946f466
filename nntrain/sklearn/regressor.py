"""NNRegressor: a network as a regressor of scikit-learn."""

import math
from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin

from nntrain.data.transforms.standardize import mean_and_std
from nntrain.sklearn import options
from nntrain.sklearn.base import NNEstimator


class NNRegressor(RegressorMixin, NNEstimator):
    """A neural network that predicts a number, or several (y of several columns).

    Parameters that are None take what `config` says or, without it, what suits the number of samples, as `nntrain new` proposes:
    one or two hidden layers, adamw with a cosine schedule, 10 to 200 epochs. For texts, a list or a column of them, that is a network
    of embeddings, pooling and a convolution, which comes before `layers` that are widths.

    Parameters
    ----------
    layers : the hidden layers, widths or layers as in a config, such as (64, 32) or [64, {"dropout": 0.2}]; (): none. The output
        layer, a dense one, is added after them.
    activation : of the layers that are widths; "relu" by default.
    loss : "mse" by default; "mae" and "huber" are robust to outliers; a name, or {name: options}.
    optimizer, schedule, initializer : as in a config, such as "adam" or {"sgd": {"lr": 0.1, "momentum": 0.9}}.
    lr : the learning rate, in place of the optimizer's.
    epochs, batch_size : of the training; "full" is one batch of all samples.
    validation : a fraction of the samples, or (X, y), to choose the best epoch by; none by default.
    early_stopping : True, or after how many epochs without an improvement training stops; holds out 0.1 unless `validation` is set.
    standardize : zero mean and unit variance of each column, by default.
    tokens : how texts X become tokens, as `nntrain.Data` takes it, such as {"unit": "bpe", "vocabulary": 5000}.
    standardize_target : learn targets of zero mean and unit variance, by default where the loss allows and the estimator adds the
        output layer; the losses are then those of standardized targets, and predictions have the unit of y.
    config : a YAML file or a dictionary, for all other options. Its `model.layers` are the whole network, with the output layer.
    random_state : the seed; the same number gives the same bits, for any number of threads.
    warm_start : `fit` starts from the parameters of the last one.
    threads : how many threads compute; all by default.
    verbose : show the progress.
    folder : keeps each run in a new folder there, with curves and checkpoints; by default nothing is written.

    Attributes
    ----------
    n_features_in_, feature_names_in_, n_iter_ (epochs)
    loss_curve_ : the training loss of each epoch. history_ : all evaluations by column, such as "validation_loss".
    model_ : the nntrain.Model, of the best epoch if there is a validation split, else of the last.
    warnings_ : what trained, but not as intended.
    """

    def __init__(
        self,
        *,
        layers: Any = None,
        activation: Any = None,
        loss: Any = None,
        optimizer: Any = None,
        lr: float | None = None,
        schedule: Any = None,
        epochs: int | None = None,
        batch_size: Any = None,
        validation: Any = None,
        early_stopping: Any = None,
        standardize: bool | None = None,
        standardize_target: bool | None = None,
        tokens: Any = None,
        initializer: Any = None,
        config: Any = None,
        random_state: Any = None,
        warm_start: bool = False,
        threads: int | None = None,
        verbose: bool = False,
        folder: Any = None,
    ):
        self.layers = layers
        self.activation = activation
        self.loss = loss
        self.optimizer = optimizer
        self.lr = lr
        self.schedule = schedule
        self.epochs = epochs
        self.batch_size = batch_size
        self.validation = validation
        self.early_stopping = early_stopping
        self.standardize = standardize
        self.standardize_target = standardize_target
        self.tokens = tokens
        self.initializer = initializer
        self.config = config
        self.random_state = random_state
        self.warm_start = warm_start
        self.threads = threads
        self.verbose = verbose
        self.folder = folder

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Trains one epoch on X and y, with a constant learning rate. Columns and targets are standardized as the first call found them."""
        return self._partial_fit(X, y, sample_weight)

    def predict(self, X: Any) -> np.ndarray:
        """The prediction for each sample: (samples,), or (samples, targets)."""
        outputs = self._outputs(X)
        values = self.model_._trained.config.loss.point(outputs)
        return values[:, 0] if self._single else values

    def _defaults(self) -> dict[str, Any]:
        return {"loss": "mse", "metrics": ["r2"]}

    def _targets(self, y: Any, reset: bool, classes: Any = None) -> np.ndarray:
        y = np.asarray(y, np.float64)
        if reset:
            self._single = y.ndim == 1
        return y[:, None] if y.ndim == 1 else y

    def _set_scale(self, target: np.ndarray, weight: np.ndarray | None) -> None:
        chosen = self.standardize_target
        mean, std = np.zeros(target.shape[1]), np.ones(target.shape[1])
        if chosen is None:
            loss = self._loss()
            unbounded = loss.target_range == (-math.inf, math.inf)
            follows = loss.unstandardized(mean, std) is not None
            chosen = unbounded and follows and options.adds_output(self.get_params())
        if chosen:
            mean, std = mean_and_std(target, weight=weight)
        self._scale = (mean, np.where(std > 0, std, 1.0))

    def _scale_of_outputs(self) -> tuple[np.ndarray, np.ndarray]:
        return self._loss().unstandardized(*self._scale) or self._scale

    def _scaled(self, target: np.ndarray) -> np.ndarray:
        mean, std = self._scale
        return (target - mean) / std

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
