"""Evaluate: the loss and the metrics of a network on a data set."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from nntrain.data.batch import Batch, mixed_targets
from nntrain.data.batches import contiguous_order
from nntrain.data.dataset import Dataset
from nntrain.losses import Loss
from nntrain.metrics import Metric
from nntrain.network.network import Bound, Network, leading

ROWS = 256  # at once, where a trained network is used
LANES = 32  # runs of consecutive windows that are scored side by side, each of
FEWEST = 64  # windows or more, for each begins without a past


class Port:
    """Where batches of one size enter a network and its predictions leave it, as the flat arrays that losses take.

    A target for each step counts there as a row of its own. Metrics hold the prediction against `answer`.
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
        self.bound: Bound = network.at(rows, steps)
        self.run = network.run
        shape = (
            (rows, self.bound.x.shape[1], *data.target_shape[1:])
            if data.per_step
            else (rows, *target.shape[1:])
        )
        padded = data.lengths is not None
        self.batch = Batch(
            self.bound.x,
            leading(target, shape),
            leading(weight, shape[:2]) if padded and data.per_step else None,
            np.zeros(rows, np.int32) if padded else None,
            None if label is None else label[:rows],
        )
        outputs = self.bound.y.shape[-1]
        self.prediction = self.bound.y.reshape(-1, outputs)
        classes = self.batch.target.dtype == np.int32
        self.target = self.batch.target.reshape(-1) if classes else self.batch.target.reshape(-1, shape[-1])
        self.answer = self.target if label is None else self.batch.label
        self.weight = None if self.batch.weight is None else self.batch.weight.reshape(-1)
        self.gradient = self.bound.dy.reshape(-1, outputs) if network.backward_possible else None
        self.no_gradient = np.zeros((0, outputs), network.dtype)

    def forward(self, training: bool) -> None:
        """Runs the network on what is in the batch."""
        lengths = self.batch.lengths
        all_real = lengths is None or lengths.min() == self.batch.x.shape[1]
        self.run.lengths = None if all_real else lengths
        self.bound.forward(training)


class Ports:
    """The ports of a network, made once for each number of rows and steps; for samples of mixed classes, with that many
    `mixed_outputs`.
    """

    def __init__(self, network: Network, data: Dataset, mixed_outputs: int = 0):
        self.network = network
        self.data = data
        self.target = np.zeros(
            (network.rows, *data.target_shape), np.int32 if data.classes else network.dtype
        )
        self.weight = np.zeros(math.prod(self.target.shape[:2]) if data.per_step else 0, network.dtype)
        self.label = None
        if mixed_outputs:
            self.target, self.label = mixed_targets(network.rows, mixed_outputs, network.dtype)
        self._ports: dict[tuple[int, int | None], Port] = {}

    def at(self, rows: int, steps: int | None = None) -> Port:
        port = self._ports.get((rows, steps))
        if port is None:
            port = Port(self.network, self.data, rows, steps, self.target, self.weight, self.label)
            self._ports[rows, steps] = port
        return port

    def filled(self, data: Dataset, indices: np.ndarray) -> Port:
        """The port with these samples of `data`, which are like those that the ports were made for."""
        port = self.at(len(indices), steps_for(data, indices))
        data.gather(indices, port.batch)
        return port


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


class Tally:
    """Sums of the loss and of the metrics over batches; their means at any time."""

    def __init__(self, loss: Loss, metrics: Sequence[Metric], sums: dict | None = None):
        self.metrics = metrics
        self.known = {metric.yaml_name for metric in metrics if metric.sums_the_loss(loss)}
        self.sums = sums or {
            "loss": 0.0,
            "weight": 0.0,
            "metrics": {metric.yaml_name: metric.start(loss) for metric in metrics},
        }

    def add(self, loss: float, weight: float, port: Port) -> None:
        """What the loss gave, its sum and weight, and what is in the port."""
        self.sums["loss"] += loss
        self.sums["weight"] += weight
        for metric in self.metrics:
            sums = self.sums["metrics"][metric.yaml_name]
            if metric.yaml_name in self.known and port.answer is port.target:
                sums["sum"] += (
                    loss  # a second time over the many classes of a text took a fifteenth of a step
                )
                sums["count"] += weight
            else:
                metric.add(sums, port.prediction, port.answer, port.weight)

    def scores(self) -> dict[str, float]:
        """{"loss": ..., "accuracy": ...}."""
        weight = self.sums["weight"]
        loss = self.sums["loss"] / weight if weight else float("nan")
        found = {
            metric.yaml_name: metric.value(self.sums["metrics"][metric.yaml_name]) for metric in self.metrics
        }
        return {"loss": loss, **found}


def batches_of(ports: Ports, data: Dataset) -> Iterator[tuple[np.ndarray, Port]]:
    """Runs the network over all samples, without dropout and with running statistics; which ones they are, and what came.

    Sequences go with others that need as many steps, so that what comes of one does not depend on how many go at once.
    """
    rows = min(max(len(data) // FEWEST, 1), LANES) if data.consecutive else ports.network.rows
    for samples in groups(data, rows):
        for start in range(0, len(samples), rows):
            indices = samples[start : start + rows]
            port = ports.filled(data, indices)
            port.run.fresh = start == 0 or not data.consecutive
            port.forward(training=False)
            yield indices, port


def groups(data: Dataset, rows: int) -> list[np.ndarray]:
    """All samples in the order in which batches of `rows` take them, those apart that need another number of steps."""
    if data.consecutive:
        return [contiguous_order(len(data), rows)]
    if data.lengths is None:
        return [np.arange(len(data))]
    steps = np.minimum(rounded_up(data.lengths), data.input_shape[0])
    return [np.flatnonzero(steps == needed) for needed in np.unique(steps)]


def evaluate(ports: Ports, data: Dataset, loss: Loss, metrics: Sequence[Metric]) -> dict[str, float]:
    """The mean loss and the metrics over all samples."""
    tally = Tally(loss, metrics)
    for _, port in batches_of(ports, data):
        loss_sum, weight = loss(port.prediction, port.target, port.weight, port.no_gradient)
        tally.add(loss_sum, weight, port)
    return tally.scores()


def predictions(network: Network, data: Dataset) -> np.ndarray:
    """The network's outputs (samples, *output shape) for all samples; 0 at steps that a sequence does not have."""
    outputs = np.zeros((len(data), *network.graph.output.shape), network.dtype)
    for indices, port in batches_of(Ports(network, data), data):
        place = (indices, slice(port.bound.y.shape[1])) if data.per_step else indices
        outputs[place] = port.bound.y
    return outputs
