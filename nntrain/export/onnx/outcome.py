"""Outcome: the outputs of the model: probabilities or values, and the predicted class."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from nntrain.export.onnx.axes import channels_last
from nntrain.export.onnx.graph import INT64, Graph, Info, Size, Value
from nntrain.export.program import Outcome
from nntrain.losses.outcome import Scaled, Sliced, Step

CLASS = "class"

Write = Callable[[Graph, str, str, int], str]  # graph, input, name of the output, width of the input
TEXTS = {
    "probabilities": "the probability of each class, in the order of the metadata `classes`",
    "logits": "the output of the last layer for each class",
    "margins": "the output of the last layer: the margin of each class",
    "values": "the predicted values, in the order of the metadata `targets`",
    "outputs": "the output of the last layer",
}


def add_outputs(graph: Graph, y: Value, outcome: Outcome, classes: int, shape: tuple[Size, ...]) -> None:
    """Adds what the model gives for y, the output of the last layer; `shape` is that of one sample of it."""
    name = logits = graph.arranged(y, channels_last(y.rank)).name
    width = int(shape[-1])
    name = applied(graph, name, outcome.meaning, outcome.functions, width)
    if classes:
        add_class(graph, logits, width)
    renamed(graph, name, outcome.meaning)
    text = TEXTS.get(outcome.meaning, outcome.meaning)
    float32 = np.dtype(np.float32)
    graph.outputs.append(Info(outcome.meaning, float32, ("batch", *shape[:-1], len(outcome.names)), text))
    if classes:
        text = "the number of the predicted class, from 0 in the order of the metadata `classes`"
        graph.outputs.append(Info(CLASS, np.dtype(np.int64), ("batch", *shape[:-1]), text))


def applied(graph: Graph, y: str, part: str, functions: Sequence[Step], width: int) -> str:
    """The functions in order, of outputs y of this width; `part` begins the names of what they give."""
    for function in functions:
        if isinstance(function, Sliced):
            y = sliced(graph, y, part, function)
        elif isinstance(function, Scaled):
            y = scaled(graph, y, f"{part}/scaled", function)
        else:
            y = FUNCTIONS[function](graph, y, f"{part}/{function}", width)
    return y


def sliced(graph: Graph, y: str, part: str, function: Sliced) -> str:
    """See losses.outcome.Sliced."""
    pieces, start = [], 0
    for number, (count, steps) in enumerate(function.parts, start=1):
        place = f"{part}/target_{number}"
        ends = [graph.integers([start]), graph.integers([start + count]), graph.integers([-1])]
        piece = graph.node("Slice", [y, *ends], f"{place}/outputs")
        pieces.append(applied(graph, piece, place, steps, count))
        start += count
    return graph.node("Concat", pieces, f"{part}/of_targets", axis=-1)


def renamed(graph: Graph, name: str, meaning: str) -> None:
    if graph.is_written(name):
        graph.rename(name, meaning)
    else:  # no layer is left: the output is the input
        graph.node("Identity", [name], meaning)


def add_class(graph: Graph, y: str, width: int) -> None:
    """The largest output of several; of a single one whether it is above 0."""
    if width > 1:
        graph.node("ArgMax", [y], CLASS, axis=-1, keepdims=0)
        return
    above = graph.node("Greater", [y, graph.number(0.0)], f"{CLASS}/above_0")
    number = graph.node("Cast", [above], f"{CLASS}/number", to=INT64)
    graph.node("Squeeze", [number, graph.integers([-1])], CLASS)


def scaled(graph: Graph, y: str, part: str, function: Scaled) -> str:
    """See losses.outcome.Scaled."""
    factor = graph.constant(f"{part}/factor", np.array(function.factor, np.float32))
    shift = graph.constant(f"{part}/shift", np.array(function.shift, np.float32))
    return graph.node("Add", [graph.node("Mul", [y, factor], f"{part}/product"), shift], part)


def operator(name: str, **attributes: Any) -> Write:
    return lambda graph, y, part, width: graph.node(name, [y], part, **attributes)


def shares(graph: Graph, y: str, part: str, width: int) -> str:
    """See losses.outcome.shares."""
    positive = graph.node("Relu", [y], f"{part}/positive")
    total = graph.node("ReduceSum", [positive, graph.integers([-1])], f"{part}/total", keepdims=1)
    some = graph.node("Greater", [total, graph.number(0.0)], f"{part}/some")
    divisor = graph.node("Where", [some, total, graph.number(1.0)], f"{part}/divisor")
    found = graph.node("Div", [positive, divisor], f"{part}/found")
    return graph.node("Where", [some, found, graph.number(1 / width)], part)


def two_classes(graph: Graph, y: str, part: str, width: int) -> str:
    both = graph.node("Concat", [graph.node("Neg", [y], f"{part}/first"), y], f"{part}/logits", axis=-1)
    return graph.node("Sigmoid", [both], part)


def mean_std(graph: Graph, y: str, part: str, width: int) -> str:
    """See losses.outcome.mean_std."""
    half = graph.node("Mul", [y, graph.number(0.5)], f"{part}/half")
    std = graph.node("Exp", [half], f"{part}/std")
    is_std = graph.constant(f"{part}/is_std", np.arange(width) % 2 == 1)
    return graph.node("Where", [is_std, std, y], part)


FUNCTIONS: Mapping[str, Write] = {  # by the names of losses.outcome
    "exp": operator("Exp"),
    "sigmoid": operator("Sigmoid"),
    "softmax": operator("Softmax", axis=-1),
    "shares": shares,
    "two_classes": two_classes,
    "mean_std": mean_std,
}
