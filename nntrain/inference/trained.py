"""A trained network: its config, its snapshot, and what it knows of the data that it was trained on."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from nntrain.config.schema import Config, DataSection
from nntrain.data.conform.description import from_description
from nntrain.data.dataset import Dataset
from nntrain.data.sources.text import Text
from nntrain.data.transforms.reconstruction import with_input_as_target
from nntrain.inference.evaluate import evaluate, predictions
from nntrain.inference.explain import Explainer
from nntrain.inference.feed import Feeds
from nntrain.inference.heads import with_heads
from nntrain.inference.quick import Quick
from nntrain.limits import require_memory
from nntrain.losses.transformed import transformed
from nntrain.metrics import Metric
from nntrain.network.graph import Graph, build_graph
from nntrain.network.network import Network
from nntrain.network.size import network_size
from nntrain.network.snapshot import Snapshot, load_for_inference

ROWS = 256  # samples per batch of inference


@dataclass
class Trained:
    """What evaluating, predicting and generating need."""

    config: Config
    snapshot: Snapshot
    _lock: threading.Lock = field(
        default_factory=threading.Lock, init=False, repr=False
    )  # of the buffers below

    def __post_init__(self) -> None:
        config = with_heads(self.config, self.trained_on.heads)
        loss = transformed(config.loss, self.trained_on.target_transform)
        self.config = config.model_copy(update={"data": self._data_as_read(), "loss": loss})

    def _data_as_read(self) -> DataSection:
        """The sources, which read text as in training."""
        data = self.config.data
        texts = {
            name: source.as_before_normalization()
            for name in ("source", "validation", "test")
            if isinstance(source := getattr(data, name), Text)
        }
        return data if self.trained_on.normalized else data.model_copy(update=texts)

    @cached_property
    def trained_on(self) -> Dataset:
        """The training split as the snapshot describes it, without its samples."""
        return from_description(self.snapshot.facts["data"], self.snapshot.statistics())

    @property
    def reconstructs(self) -> bool:
        """Whether it is an autoencoder."""
        return self.config.model.target == "input"

    def graph(self) -> Graph:
        model, data, groups = self.config.model, self.trained_on, self.config.parameter_groups
        return build_graph(
            model.layers,
            data.input_shape,
            model.initializer,
            vocabulary=data.vocabulary,
            groups=groups,
            embedded=data.embedded,
        )

    def network(self, rows: int, input_gradient: bool = False) -> Network:
        """The network for batches of at most `rows` samples, without gradients unless that of its input is asked for."""
        graph, precision = self.graph(), self.config.train.precision
        needed = network_size(graph, rows, precision, backward=input_gradient).bytes
        require_memory(needed, "the network takes", "Free memory, or raise the limit.")
        network = Network(
            graph,
            rows,
            precision,
            self.config.seed,
            backward=input_gradient,
            input_gradient=input_gradient,
            initial=False,
            integer_input=bool(self.trained_on.vocabulary),
        )
        load_for_inference(network, self.snapshot)
        return network

    @cached_property
    def _network(self) -> Network:
        """Kept from call to call: its buffers belong to it, so one thread uses it at a time."""
        return self.network(ROWS)

    def outputs(self, data: Dataset) -> np.ndarray:
        """The network's outputs (samples, *output shape) for data like those of the training."""
        with self._lock:
            return predictions(self._network, data)

    @cached_property
    def _quick(self) -> Quick:
        return Quick(self.trained_on, self._network)

    def quick_outputs(self, x: object) -> np.ndarray | None:
        """The outputs for an array that needs nothing but scaling; None for others, see `Quick`."""
        with self._lock:
            return self._quick.outputs(x)

    @cached_property
    def _explainer(self) -> Explainer:
        return Explainer(self.trained_on, self.network(ROWS, input_gradient=True), self.config.loss)

    def explained(self, data: Dataset) -> np.ndarray:
        """(samples, outputs, columns): what each column adds to each output, see `Explainer`."""
        with self._lock:
            return self._explainer.explain(data)

    def evaluate(self, data: Dataset, metrics: Sequence[Metric] | None = None) -> dict[str, Any]:
        """The loss and metrics, by default those of the config, on data like those of the training."""
        if self.reconstructs:
            data = with_input_as_target(data)
        with self._lock:
            feeds = Feeds(self._network, data)
            return evaluate(
                feeds, data, self.config.loss, self.config.metrics if metrics is None else metrics
            )
