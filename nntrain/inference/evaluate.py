"""Evaluate: the loss and the metrics of a network on a data set, and its predictions."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from nntrain import kernels
from nntrain.data.batches import contiguous_order
from nntrain.data.dataset import Dataset
from nntrain.data.stages import Stages
from nntrain.distributed.ranks import ALONE, Ranks
from nntrain.inference.feed import Feed, Feeds, rounded_up
from nntrain.losses import Loss
from nntrain.metrics import Metric
from nntrain.network.network import Network

LANES = 32  # consecutive windows are evaluated in so many lanes side by side, each of
FEWEST = 64  # windows or more, because the first of a lane has no past


class Predicted(Protocol):
    """A batch with its predictions, as a feed holds it after forward."""

    @property
    def prediction(self) -> np.ndarray: ...
    @property
    def target(self) -> np.ndarray: ...
    @property
    def answer(self) -> np.ndarray: ...
    @property
    def weight(self) -> np.ndarray | None: ...


class Tally:
    """Sums of the loss and of the metrics over batches; their means at any time."""

    def __init__(self, loss: Loss, metrics: Sequence[Metric], sums: dict | None = None):
        self.metrics = metrics
        self.loss = loss
        self.known = {metric.yaml_name for metric in metrics if metric.sums_the_loss(loss)}
        self.sums = sums or {
            "loss": 0.0,
            "weight": 0.0,
            "metrics": {metric.yaml_name: metric.start(loss) for metric in metrics},
        }

    def add(self, loss: float, weight: float, feed: Predicted) -> None:
        """Adds the sum and the weight of a batch's loss, and the predictions in the feed."""
        self.sums["loss"] += loss
        self.sums["weight"] += weight
        for metric in self.metrics:
            sums = self.sums["metrics"][metric.yaml_name]
            if metric.yaml_name in self.known and feed.answer is feed.target:
                sums["sum"] += (
                    loss  # computing it again took a fifteenth of a step with the many classes of a text
                )
                sums["count"] += weight
            else:
                metric.add(sums, compared(metric, self.loss, feed.prediction), feed.answer, feed.weight)

    def of(self, loss: float, weight: float, feed: Predicted) -> "Tally":
        """A tally of one batch alone, which can be merged into this one."""
        alone = Tally(self.loss, self.metrics)
        alone.add(loss, weight, feed)
        return alone

    def merge(self, sums: dict[str, Any]) -> None:
        """Adds the sums of a tally of later batches. One batch after the other, the bits are those of `add`."""
        self.sums["loss"] += sums["loss"]
        self.sums["weight"] += sums["weight"]
        for metric in self.metrics:
            metric.merge(self.sums["metrics"][metric.yaml_name], sums["metrics"][metric.yaml_name])

    def scores(self) -> dict[str, Any]:
        """{"loss": ..., "accuracy": ...}."""
        weight = self.sums["weight"]
        loss = self.sums["loss"] / weight if weight else float("nan")
        found = {
            metric.yaml_name: metric.value(self.sums["metrics"][metric.yaml_name]) for metric in self.metrics
        }
        # NumPy's numbers become Python's: they are printed and written to JSON.
        plain = {
            name: value.item() if isinstance(value, np.generic) else value for name, value in found.items()
        }
        return {"loss": loss, **plain}


def compared(metric: Metric, loss: Loss, prediction: np.ndarray) -> np.ndarray:
    """What a metric compares with the targets: the outputs, or what they predict."""
    return loss.point(prediction) if metric.compares_points(loss) else prediction


def batches_of(
    feeds: Feeds, data: Dataset, every: int = 1, first: int = 0
) -> Iterator[tuple[np.ndarray, Feed]]:
    """Runs the network over all samples in evaluation mode; yields the samples' numbers and the feed with their predictions.

    Sequences share a batch with others that need as many steps, so that the result for one does not depend on the batch size.
    `every`, `first`: only batches first, first + every, ...; consecutive windows need all.
    """
    rows = min(max(len(data) // FEWEST, 1), LANES) if data.consecutive else feeds.network.rows
    numbers, stages = itertools.count(), Stages(data)
    for samples in groups(data, rows):
        for start in range(0, len(samples), rows):
            if next(numbers) % every != first:
                continue
            places = slice(start, start + rows)
            indices = samples[places]
            with kernels.exclusive.lock:
                feed = feeds.filled(*stages.at(samples, places))
                feed.info.fresh = start == 0 or not data.consecutive
                feed.forward(training=False)
            yield indices, feed


def groups(data: Dataset, rows: int) -> list[np.ndarray]:
    """All samples in the order in which batches of `rows` take them; each group needs its own number of steps."""
    if data.consecutive:
        return [contiguous_order(len(data), rows)]
    if data.lengths is None:
        return [np.arange(len(data))]
    steps = np.minimum(rounded_up(data.lengths), data.input_shape[0])
    return [np.flatnonzero(steps == needed) for needed in np.unique(steps)]


def evaluate(
    feeds: Feeds, data: Dataset, loss: Loss, metrics: Sequence[Metric], ranks: Ranks = ALONE
) -> dict[str, Any]:
    """The mean loss and the metrics over all samples: {"loss": 0.11, "accuracy": 0.97}.

    Ranks share the batches, except those of consecutive windows, each of which needs the one before.
    """
    tally = Tally(loss, metrics)
    shared = ranks.size if not data.consecutive else 1
    own: list[dict[str, Any]] = []
    with kernels.denormals.flushed():
        for _, feed in batches_of(feeds, data, shared, ranks.rank % shared):
            with kernels.exclusive.lock:
                loss_sum, weight = loss(feed.prediction, feed.target, feed.weight, feed.no_gradient)
                if shared == 1:
                    tally.add(loss_sum, weight, feed)
                else:
                    own.append(tally.of(loss_sum, weight, feed).sums)
    if shared > 1:
        for batches in itertools.zip_longest(*ranks.gathered(own)):
            for sums in filter(None, batches):
                tally.merge(sums)
    return tally.scores()


def predictions(network: Network, data: Dataset) -> np.ndarray:
    """The network's outputs (samples, *output shape) for all samples; 0 at the padded steps of a sequence."""
    outputs = np.zeros((len(data), *network.graph.output.shape), network.dtype)
    with kernels.denormals.flushed():
        for indices, feed in batches_of(Feeds(network, data), data):
            place = (indices, slice(feed.executor.y.shape[1])) if data.per_step else indices
            outputs[place] = feed.executor.y
    return outputs
