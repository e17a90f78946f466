"""Folded: batch norms that an exporter merged into the convolution or dense layer before them, as PyTorch's exporter to ONNX does.

The network of the config still has them. They get the values of an identity, and a bias that the layer before has no place for.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nntrain.importing.layouts import Value
from nntrain.importing.matching import Matched, Pair
from nntrain.importing.module import Source
from nntrain.importing.slots import Slot

BEFORE = ("conv1d", "conv2d", "depthwise_conv2d", "conv2d_transpose", "dense")
HOW = "folded into the layer before: identity"


class Folds:
    """The slots of a network as a file without batch norms has them, and how those of the network follow."""

    def __init__(self, source: Source, slots: Sequence[Slot]):
        self.slots = list(slots)
        self._norms: dict[
            int, tuple[Slot, Slot]
        ] = {}  # by the slot to match: those of the layer and of its norm
        if source.framework != "ONNX" or any(module.kinds == {"batch_norm"} for module in source.modules):
            return
        by_node = {slot.node: slot for slot in slots}
        for norm in slots:
            layer = by_node.get(norm.node.inputs[0])
            if norm.kind == "batch_norm" and layer is not None and self._can_fold(layer, norm):
                bias = {"bias": norm.shapes["running_mean"]}
                whole = replace(layer, shapes={**layer.shapes, **bias})
                self.slots[self.slots.index(layer)] = whole
                self.slots.remove(norm)
                self._norms[id(whole)] = layer, norm

    @staticmethod
    def _can_fold(layer: Slot, norm: Slot) -> bool:
        alone = len(layer.node.consumers) == 1
        return layer.kind in BEFORE and alone and ("shift" in norm.shapes or "bias" in layer.shapes)

    def unfold(self, found: Matched) -> None:
        """Gives the layers and the norms their own pairs."""
        pairs = []
        for pair in found.pairs:
            if id(pair.slot) not in self._norms:
                pairs.append(pair)
                continue
            layer, norm = self._norms[id(pair.slot)]
            values = dict(pair.values)
            bias = None if "bias" in layer.shapes else values.pop("bias")
            pairs += [Pair(pair.module, layer, values), Pair(pair.module, norm, identity(norm, bias))]
        found.pairs = pairs
        found.slots = [part for slot in found.slots for part in self._norms.get(id(slot), (slot,))]


def identity(norm: Slot, bias: Value | None) -> dict[str, Value]:
    """A norm that adds the bias and changes nothing else: variance + eps is 1."""
    eps = norm.layer.eps  # type: ignore[attr-defined]
    fills = {"scale": 1.0, "shift": 0.0, "running_mean": 0.0, "running_variance": 1.0 - eps}
    values = {name: Value(np.full(shape, fills[name]), (), HOW) for name, shape in norm.shapes.items()}
    return values if bias is None else values | {"shift": Value(bias.array, bias.sources, bias.how)}
