"""Steps of sequences: their number and positions, which of them are padding, and which layers take any number of them."""

from typing import Any

import numpy as np

from nntrain.export.onnx.graph import Value
from nntrain.export.onnx.place import Place
from nntrain.export.program import Program
from nntrain.layers.conv import Conv1d
from nntrain.layers.pool import AvgPool1d, GlobalAvgPool, GlobalMaxPool, MaxPool1d
from nntrain.layers.recurrent import Gru, Lstm, SimpleRnn
from nntrain.layers.shape import Flatten, Permute, Reshape
from nntrain.layers.time_distributed import TimeDistributed
from nntrain.network.graph import INPUT

WINDOWS = (Conv1d, MaxPool1d, AvgPool1d)
ENDS = (GlobalAvgPool, GlobalMaxPool)  # of the sequence: one vector comes out
NEED_ALL = (Flatten, Permute, Reshape, TimeDistributed)  # the number of steps is in what they write


def number_of_steps(at: Place) -> str:
    """(1,) int64"""
    name, axis = at.timeline.name, at.timeline.axes.index(1)
    return at.graph.once("Shape", [name], f"{name}/steps", start=axis, end=axis + 1)


def positions_of_steps(at: Place) -> str:
    """(steps,) int64: 0, 1, 2, ..."""
    graph, name = at.graph, at.timeline.name
    if not graph.any_steps:
        steps = at.shapes[0][0]
        return graph.constant(f"positions_{steps}", np.arange(steps))
    count = graph.once("Squeeze", [number_of_steps(at), graph.integers([0])], f"{name}/number_of_steps")
    return graph.once("Range", [graph.integer(0), count, graph.integer(1)], f"{name}/positions")


def causal_mask(at: Place) -> str:
    """(steps, steps) bool: whether the step of the last axis is not after that of the first."""
    graph = at.graph
    if not graph.any_steps:
        steps = at.shapes[0][0]
        return graph.constant(f"causal_{steps}", np.tri(steps, dtype=bool))
    positions = positions_of_steps(at)
    column = graph.once("Unsqueeze", [positions, graph.integers([1])], f"{positions}/column")
    return graph.once("LessOrEqual", [positions, column], f"{positions}/causal")


def real_steps(at: Place) -> str | None:
    """(rows, steps) bool: which steps are not padding; None where no sequence is padded."""
    graph = at.graph
    if graph.lengths is None:
        return None
    column = graph.once("Unsqueeze", [graph.lengths, graph.integers([1])], f"{graph.lengths}/column")
    return graph.once("Less", [positions_of_steps(at), column], f"{graph.lengths}/real_steps")


def mask_like(at: Place, x: Value) -> str | None:
    """`real_steps` in a shape that broadcasts with x (rows, steps, features), whose axes are in any order."""
    mask = real_steps(at)
    if mask is None:
        return None
    if x.axes.index(1) < x.axes.index(0):
        mask = at.graph.once("Transpose", [mask], f"{mask}/steps_first", perm=[1, 0])
    features = x.axes.index(2)
    name = f"{mask}/of_{'features' if features == 2 else 'channels'}"
    return at.graph.once("Unsqueeze", [mask, at.graph.integers([features])], name)


def without_padding(at: Place, x: Value, part: str = "", instead: float = 0.0) -> Value:
    """The sequence x with a number in place of what its padded steps hold."""
    mask = mask_like(at, x)
    return x if mask is None else x.named(at.node("Where", mask, x.name, at.graph.number(instead), part=part))


def takes_any_steps(program: Program) -> bool:
    """Whether the input is a sequence, and no layer needs the number of steps that it had in training."""
    tokens = bool(program.data.vocabulary)
    if len(program.data.input_shape) != (1 if tokens else 2):
        return False
    sequences = {INPUT}
    for step in program.steps:
        found = [name in sequences for name in step.inputs]
        if not any(found):
            continue
        if not all(found) or needs_all(step.layer):
            return False
        if not ends_sequence(step.layer):
            sequences.add(step.name)
    return True


def needs_all(layer: Any) -> bool:
    """Whether what it writes depends on the number of steps: a shape, or the padding of windows with a stride."""
    if not isinstance(layer, WINDOWS):
        return isinstance(layer, NEED_ALL)
    stride = layer.stride if isinstance(layer, Conv1d) else layer.stride or layer.pool_size
    return stride > 1 and layer.padding in ("same", "causal")


def ends_sequence(layer: Any) -> bool:
    recurrent = isinstance(layer, (SimpleRnn, Lstm, Gru)) and not layer.return_sequences
    return recurrent or isinstance(layer, ENDS)


def timeline(layer: Any, before: Value, output: Value) -> Value:
    """A tensor with as many steps as the output of a layer, whose first input has those of `before`."""
    return output if isinstance(layer, WINDOWS) else before
