"""Ranges: how large the outputs of each layer become on training samples."""

from collections.abc import Mapping

import numpy as np

from nntrain import kernels
from nntrain.data.dataset import Dataset
from nntrain.inference.feed import Feeds
from nntrain.inference.trained import Trained
from nntrain.network.graph import INPUT, build_graph
from nntrain.network.network import Network
from nntrain.network.snapshot import load_for_inference

SAMPLES = 512  # more changed no scale of digits_cnn by over 2%
ROWS = 64


def unfused(trained: Trained, rows: int = ROWS) -> Network:
    """The network of which each layer writes its own output."""
    config, data = trained.config, trained.trained_on
    graph = build_graph(
        config.model.layers, data.input_shape, config.model.initializer,
        vocabulary=data.vocabulary, embedded=data.embedded, fused=False, groups=config.parameter_groups,
    )  # fmt: skip
    network = Network(
        graph, rows, config.train.precision, config.seed, backward=False, initial=False,
        integer_input=bool(data.vocabulary),
    )  # fmt: skip
    load_for_inference(network, trained.snapshot)
    return network


def some(data: Dataset, seed: int) -> Dataset:
    """At most SAMPLES of the data, at random."""
    if len(data) <= SAMPLES:
        return data
    return data.select(np.sort(np.random.default_rng(seed).choice(len(data), SAMPLES, replace=False)))


def ranges(network: Network, data: Dataset) -> Mapping[str, float]:
    """The largest absolute value of each layer's output, and of the prepared data under INPUT."""
    found: dict[str, float] = {}

    def see(name: str, values: np.ndarray) -> None:
        found[name] = max(found.get(name, 0.0), float(np.abs(values).max(initial=0.0)))

    feeds = Feeds(network, data)
    with kernels.exclusive.lock, kernels.denormals.flushed():
        for start in range(0, len(data), network.rows):
            indices = np.arange(start, min(start + network.rows, len(data)))
            feed = feeds.at(len(indices))
            data.gather(indices, feed.batch)
            feed.pass_lengths()
            feed.info.fresh = True
            see(INPUT, feed.executor.x)
            for node, y in feed.executor.outputs(training=False):
                see(node.name, y)
    for node in network.graph.layers:  # views do not run
        found.setdefault(node.name, found.get(node.inputs[0].name, 0.0))
    return found
