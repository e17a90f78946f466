"""Lengths: whether a network of padded sequences can run on the real steps of each alone."""

from collections.abc import Sequence
from typing import Any

from nntrain.export.c.blocks import Block
from nntrain.export.program import Program
from nntrain.layers.pool import GlobalPool
from nntrain.layers.shape import Flatten, Permute, Reshape
from nntrain.network.graph import INPUT


def takes_lengths(program: Program, blocks: Sequence[Block]) -> bool:
    """Whether the training data have different lengths, and each layer gives for fewer steps what it gives for padded ones."""
    if program.data.lengths is None:
        return False
    sequences = {INPUT}  # whose first axis is the steps
    for block in blocks:
        if block.inputs[0] not in sequences:
            continue
        steps = block.input_shapes[0][0]
        if not _keeps(block.layer, block.input_shapes[0], block.shape):
            return False
        if len(block.shape) > 1 and block.shape[0] == steps:
            sequences.add(block.name)
    return True


def _keeps(layer: Any, before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    if isinstance(layer, (Flatten, Reshape)):
        return len(after) > 1 and after[0] == before[0]
    if isinstance(layer, Permute):
        return layer.axes[0] == 1
    return not isinstance(layer, GlobalPool) or len(before) == 2
