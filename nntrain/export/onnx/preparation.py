"""Preparation: the inputs of the model, in the units of the training data, and the nodes that scale them as in training."""

import numpy as np

from nntrain.data.dataset import Dataset
from nntrain.data.sequences.tokens import noun
from nntrain.export.onnx.axes import channels_last
from nntrain.export.onnx.columns import matrix_of_columns
from nntrain.export.onnx.graph import FLOAT, Graph, Info, Size, Value
from nntrain.export.program import INPUT, Program

LENGTHS = "lengths"
FAR = (
    50  # standard deviations between a column's mean and 0, above which float32 is too coarse for its values
)


def prepared(graph: Graph, program: Program, columns: bool) -> Value:
    """Adds the inputs of the model, and returns the input of the network, (x - shift) * scale in float32.

    columns: an input for each column of a table. Raises UserError where there are none.
    """
    data = program.data
    shape: tuple[Size, ...] = ("batch", *data.input_shape)
    if graph.any_steps:
        shape = ("batch", "steps", *data.input_shape[1:])
    dtype, x = input_type(data), INPUT
    if columns:
        x = matrix_of_columns(graph, program, dtype)
    else:
        graph.inputs.append(Info(INPUT, dtype, shape, described(data)))
    if data.lengths is not None:
        text = "the number of steps of each sequence; those after it are padding and count for nothing"
        graph.inputs.append(Info(LENGTHS, np.dtype(np.int64), ("batch",), text))
        graph.lengths = LENGTHS
    if not data.vocabulary:
        x = scaled(graph, data, dtype, x)
    return Value(x, channels_last(len(shape)))


def input_type(data: Dataset) -> np.dtype:
    if data.vocabulary:
        return np.dtype(np.int64)
    if data.is_bytes:
        return np.dtype(np.uint8)
    assert data.scale is not None  # see Dataset.__post_init__
    return np.dtype(np.float64 if np.abs(data.shift * data.scale).max() > FAR else np.float32)


def scaled(graph: Graph, data: Dataset, dtype: np.dtype, x: str) -> str:
    wide = np.dtype(np.float64 if dtype == np.float64 else np.float32)

    def constant(name: str, array: np.ndarray) -> str:
        return graph.constant(f"{INPUT}.{name}", array.astype(wide))

    if dtype == np.uint8:
        x = graph.node("Cast", [x], f"{INPUT}/float", to=FLOAT)
    if data.fill is not None:
        missing = graph.node("IsNaN", [x], f"{INPUT}/missing")
        x = graph.node("Where", [missing, constant("fill", data.fill), x], f"{INPUT}/filled")
    if data.shift.any():
        x = graph.node("Sub", [x, constant("shift", data.shift)], f"{INPUT}/centred")
    assert data.scale is not None
    if (data.scale != 1).any():
        x = graph.node("Mul", [x, constant("scale", data.scale)], f"{INPUT}/scaled")
    if dtype == np.float64:
        x = graph.node("Cast", [x], f"{INPUT}/float", to=FLOAT)
    return x


def described(data: Dataset) -> str:
    """What the input is, for a reader."""
    if data.vocabulary:
        what = f"the numbers of their {noun(data.unit)}s" if data.unit else "tokens"
        return f"sequences: {what}, from 0 to {data.vocabulary - 1}"
    if data.is_bytes:
        return f"images of bytes, 0 to 255, of shape {data.input_shape}"
    if not data.feature_names:
        return "samples in the units of the training data"
    texts = ", a text as one number per category, 0 or 1" if data.one_hot else ""
    gaps = "; NaN where a value is missing" if data.fill is not None else ""
    return f"rows of a table: a number for each of the metadata `columns`, in their units{texts}{gaps}"
