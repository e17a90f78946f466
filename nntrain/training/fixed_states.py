"""Fixed states: what layers right after the data measure on the training split before training, such as quantiles."""

import numpy as np

from nntrain.data.dataset import Dataset
from nntrain.data.sequences.windows import take_rows
from nntrain.network.graph import Graph
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
    x = (x - train.shift) * train.scale
    return {
        f"{node.name}.{name}": values for node in nodes for name, values in node.layer.measured(x).items()
    }
