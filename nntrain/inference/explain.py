"""Explain: what each column of a table adds to an output, to first order: the column's value times the output's gradient.

Source: Shrikumar, Greenside & Kundaje 2017, Learning important features through propagating activation differences (input x gradient).
"""

from typing import Any

import numpy as np

from nntrain import kernels
from nntrain.data.dataset import Dataset
from nntrain.data.tables.features import columns, listed
from nntrain.data.words import words_among
from nntrain.errors import UserError
from nntrain.inference.feed import Feeds
from nntrain.losses import Loss
from nntrain.metrics.metric import predicted_classes
from nntrain.network.network import Network


def check_explainable(data: Dataset) -> None:
    """Raises UserError unless the network was trained on rows of numbers, as a table has them. data: the training split."""
    hint = ""
    if data.heads:
        raise UserError("no explanation: the network has several targets of different kinds")
    if data.unit or data.vocabulary:
        what = "a text" if data.unit else "tokens"
    elif data.is_bytes or len(data.input_shape) == 3:
        what, hint = "images", "The picture `saliency` shows which pixels change the output most."
    elif data.embedded:
        names = listed(column.column for column in data.embedded)
        what = f"learned vectors of categories ({names}), which have no value to multiply by the gradient"
        raise UserError(
            f"no explanation: the network has {what}", "The picture `importance` shows what each column adds."
        )
    elif len(data.input_shape) == 1:
        return
    else:
        what = f"samples of shape {data.input_shape}"
    raise UserError(f"no explanation: the network was trained on {what}, not on a table", hint)


def explained_columns(data: Dataset) -> tuple[str, ...]:
    """The columns of a table: a text column is one, whatever its number of categories. Without names: column 1, column 2, ..."""
    if not data.feature_names:
        return tuple(f"column {number}" for number in range(1, data.input_shape[0] + 1))
    return tuple(name for name, _, _ in explained_spots(data))


def explained_spots(data: Dataset) -> list[tuple[str, int, Any]]:
    """The columns, each with the position of its first feature; the words of a text are one."""
    return words_among(columns(data.feature_names, data.one_hot), data.words)


class Explainer:
    """Input times gradient, in evaluation, for one thread at a time.

    With the network's input z = (x - shift) * scale and an output y, a column adds z * dy/dz, in the unit of y; the categories of a
    text column are summed. Where y is linear in z, the sum over all columns is y without its bias. Elsewhere it is a first-order
    estimate of how y differs from that of z = 0, which after standardization is the mean of the training data.
    """

    def __init__(self, data: Dataset, network: Network, loss: Loss):
        """data: the training split, of which the samples are not needed. network: with gradients, of its input too."""
        self.feeds, self.loss = Feeds(network, data), loss
        self.starts = np.arange(data.input_shape[0])
        if data.feature_names:
            self.starts = np.array([start for _, start, _ in explained_spots(data)])

    def explain(self, data: Dataset) -> np.ndarray:
        """(samples, outputs, columns): what each column adds to each output; of classes, to the logit of the predicted one alone."""
        rows = self.feeds.network.rows
        with kernels.denormals.flushed():
            parts = [
                self._batch(data, np.arange(start, min(start + rows, len(data))))
                for start in range(0, len(data), rows)
            ]
        return np.concatenate(parts)

    def _batch(self, data: Dataset, samples: np.ndarray) -> np.ndarray:
        found: list[np.ndarray] = []
        with kernels.exclusive.lock:
            feed = self.feeds.filled(data, samples)
            z = feed.executor.x.astype(np.float64)  # a copy: later layers may reuse the buffer
            feed.info.fresh = True
            feed.forward(training=False)
            outputs = feed.prediction.copy()
            slopes = None if data.classes else self.loss.value_slopes(outputs)
            for direction in directions(outputs, slopes):
                if found:
                    self.feeds.filled(data, samples).forward(training=False)  # backward reuses its arrays
                assert feed.gradient is not None
                feed.gradient[...] = direction
                feed.executor.backward()
                with np.errstate(over="ignore", invalid="ignore"):
                    found.append(np.add.reduceat(z * feed.executor.dx, self.starts, axis=1))
        return np.stack(found, axis=1)


def directions(outputs: np.ndarray, slopes: np.ndarray | None) -> list[np.ndarray]:
    """(rows, outputs) each: the derivative of what is explained with respect to the outputs; slopes: of numbers, None for classes.

    A single output for two classes is the logit of the second one; that of the first is its negative.
    """
    count = outputs.shape[1]
    if slopes is not None:
        return [row * slopes for row in np.eye(count)]
    predicted = predicted_classes(outputs)
    if count == 1:
        return [np.where(predicted, 1.0, -1.0)[:, None]]
    return [(predicted[:, None] == np.arange(count)).astype(np.float64)]
