"""Reconstruction: the input as the target, for autoencoders."""

from dataclasses import replace

import numpy as np

from nntrain.data.dataset import Dataset, Splits
from nntrain.errors import ConfigError, Problem


def reconstructing(splits: Splits) -> Splits:
    """The splits with the input of each sample as its target. Raises ConfigError for tokens and sequences."""
    train = splits.train
    if train.vocabulary or train.lengths is not None or not isinstance(train.x, np.ndarray):
        what = "tokens" if train.vocabulary else "sequences"
        message = f"`target: input` requires tables or images. Received: {what}"
        raise ConfigError([Problem(("model", "target"), message, "Remove it.")])
    return Splits(**{name: with_input_as_target(part) for name, part in splits.parts().items()})


def with_input_as_target(data: Dataset) -> Dataset:
    return replace(data, target=prepared(data), classes=(), target_names=())


def prepared(data: Dataset) -> np.ndarray:
    """(samples, values) float32: what the network gets, a row for each sample."""
    assert data.scale is not None  # see Dataset.__post_init__
    x = (np.asarray(data.imputed, np.float64) - data.shift) * data.scale
    return x.reshape(len(x), -1).astype(np.float32)
