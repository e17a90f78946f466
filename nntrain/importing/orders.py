"""Orders: how PyTorch and ONNX number the features of flattened images and sequences, which they keep with the channels first.

Ours are (height, width, channels): after `flatten`, feature (i, j, c) has another number than in a network whose images are (channels,
height, width). The weights that read such features, or that make them for a `reshape` to an image, have to follow.
"""

import math
from collections.abc import Sequence

import numpy as np

from nntrain.layers.conv import Conv1d
from nntrain.layers.merge import Concat
from nntrain.layers.shape import Flatten, Reshape
from nntrain.layers.time_distributed import TimeDistributed
from nntrain.network.node import Node

Orders = dict[Node, np.ndarray]
UNCLEAR = np.zeros(0, np.intp)  # of features that are summed from branches of different orders
OF_THEIR_OWN = ("simple_rnn", "lstm", "gru", "embedding", "multi_head_attention", "dense", "maxout")


def orders_of(nodes: Sequence[Node]) -> tuple[Orders, Orders]:
    """For each node, the numbers with channels first of its input features, and of its output features, where they differ from ours."""
    outputs = _demanded(nodes)
    inputs: Orders = {}
    for node in nodes:
        sources = [outputs.get(source) for source in node.inputs]
        order = next((source for source in sources if source is not None), None)
        if order is not None:
            if not isinstance(node.layer, Concat) and not all(_equal(order, other) for other in sources):
                order = UNCLEAR
            inputs[node] = order
        made = _made(node)
        if made is not None:
            outputs[node] = made
        elif isinstance(node.layer, Concat) and order is not None and len(node.shape) == 1:
            outputs[node] = _side_by_side(node, sources)
        elif order is not None and _keeps_features(node):
            outputs[node] = order
    return inputs, outputs


def _made(node: Node) -> np.ndarray | None:
    """The order that a layer makes by flattening."""
    layer = node.layer
    if isinstance(layer, TimeDistributed) and isinstance(layer.layer, Flatten):
        return _different(channels_first(node.input_shapes[0][1:]))
    to_one_axis = isinstance(layer, Reshape) and len(node.shape) == 1
    if not (isinstance(layer, Flatten) or to_one_axis):
        return None
    shape = node.input_shapes[0]
    if len(shape) == 2 and not _has_channels_first(node.inputs[0]):
        return None
    return _different(channels_first(shape)) if len(shape) > 1 else None


def channels_first(shape: tuple[int, ...]) -> np.ndarray:
    """For each value of an image (height, width, channels) or a sequence (steps, features), in our order, its number with the channels
    first; further axes before those stay first.
    """
    *others, last = shape
    leading, places = (others[:-2], others[-2:]) if len(others) > 2 else ([], others)
    numbers = np.arange(math.prod(shape)).reshape(*leading, last, *places)
    return np.moveaxis(numbers, len(leading), -1).reshape(-1)


def _equal(one: np.ndarray, other: np.ndarray | None) -> bool:
    return other is not None and np.array_equal(one, other)


def _different(order: np.ndarray) -> np.ndarray | None:
    return None if np.array_equal(order, np.arange(order.size)) else order


def _has_channels_first(node: Node) -> bool:
    """Whether PyTorch keeps this sequence as (features, steps): after a convolution, until a layer that takes (steps, features)."""
    while node.inputs:
        if isinstance(node.layer, Conv1d):
            return True
        if node.layer.yaml_name in OF_THEIR_OWN or len(node.input_shapes[0]) != 2:
            return False
        node = node.inputs[0]
    return False


def _keeps_features(node: Node) -> bool:
    """Whether output feature i comes from input feature i: activations, norms, dropout, sums."""
    same = all(shape == node.shape for shape in node.input_shapes)
    return same and len(node.shape) in (1, 2) and node.layer.yaml_name not in (*OF_THEIR_OWN, "permute")


def _side_by_side(node: Node, sources: Sequence[np.ndarray | None]) -> np.ndarray:
    parts, start = [], 0
    for order, (size,) in zip(sources, node.input_shapes, strict=True):
        parts.append(start + (np.arange(size) if order is None else order))
        start += size
    return np.concatenate(parts)


def _demanded(nodes: Sequence[Node]) -> Orders:
    """What a `reshape` of features to an image asks of the layers before it, as in a decoder."""
    found: Orders = {}
    for node in nodes:
        if not (isinstance(node.layer, Reshape) and len(node.input_shapes[0]) == 1 and len(node.shape) == 3):
            continue
        order = _different(channels_first(node.shape))
        source = node.inputs[0]
        while order is not None and source.inputs:
            found[source] = order
            if not _keeps_features(source):
                break
            source = source.inputs[0]
    return found
