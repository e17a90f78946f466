"""A trained network: its config, its snapshot, and what it knows of the data that it was trained on."""

from dataclasses import dataclass
from functools import cached_property

from nntrain.config.schema import Config
from nntrain.data.conform import without_samples
from nntrain.data.dataset import Dataset
from nntrain.network.graph import Graph, build_graph
from nntrain.network.network import Network
from nntrain.network.snapshot import Snapshot, load_for_inference

ROWS = 256  # samples per batch of inference


@dataclass
class Trained:
    """What evaluating, predicting and generating need."""

    config: Config
    snapshot: Snapshot

    @cached_property
    def trained_on(self) -> Dataset:
        """The training split as the snapshot describes it, without its samples."""
        return without_samples(self.snapshot.facts["data"], self.snapshot.statistics())

    def graph(self) -> Graph:
        model, data = self.config.model, self.trained_on
        return build_graph(model.layers, data.input_shape, model.initializer, vocabulary=data.vocabulary)

    def network(self, rows: int = ROWS) -> Network:
        """The network for batches of at most `rows` samples, without gradients."""
        network = Network(
            self.graph(),
            rows,
            self.config.train.precision,
            self.config.seed,
            backward=False,
            integer_input=bool(self.trained_on.vocabulary),
        )
        load_for_inference(network, self.snapshot)
        return network
