"""Feed: where batches enter a network and where its predictions leave it."""

import math

import numpy as np

from nntrain.data.batch import Batch, mixed_targets
from nntrain.data.dataset import Dataset
from nntrain.network.memory import leading
from nntrain.network.network import Executor, Network


class Feed:
    """The arrays of a network for batches of one size: the batch to fill, and the predictions and gradients.

    Losses take flat arrays: with a target per step, each step is a row. Metrics compare `prediction` with `answer`.
    """

    def __init__(
        self,
        network: Network,
        data: Dataset,
        rows: int,
        steps: int | None,
        target: np.ndarray,
        weight: np.ndarray,
        label: np.ndarray | None,
    ):
        self.rows = rows
        self.executor: Executor = network.executor(rows, steps)
        self.info = network.info
        shape = (
            (rows, self.executor.x.shape[1], *data.target_shape[1:])
            if data.per_step
            else (rows, *target.shape[1:])
        )
        self.batch = Batch(
            self.executor.x,
            leading(target, shape),
            leading(weight, shape[: 1 + data.per_step]) if data.has_row_weights else None,
            np.zeros(rows, np.int32) if data.lengths is not None else None,
            None if label is None else label[:rows],
        )
        outputs = self.executor.y.shape[-1]
        self.prediction = self.executor.y.reshape(-1, outputs)
        classes = self.batch.target.dtype == np.int32
        self.target = self.batch.target.reshape(-1) if classes else self.batch.target.reshape(-1, shape[-1])
        self.answer = self.target if self.batch.label is None else self.batch.label
        self.weight = None if self.batch.weight is None else self.batch.weight.reshape(-1)
        self.gradient = self.executor.dy.reshape(-1, outputs) if network.backward_possible else None
        self.no_gradient = np.zeros((0, outputs), network.dtype)

    def forward(self, training: bool) -> None:
        """Runs the network on what is in the batch."""
        self.pass_lengths()
        self.executor.forward(training)

    def pass_lengths(self) -> None:
        """Passes the real lengths of the batch's sequences to the layers."""
        lengths = self.batch.lengths
        all_real = lengths is None or lengths.min() == self.batch.x.shape[1]
        self.info.lengths = None if all_real else lengths


class Feeds:
    """The feeds of a network, one for each number of rows and steps, made on first use.

    `mixed_outputs`: the width of targets that mix classes (mixup, cutmix); 0 for plain targets.
    """

    def __init__(self, network: Network, data: Dataset, mixed_outputs: int = 0):
        self.network = network
        self.data = data
        self.target = np.zeros(
            (network.rows, *data.target_shape), np.int32 if data.classes else network.dtype
        )
        self.weight = np.zeros(math.prod(self.target.shape[: 1 + data.per_step]), network.dtype)
        self.label = None
        if mixed_outputs:
            self.target, self.label = mixed_targets(network.rows, mixed_outputs, network.dtype)
        self._feeds: dict[tuple[int, int | None], Feed] = {}

    def at(self, rows: int, steps: int | None = None) -> Feed:
        feed = self._feeds.get((rows, steps))
        if feed is None:
            feed = Feed(self.network, self.data, rows, steps, self.target, self.weight, self.label)
            self._feeds[rows, steps] = feed
        return feed

    def filled(self, data: Dataset, indices: np.ndarray) -> Feed:
        """The feed with these samples of `data`, which are like those that the feeds were made for."""
        feed = self.at(len(indices), steps_for(data, indices))
        data.gather(indices, feed.batch)
        return feed


def steps_for(data: Dataset, indices: np.ndarray) -> int | None:
    """How many steps a batch of these sequences is given; None: all that there are."""
    if data.lengths is None:
        return None
    steps = int(rounded_up(data.lengths[indices]).max())
    return steps if steps < data.input_shape[0] else None


def rounded_up(lengths: np.ndarray) -> np.ndarray:
    """Lengths to the next of at most eight numbers for each power of two, so that few different ones occur."""
    unit = np.maximum(2 ** np.floor(np.log2(lengths)).astype(np.int64) // 8, 1)
    return -(-lengths // unit) * unit
