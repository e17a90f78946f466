"""Preparation: the inputs of the model, in the units of the training data, and the nodes that scale them as in training."""

import numpy as np

from nntrain.data.dataset import Dataset
from nntrain.data.sequences.tokens import noun
from nntrain.data.tables.curves import Curve
from nntrain.data.tables.features import indicators
from nntrain.export.onnx.axes import channels_last
from nntrain.export.onnx.columns import matrix_of_columns
from nntrain.export.onnx.graph import DOUBLE, FLOAT, Graph, Info, Size, Value
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
    far = np.abs(data.shift * data.scale).max() > FAR
    return np.dtype(np.float64 if far or any(is_far(curve) for curve in data.curves) else np.float32)


def scaled(graph: Graph, data: Dataset, dtype: np.dtype, x: str) -> str:
    wide = np.dtype(np.float64 if dtype == np.float64 else np.float32)

    def constant(name: str, array: np.ndarray) -> str:
        return graph.constant(f"{INPUT}.{name}", array.astype(wide))

    if dtype == np.uint8:
        x = graph.node("Cast", [x], f"{INPUT}/float", to=FLOAT)
    if data.fill is not None:
        missing = graph.node("IsNaN", [x], f"{INPUT}/missing")
        x = graph.node("Where", [missing, constant("fill", data.fill), x], f"{INPUT}/filled")
        if places := indicators(data.feature_names):
            x = indicated(graph, data, wide, x, missing, places)
    if data.curves:
        x = bent(graph, data, wide, x)
    if data.shift.any():
        x = graph.node("Sub", [x, constant("shift", data.shift)], f"{INPUT}/centred")
    assert data.scale is not None
    if (data.scale != 1).any():
        x = graph.node("Mul", [x, constant("scale", data.scale)], f"{INPUT}/scaled")
    if dtype == np.float64:
        x = graph.node("Cast", [x], f"{INPUT}/float", to=FLOAT)
    return x


def is_far(curve: Curve) -> bool:
    """Whether float32 is too coarse for differences between the knots."""
    return bool(curve.x) and abs(np.mean(curve.x)) > FAR * np.std(curve.x)


def indicated(graph: Graph, data: Dataset, wide: np.dtype, x: str, missing: str, places: list[int]) -> str:
    """x with 1 or 0 in the features that say whether the one before them is missing."""
    parts, start = [], 0
    for place in places:
        parts.append(part_of(graph, x, start, place, "filled"))
        mark = part_of(graph, missing, place - 1, place, "missing")
        parts.append(graph.node("Cast", [mark], f"{mark}/number", to=DOUBLE if wide == np.float64 else FLOAT))
        start = place + 1
    if start < data.input_shape[-1]:
        parts.append(part_of(graph, x, start, data.input_shape[-1], "filled"))
    return graph.node("Concat", parts, f"{INPUT}/indicated", axis=-1)


def bent(graph: Graph, data: Dataset, wide: np.dtype, x: str) -> str:
    """x with the curves of its columns."""
    parts, start = [], 0
    for number, curve in enumerate(sorted(data.curves, key=lambda each: each.place), 1):
        if curve.place > start:
            parts.append(part_of(graph, x, start, curve.place))
        column = part_of(graph, x, curve.place, curve.place + 1)
        parts.append(
            interpolated(graph, curve, wide, column, number) if curve.x else signed_log(graph, wide, column)
        )
        start = curve.place + 1
    if start < data.input_shape[-1]:
        parts.append(part_of(graph, x, start, data.input_shape[-1]))
    return parts[0] if len(parts) == 1 else graph.node("Concat", parts, f"{INPUT}/curved", axis=-1)


def part_of(graph: Graph, x: str, start: int, end: int, of: str = "columns") -> str:
    """The columns from `start` to before `end`."""
    places = (graph.integers([value]) for value in (start, end, -1))
    return graph.node("Slice", [x, *places], f"{INPUT}/{of}_{start}_{end}")


def signed_log(graph: Graph, wide: np.dtype, x: str) -> str:
    """sign(x) log(1 + |x|)."""
    size = graph.node("Abs", [x], f"{x}/size")
    more = graph.node("Add", [size, graph.constant(f"{INPUT}.one", np.ones(1, wide))], f"{x}/more")
    sign = graph.node("Sign", [x], f"{x}/sign")
    return graph.node("Mul", [sign, graph.node("Log", [more], f"{x}/log")], f"{x}/curve")


def interpolated(graph: Graph, curve: Curve, wide: np.dtype, x: str, number: int) -> str:
    """The height of the first knot, and what the pieces before x add."""
    knots, heights = np.array(curve.x), np.array(curve.y)
    name = f"{INPUT}.curve_{number}"
    first = graph.constant(f"{name}.height", heights[:1].astype(wide))
    if len(knots) == 1:
        return graph.node("Add", [graph.node("Sub", [x, x], f"{x}/zero"), first], f"{x}/curve")
    widths = np.diff(knots)
    starts, ends = (
        graph.constant(f"{name}.{what}", of.astype(wide))
        for what, of in (("starts", knots[:-1]), ("widths", widths))
    )
    slopes = graph.constant(f"{name}.slopes", (np.diff(heights) / widths)[:, None].astype(wide))
    above = graph.node("Sub", [x, starts], f"{x}/above")
    zero = graph.constant(f"{name}.zero", np.zeros(1, wide))
    inside = graph.node("Min", [graph.node("Max", [above, zero], f"{x}/from"), ends], f"{x}/inside")
    return graph.node("Add", [graph.node("MatMul", [inside, slopes], f"{x}/sum"), first], f"{x}/curve")


def described(data: Dataset) -> str:
    """What the input is, for a reader."""
    if data.vocabulary:
        what = f"the numbers of their {noun(data.unit)}s" if data.unit else "tokens"
        return f"sequences: {what}, from 0 to {data.vocabulary - 1}"
    if data.is_bytes:
        return f"images of bytes, 0 to 255, of shape {data.input_shape}"
    if not data.feature_names:
        return "samples in the units of the training data"
    texts = ", a text as one number per category, 0 or 1" if len(data.one_hot) > len(data.embedded) else ""
    texts += "".join(f", {column.column} as the number of its category" for column in data.embedded)
    gaps = "; NaN where a value is missing" if data.fill is not None else ""
    return f"rows of a table: a number for each of the metadata `columns`, in their units{texts}{gaps}"
