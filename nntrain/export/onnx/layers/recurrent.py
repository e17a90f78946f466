"""Recurrent layers: operators with steps first, weights transposed and gates in ONNX's order."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nntrain.export.onnx.axes import steps_first
from nntrain.export.onnx.graph import INT32, Value
from nntrain.export.onnx.place import Place, writes
from nntrain.layers.recurrent import Gru, Lstm, SimpleRnn


@writes(SimpleRnn)
def simple_rnn(at: Place) -> Value:
    return recurrent(at, "RNN", [0], activations=[at.layer.activation.capitalize()])


@writes(Lstm)
def lstm(at: Place) -> Value:
    return recurrent(at, "LSTM", [0, 3, 1, 2])  # ours: i f g o, with c for g ONNX's: i o f c


@writes(Gru)
def gru(at: Place) -> Value:
    return recurrent(at, "GRU", [1, 0, 2], linear_before_reset=1)  # ours: r z n, ONNX's: z r h


def recurrent(at: Place, operator: str, gates: Sequence[int], **attributes: Any) -> Value:
    """The operator and its output without the axis of directions. `gates`: for each gate of ONNX, its place among ours."""
    layer, graph = at.layer, at.graph
    x = graph.arranged(at.x, steps_first(3))
    constants = [
        at.constant(name, rows_of_gates(at.arrays[name], gates)[np.newaxis])
        for name in ("weight", "recurrent_weight")
    ]
    if layer.use_bias:
        constants.append(at.constant("bias", biases(at, gates)[np.newaxis]))
    if graph.lengths is not None:
        lengths = graph.once("Cast", [graph.lengths], f"{graph.lengths}/int32", to=INT32)
        constants += [] if layer.use_bias else [""]
        constants.append(lengths)
    every = layer.return_sequences
    found = graph.nodes_output(
        operator,
        [x.name, *constants],
        (at.named("steps"),) if every else ("", at.named("last_step")),
        at.named(operator.lower()),
        hidden_size=layer.units,
        direction="reverse" if layer.reverse else "forward",
        **attributes,
    )
    axis = graph.integers([1 if every else 0])
    return Value(at.node("Squeeze", found, axis), steps_first(3) if every else (0, 1))


def rows_of_gates(array: np.ndarray, gates: Sequence[int]) -> np.ndarray:
    """(..., gates * units) as (gates * units, ...), the gates in another order."""
    parts = np.split(array, len(gates), axis=-1)
    return np.concatenate([parts[gate] for gate in gates], axis=-1).T


def biases(at: Place, gates: Sequence[int]) -> np.ndarray:
    """(2 * gates * units,): ONNX has a second bias, which is added to the product with the hidden state."""
    bias = rows_of_gates(at.arrays["bias"], gates)
    second = np.zeros_like(bias)
    if "recurrent_bias" in at.arrays:
        second[-at.layer.units :] = at.arrays["recurrent_bias"]
    return np.concatenate([bias, second])
