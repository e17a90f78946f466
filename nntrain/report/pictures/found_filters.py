"""Filters: what the first convolution of a trained network looks for, and where it finds that in a few images, for a picture."""

import numpy as np

from nntrain.data.dataset import Dataset
from nntrain.inference.feed import Feeds
from nntrain.layers.conv import Conv2d
from nntrain.layers.layer import Activation
from nntrain.layers.norm import BatchNorm
from nntrain.network.graph import Graph, Node
from nntrain.network.network import Network
from nntrain.training.setup import Setup

IMAGES, FILTERS = 5, 10


def first_filters(setup: Setup, network: Network) -> dict[str, np.ndarray] | None:
    """None where the first layer that learns is no convolution of grey or coloured images, with a window to look at.

    weights (kernel rows, columns, channels, filters), those of the largest norm; images (images, height, width, channels)
    between 0 and 1, with names; maps (images, height, width, filters): what comes of them, activation included.
    """
    node = first_convolution(network.graph)
    if node is None:
        return None
    weights = network.arena.parameters[f"{node.name}.weight"]
    norms = np.sqrt(np.square(weights, dtype=np.float64).sum(axis=(0, 1, 2)))
    chosen = np.sort(np.argsort(-norms, kind="stable")[:FILTERS])
    data = setup.splits.test or setup.splits.validation or setup.splits.train
    indices = one_of_each_class(data)
    feed = Feeds(network, data).filled(data, indices)
    seen = after_activation(node)
    maps = next(y for other, y in feed.bound.outputs(training=False) if other is seen)
    images = feed.batch.x / data.scale + data.shift
    top = 255 if data.x.dtype == np.uint8 else images.max()
    names = (
        [data.classes[label] for label in data.target[indices]] if has_one_class(data) else [""] * len(maps)
    )
    return {
        "weights": weights[..., chosen],
        "images": (images / (top or 1)).clip(0, 1),
        "maps": maps[..., chosen],
        "names": np.array(names),
        "of": np.array(weights.shape[-1]),
    }


def first_convolution(graph: Graph) -> Node | None:
    node = next((node for node in graph.layers if node.parameters), None)
    fits = (
        node is not None
        and isinstance(node.layer, Conv2d)
        and node.input_shapes[0][-1] in (1, 3)
        and node.layer.groups == 1
    )
    return node if fits and node.parameters["weight"].shape[:2] != (1, 1) else None


def after_activation(node: Node) -> Node:
    """The layer whose output is that of the norm and the activation after `node`; the one that does their work, where fused."""
    while len(node.consumers) == 1 and isinstance(node.consumers[0].layer, (BatchNorm, Activation)):
        node = node.consumers[0]
    while node.fused:
        node = node.fused
    return node


def one_of_each_class(data: Dataset) -> np.ndarray:
    """The first sample of each of the first classes; without classes, the first samples."""
    if has_one_class(data):
        return np.unique(data.target, return_index=True)[1][:IMAGES]
    return np.arange(min(IMAGES, len(data)))


def has_one_class(data: Dataset) -> bool:
    """Whether each sample is of one class."""
    return bool(data.classes) and not data.target_shape
