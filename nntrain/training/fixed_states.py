"""Fixed states: what layers right after the data measure on the training split before training, such as quantiles."""

import numpy as np

from nntrain.data.dataset import Dataset
from nntrain.data.sequences.windows import take_rows
from nntrain.data.tables.curves import curved
from nntrain.network.graph import Graph
from nntrain.network.node import Node
from nntrain.training.scales import evenly

MOST_ROWS = 100_000  # of more, evenly spaced ones


def measured_states(graph: Graph, train: Dataset) -> dict[str, np.ndarray]:
    """The states by their names in a network."""
    nodes = [node for node in graph.layers if node.layer.follows_data]
    if not nodes:
        return {}
    x = take_rows(train.x, evenly(len(train), MOST_ROWS)).astype(np.float64)
    if train.fill is not None:
        x = np.where(np.isnan(x), train.fill, x)
    x = (curved(x, train.curves) - train.shift) * train.scale
    return {
        f"{node.name}.{name}": values
        for node in nodes
        for name, values in node.layer.measured(_numbers(node, x)).items()
    }


def _numbers(node: Node, x: np.ndarray) -> np.ndarray:
    """The data without the columns that the layer before embeds, if one does."""
    (source,) = node.inputs
    return x[:, source.layer.numbers(x.shape[-1])] if source.inputs else x
