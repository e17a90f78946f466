"""Evaluate: the loss and the metrics of a network on a data set."""

from collections.abc import Iterator, Sequence

import numpy as np

from nntrain.data.dataset import Batch, Dataset, mixed_targets
from nntrain.losses import Loss
from nntrain.metrics import Metric
from nntrain.network.network import Bound, Network

ROWS = 256  # at once, where a trained network is used


class Port:
    """Where batches of one size enter a network and its predictions leave it, as the flat arrays that losses take."""

    def __init__(self, network: Network, rows: int, target: np.ndarray, label: np.ndarray | None):
        self.rows = rows
        self.bound: Bound = network.at(rows)
        self.batch = Batch(self.bound.x, target[:rows], label=None if label is None else label[:rows])
        outputs = self.bound.y.shape[-1]
        self.prediction = self.bound.y.reshape(-1, outputs)
        self.gradient = self.bound.dy.reshape(-1, outputs) if network.backward_possible else None
        self.no_gradient = np.zeros((0, outputs), network.dtype)


class Ports:
    """The ports of a network, made once for each number of rows; for samples of mixed classes, with that many `mixed_outputs`."""

    def __init__(self, network: Network, data: Dataset, mixed_outputs: int = 0):
        self.network = network
        self.target = np.zeros((network.rows, *data.target_shape), np.int32 if data.classes else network.dtype)
        self.label = None
        if mixed_outputs:
            self.target, self.label = mixed_targets(network.rows, mixed_outputs, network.dtype)
        self._ports: dict[int, Port] = {}

    def __getitem__(self, rows: int) -> Port:
        port = self._ports.get(rows)
        if port is None:
            port = self._ports[rows] = Port(self.network, rows, self.target, self.label)
        return port


class Tally:
    """Sums of the loss and of the metrics over batches; their means at any time."""

    def __init__(self, loss: Loss, metrics: Sequence[Metric], sums: dict | None = None):
        self.metrics = metrics
        self.sums = sums or {"loss": 0.0, "weight": 0.0, "metrics": {metric.yaml_name: metric.start(loss) for metric in metrics}}

    def add(self, loss: float, weight: float, prediction, target, row_weight) -> None:
        self.sums["loss"] += loss
        self.sums["weight"] += weight
        for metric in self.metrics:
            metric.add(self.sums["metrics"][metric.yaml_name], prediction, target, row_weight)

    def scores(self) -> dict[str, float]:
        """{"loss": ..., "accuracy": ...}."""
        weight = self.sums["weight"]
        loss = self.sums["loss"] / weight if weight else float("nan")
        found = {metric.yaml_name: metric.value(self.sums["metrics"][metric.yaml_name]) for metric in self.metrics}
        return {"loss": loss, **found}


def batches_of(ports: Ports, data: Dataset) -> Iterator[Port]:
    """Runs the network over all samples in their order, without dropout and with running statistics."""
    for start in range(0, len(data), ports.network.rows):
        indices = np.arange(start, min(start + ports.network.rows, len(data)))
        port = ports[len(indices)]
        data.gather(indices, port.batch)
        port.bound.forward(training=False)
        yield port


def evaluate(ports: Ports, data: Dataset, loss: Loss, metrics: Sequence[Metric]) -> dict[str, float]:
    """The mean loss and the metrics over all samples."""
    tally = Tally(loss, metrics)
    for port in batches_of(ports, data):
        loss_sum, weight = loss(port.prediction, port.batch.target, port.batch.weight, port.no_gradient)
        tally.add(loss_sum, weight, port.prediction, port.batch.target, port.batch.weight)
    return tally.scores()


def predictions(network: Network, data: Dataset) -> np.ndarray:
    """The network's outputs (samples, *output shape) for all samples."""
    return np.concatenate([port.bound.y.copy() for port in batches_of(Ports(network, data), data)])
