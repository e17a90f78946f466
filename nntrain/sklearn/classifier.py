"""NNClassifier: a network as a classifier of scikit-learn."""

from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import column_or_1d, compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from nntrain.errors import UserError
from nntrain.metrics.metric import predicted_classes
from nntrain.sklearn.base import NNEstimator
from nntrain.sklearn.errors import InvalidInput


def _is_probabilistic(estimator: "NNClassifier") -> bool:
    try:
        return estimator._loss().probabilistic
    except UserError:  # which fit reports
        return True


class NNClassifier(ClassifierMixin, NNEstimator):
    """A neural network that predicts classes, or several labels (y of 0 and 1, one column per label).

    Parameters that are None take what `config` says or, without it, what suits the number of samples, as `nntrain new` proposes:
    one or two hidden layers, adamw with a cosine schedule, 10 to 200 epochs. For texts, a list or a column of them, that is a network
    of embeddings, pooling and a convolution, which comes before `layers` that are widths.

    Parameters
    ----------
    layers : the hidden layers, widths or layers as in a config, such as (64, 32) or [64, {"dropout": 0.2}]; (): none. The output
        layer, a dense one, is added after them.
    activation : of the layers that are widths; "relu" by default.
    loss : "cross_entropy" by default, for several labels "binary_cross_entropy"; a name, or {name: options}.
    optimizer, schedule, initializer : as in a config, such as "adam" or {"sgd": {"lr": 0.1, "momentum": 0.9}}.
    lr : the learning rate, in place of the optimizer's.
    epochs, batch_size : of the training; "full" is one batch of all samples.
    validation : a fraction of the samples, or (X, y), to choose the best epoch by; none by default.
    early_stopping : True, or after how many epochs without an improvement training stops; holds out 0.1 unless `validation` is set.
    standardize : zero mean and unit variance of each column, by default.
    tokens : how texts X become tokens, as `nntrain.Data` takes it, such as {"unit": "bpe", "vocabulary": 5000}.
    class_weight : {class: weight} or "balanced"; multiplied with `sample_weight`.
    config : a YAML file or a dictionary, for all other options. Its `model.layers` are the whole network, with the output layer.
    random_state : the seed; the same number gives the same bits, for any number of threads.
    warm_start : `fit` starts from the parameters of the last one.
    threads : how many threads compute; all by default.
    verbose : show the progress.
    folder : keeps each run in a new folder there, with curves and checkpoints; by default nothing is written.

    Attributes
    ----------
    classes_, n_features_in_, feature_names_in_, n_iter_ (epochs)
    loss_curve_ : the training loss of each epoch. history_ : all evaluations by column, such as "validation_loss".
    model_ : the nntrain.Model, of the best epoch if there is a validation split, else of the last.
    warnings_ : what trained, but not as intended.
    """

    classes_: np.ndarray

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
        tokens: Any = None,
        initializer: Any = None,
        class_weight: Any = None,
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
        self.tokens = tokens
        self.initializer = initializer
        self.class_weight = class_weight
        self.config = config
        self.random_state = random_state
        self.warm_start = warm_start
        self.threads = threads
        self.verbose = verbose
        self.folder = folder

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Trains one epoch on X and y, with a constant learning rate; the first call names all `classes`, unless y has them all.

        Columns are standardized as the first call found them.
        """
        return self._partial_fit(X, y, sample_weight, classes)

    def predict(self, X: Any) -> np.ndarray:
        """The class of each sample; with several labels (samples, labels) 0 and 1."""
        outputs = self._outputs(X)
        if self._several:
            return (outputs > 0).astype(np.int64)
        return self.classes_[predicted_classes(outputs).astype(np.int64)]

    @available_if(_is_probabilistic)
    def predict_proba(self, X: Any) -> np.ndarray:
        """(samples, classes): the probabilities of the classes, in the order of `classes_`, or of the labels."""
        outputs = self._outputs(X)
        loss = self.model_._trained.config.loss
        return loss.values(outputs) if self._several else loss.probabilities(outputs)

    @available_if(_is_probabilistic)
    def predict_log_proba(self, X: Any) -> np.ndarray:
        """The logarithm of `predict_proba`."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def decision_function(self, X: Any) -> np.ndarray:
        """(samples, classes) logits; of two classes (samples,), above 0 for the second."""
        outputs = self._outputs(X).astype(np.float64)
        if self._several or outputs.shape[1] > 2:
            return outputs
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs[:, 1] - outputs[:, 0]

    def _targets(self, y: Any, reset: bool, classes: Any = None) -> np.ndarray:
        check_classification_targets(y)
        if reset:
            self._several = type_of_target(y) == "multilabel-indicator"
            if self._several:
                self.classes_ = np.arange(y.shape[1])
            else:
                self.classes_ = np.unique(column_or_1d(y) if classes is None else classes)
            if len(self.classes_) < 2 and not self._several:
                raise InvalidInput(
                    f"expected at least two classes. Received: 1 class, {self.classes_[0]!r}.", place="y"
                )
        if self._several:
            if type_of_target(y) != "multilabel-indicator" or y.shape[1] != len(self.classes_):
                raise InvalidInput(f"expected {len(self.classes_)} labels per sample, as before", place="y")
            return np.asarray(y, np.float64)
        y = column_or_1d(y, warn=True)
        places = np.searchsorted(self.classes_, y).clip(0, len(self.classes_) - 1)
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            message = f"unknown classes: {unknown.tolist()[:5]}. Known: {self.classes_.tolist()[:5]}."
            raise InvalidInput(message, "Name all `classes` in the first call of partial_fit.", "y")
        return places.astype(np.int32)

    def _defaults(self) -> dict[str, Any]:
        several = getattr(self, "_several", False)
        return {"loss": "binary_cross_entropy" if several else "cross_entropy", "metrics": ["accuracy"]}

    def _class_names(self) -> tuple[str, ...]:
        return () if self._several else tuple(map(str, self.classes_.tolist()))

    def _weights(self, x: np.ndarray, y: Any, sample_weight: Any) -> np.ndarray | None:
        weight = super()._weights(x, y, sample_weight)
        if self.class_weight is None:
            return weight
        balance = compute_sample_weight(self.class_weight, y)
        return balance if weight is None else weight * balance

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
