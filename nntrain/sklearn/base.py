"""Base of the estimators: inputs, weights, training, and what is kept of it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from nntrain.api.data import Data
from nntrain.api.model import Model, of_snapshot
from nntrain.data.conform.arrays import unlabeled
from nntrain.data.dataset import Dataset
from nntrain.data.in_memory import ArraySource
from nntrain.data.tables import frames
from nntrain.data.tables.features import OneHot
from nntrain.inference.texts import text_samples
from nntrain.losses import Loss
from nntrain.network.snapshot import Snapshot
from nntrain.run.checkpoint import decode, encode
from nntrain.sklearn import options
from nntrain.sklearn.errors import InvalidInput, as_value_errors
from nntrain.sklearn.size import Size
from nntrain.sklearn.texts import required, texts_of, tokens_for, with_tokens_of
from nntrain.sklearn.training import Fitted, for_inference, one_epoch, whole_run

FLOATS = (np.float64, np.float32)
LARGEST_SEED = 2**31 - 1


class NNEstimator(BaseEstimator):
    """What both estimators share. The parameters are described in the classes that users see."""

    model_: Model
    tokens: Mapping[str, Any] | None
    _one_hot: tuple[OneHot, ...]  # the columns of text in a DataFrame
    _features: tuple[
        str, ...
    ]  # the names of the features where a DataFrame is encoded; empty for plain numbers
    _tokens: Mapping[str, Any] | None = None  # the options of the tokens of texts; None for other samples
    _scale: tuple[np.ndarray, np.ndarray]  # mean and deviation of each target: what it is learned in
    _snapshot: Snapshot  # of the last epoch, for training that continues

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Trains the network on X (samples, features), or a list of texts, and y; sample_weight (samples,): how much each sample counts."""
        continues = self.warm_start and hasattr(self, "model_")
        with as_value_errors():
            data, outputs = self._data(X, y, sample_weight, not continues)
            config = self._config(len(data.source.dataset), outputs, continues)
            folder = None if self.folder is None else Path(self.folder)
            if folder is not None:
                config.setdefault("name", type(self).__name__)
            weights = self._snapshot if continues else None
            fitted = whole_run(config, data, weights, self.threads, bool(self.verbose), folder)
        self._keep(fitted, best=any(name.startswith("validation") for name in fitted.history))
        self.history_, self.warnings_, self.n_iter_ = fitted.history, fitted.warnings, fitted.epochs
        self.loss_curve_ = fitted.history["train_loss"].tolist()
        return self

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, classes: Any = None) -> Self:
        """One epoch more, with a constant learning rate."""
        continues = hasattr(self, "model_")
        with as_value_errors():
            data, outputs = self._data(X, y, sample_weight, not continues, classes, validates=False)
            config = self._config(len(data.source.dataset), outputs, continues)
            config["schedule"] = "constant"
            config["train"].pop("early_stopping", None)
            config["data"].pop("validation", None)
            fitted = one_epoch(config, data, self._snapshot if continues else None, self.threads)
        self._keep(fitted, best=False)
        before = getattr(self, "history_", {}) if continues else {}
        self.history_ = {
            name: np.concatenate([before[name], column]) if name in before else column
            for name, column in fitted.history.items()
        }
        self.warnings_, self.n_iter_ = fitted.warnings, getattr(self, "n_iter_", 0) * continues + 1
        self.loss_curve_ = self.history_["train_loss"].tolist()
        return self

    def _config(self, samples: int, outputs: int, continues: bool) -> dict[str, Any]:
        """The config; training that continues keeps the seed, the size of the network and so on."""
        if not continues:
            self._seed = int(check_random_state(self.random_state).randint(LARGEST_SEED))
            self._samples = samples
        suited = Size.suited if self._tokens is None else Size.suited_to_texts
        return options.config_of(
            self.get_params(), self._defaults(), suited(self._samples), outputs, self._seed
        )

    def _keep(self, fitted: Fitted, best: bool) -> None:
        self._snapshot = fitted.last
        chosen = fitted.best if best else fitted.last
        snapshot = for_inference(chosen, options.OUTPUT, *self._scale_of_outputs())
        self.model_ = of_snapshot(snapshot)

    def _loss(self) -> Loss:
        return options.loss_of(self.get_params(), self._defaults()["loss"])

    def _defaults(self) -> dict[str, Any]:
        """Options of the config where nothing sets them, by dotted place."""
        raise NotImplementedError

    def _data(
        self, X: Any, y: Any, sample_weight: Any, reset: bool, classes: Any = None, validates: bool = True
    ) -> tuple[Data, int]:
        """The data to train on, and how many outputs the network needs for it."""
        x, y, names, one_hot = self._checked(X, y, reset)
        target = self._targets(y, reset, classes)
        weight = self._weights(x, y, sample_weight)
        if reset:
            self._set_scale(target, weight)
        chosen = options.validation_of(self.get_params()) if validates else None
        validation = self._held_out(chosen) if isinstance(chosen, (tuple, list)) else chosen
        names_of_classes = self._class_names()
        data = Data(
            x,
            self._scaled(target),
            weight=weight,
            validation=validation,
            classes=names_of_classes or None,
            task="classification" if names_of_classes else "regression",
            tokens=self._tokens,
        )
        source = data.source.dataset
        if source.texts is not None and not reset:
            source = with_tokens_of(self.model_, source)
        data.source = ArraySource(replace(source, feature_names=names, one_hot=one_hot))
        if isinstance(data.validation, ArraySource):
            held_out = replace(data.validation.dataset, feature_names=names, one_hot=one_hot)
            data.validation = ArraySource(held_out)
        numbers = None if names_of_classes else source.target_shape[0]
        return data, self._loss().required_outputs(len(names_of_classes) or None, numbers)

    def _held_out(self, chosen: Any) -> dict[str, Any]:
        if len(chosen) not in (2, 3):
            expected = "expected a fraction, or a tuple (X, y) or (X, y, sample_weight)"
            raise InvalidInput(f"{expected}. Received: {len(chosen)} values.", place="validation")
        X, y, weight = (*chosen, None)[:3]
        x, y, _, _ = self._checked(X, y, reset=False)
        target = self._scaled(self._targets(y, reset=False))
        return {"x": x, "y": target, "weight": self._weights(x, y, weight)}

    def _checked(self, X: Any, y: Any, reset: bool) -> tuple[Any, Any, tuple[str, ...], tuple[OneHot, ...]]:
        """x and y as arrays, or x as a list of texts, the names of the features, and the text columns among them."""
        if reset:
            self._tokens = tokens_for(texts_of(X), self.tokens)
        if self._tokens is not None:
            return required(X), check_array(y, ensure_2d=False, dtype=None, input_name="y"), (), ()
        text = frames.is_mixed(X) if reset else bool(self._features)
        if not text:
            x, y = validate_data(self, X, y, reset=reset, dtype=FLOATS, multi_output=True)
            names = tuple(getattr(self, "feature_names_in_", ()))
            if reset:
                self._one_hot, self._features = (), ()
            return x, y, names, ()
        y = check_array(y, ensure_2d=False, dtype=None, input_name="y")
        x, names, one_hot = self._encoded(X, reset)
        if len(x) != len(y):
            raise InvalidInput(
                f"expected {len(x):,} targets, one per row of X. Received: {len(y):,}.", place="y"
            )
        return x, y, names, one_hot

    def _encoded(self, X: Any, reset: bool) -> tuple[np.ndarray, tuple[str, ...], tuple[OneHot, ...]]:
        """A DataFrame with columns of text."""
        if not hasattr(X, "columns"):
            message = "expected a DataFrame with the columns of the training data, some of which are text"
            raise InvalidInput(f"{message}. Received: {type(X).__name__}.", place="X")
        validate_data(self, X, reset=reset, skip_check_array=True)
        encoded = frames.EncodedFrame(X, None if reset else (self._features, self._one_hot))
        if reset:
            self._one_hot, self._features = encoded.one_hot, encoded.names
        return encoded.x, encoded.names, encoded.one_hot

    def _inputs(self, X: Any) -> Dataset:
        """X as the network takes it."""
        check_is_fitted(self)
        trained = self.model_._trained
        if self._tokens is not None:
            with as_value_errors():
                return text_samples(trained, required(X)).data
        return unlabeled(trained.trained_on, np.ascontiguousarray(self._numbers(X)))

    def _numbers(self, X: Any) -> np.ndarray:
        """(samples, features)"""
        if self._features:
            with as_value_errors():
                return self._encoded(X, reset=False)[0]
        return validate_data(self, X, reset=False, dtype=FLOATS)

    def _outputs(self, X: Any) -> np.ndarray:
        """(samples, outputs) of the network."""
        x = self._inputs(X)
        return self.model_._trained.outputs(x)

    def _targets(self, y: Any, reset: bool, classes: Any = None) -> np.ndarray:
        """y as the network learns it: (samples,) class numbers, or (samples, targets). classes: all that there will be."""
        raise NotImplementedError

    def _class_names(self) -> tuple[str, ...]:
        """Empty where the targets are numbers."""
        return ()

    def _set_scale(self, target: np.ndarray, weight: np.ndarray | None) -> None:
        """Of the targets: their mean and standard deviation."""
        self._scale = (np.zeros(1), np.ones(1))

    def _scale_of_outputs(self) -> tuple[np.ndarray, np.ndarray]:
        """What gives the network's outputs the unit of the targets: a shift and a factor for each."""
        return self._scale

    def _scaled(self, target: np.ndarray) -> np.ndarray:
        return target

    def _weights(self, x: Any, y: Any, sample_weight: Any) -> np.ndarray | None:
        """(samples,), or None where all count equally."""
        if sample_weight is None:
            return None
        return _check_sample_weight(sample_weight, x, dtype=np.float64, ensure_non_negative=True)

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        if isinstance(state.get("_snapshot"), Snapshot):
            state["_snapshot"] = encode(state["_snapshot"])
        return state

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        state = dict(state)
        if isinstance(state.get("_snapshot"), bytes):
            state["_snapshot"] = decode(state["_snapshot"])
        super().__setstate__(state)
