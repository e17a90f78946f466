"""Texts as the samples of an estimator: a list or a column of them, and the tokens that they become."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nntrain.api.model import Model
from nntrain.data.dataset import Dataset
from nntrain.data.sequences.texts import as_texts
from nntrain.sklearn.errors import InvalidInput
from nntrain.starters import text_network


def texts_of(X: Any) -> list[str] | None:
    """X as a list of texts; None for other samples. Raises DataError for missing values among texts."""
    return None if isinstance(X, str) else as_texts("X", X)


def required(X: Any) -> list[str]:
    """X as a list of texts. Raises InvalidInput for other samples."""
    if (texts := texts_of(X)) is None:
        raise InvalidInput(
            f"expected a list or a column of texts, as in training. Received: {type(X).__name__}.", place="X"
        )
    return texts


def tokens_for(texts: list[str] | None, chosen: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The options of the tokens, by default those that `nntrain new` proposes; None for other samples. Raises InvalidInput."""
    if texts is None:
        if chosen is not None:
            raise InvalidInput("expected a list or a column of texts X, which become tokens", place="tokens")
        return None
    return text_network.tokens_for(texts) if chosen is None else chosen


def with_tokens_of(model: Model, data: Dataset) -> Dataset:
    """Texts that become the tokens of a trained network, as many as it takes."""
    train = model._trained.trained_on
    assert data.texts is not None  # see NNEstimator._data
    return replace(data, tokenizer=train.tokenizer, texts=replace(data.texts, steps=train.input_shape[0]))
