"""Pooling: the maximum or mean of windows, or of a whole image or sequence."""

from typing import Any

from nntrain.export.onnx.axes import channels_first
from nntrain.export.onnx.graph import FLOAT, Value
from nntrain.export.onnx.layers.steps import mask_like, without_padding
from nntrain.export.onnx.layers.windows import ends
from nntrain.export.onnx.place import Place, writes
from nntrain.layers.pool import AvgPool1d, AvgPool2d, GlobalAvgPool, GlobalMaxPool, MaxPool1d, MaxPool2d
from nntrain.layers.window import pair


@writes(MaxPool1d, MaxPool2d)
def max_pool(at: Place) -> Value:
    x = at.channels_first()
    if padded(at):
        x = without_padding(at, x, part="real", instead=-float("inf"))
        return without_padding(at, x.named(at.node("MaxPool", x.name, part="pool", **windows(at))))
    return x.named(at.node("MaxPool", x.name, **windows(at)))


@writes(AvgPool1d, AvgPool2d)
def avg_pool(at: Place) -> Value:
    x, options = at.channels_first(), windows(at) | {"count_include_pad": 0}
    if not padded(at):
        return x.named(at.node("AveragePool", x.name, **options))
    mask = mask_like(at, x)
    assert mask is not None
    # The mean over all steps of a window, padded ones as 0, divided by the share of real ones.
    means = at.node("AveragePool", without_padding(at, x, part="real").name, part="means", **options)
    shares = at.node("AveragePool", at.node("Cast", mask, part="is_real", to=FLOAT), part="shares", **options)
    return without_padding(at, x.named(at.node("Div", means, shares, part="real_means")))


def padded(at: Place) -> bool:
    return at.graph.lengths is not None and at.x.rank == 3


def windows(at: Place) -> dict[str, Any]:
    """The attributes of the pooling operators."""
    slides = list(zip(at.layer.slides(at.shapes[0]), pair(at.layer.padding), strict=True))
    slides = slides[-len(at.shapes[0]) + 1 :]  # without the row of a sequence
    return {
        "kernel_shape": [one.size for one, _ in slides],
        "strides": [one.stride for one, _ in slides],
        "pads": ends(slides),
    }


@writes(GlobalAvgPool)
def global_avg_pool(at: Place) -> Value:
    x = at.x
    if padded(at):
        total = at.node(
            "ReduceSum", without_padding(at, x, part="real").name, steps(at), part="sum", keepdims=0
        )
        return Value(at.node("Div", total, lengths(at)), (0, 1))
    if x.rank == 4 and x.axes == channels_first(4):
        return Value(at.node("Flatten", at.node("GlobalAveragePool", x.name, part="mean"), axis=1), (0, 1))
    return Value(at.node("ReduceMean", x.name, axes=pixels(x), keepdims=0), (0, 1))


@writes(GlobalMaxPool)
def global_max_pool(at: Place) -> Value:
    x = without_padding(at, at.x, part="real", instead=-float("inf")) if padded(at) else at.x
    return Value(at.node("ReduceMax", x.name, axes=pixels(x), keepdims=0), (0, 1))


def pixels(x: Value) -> list[int]:
    """The axes of the tensor that are neither rows nor channels."""
    return [place for place, axis in enumerate(x.axes) if 0 < axis < x.rank - 1]


def steps(at: Place) -> str:
    return at.graph.integers(pixels(at.x))


def lengths(at: Place) -> str:
    """(rows, 1) float: the real steps of each row."""
    graph = at.graph
    assert graph.lengths is not None
    column = graph.once("Unsqueeze", [graph.lengths, graph.integers([1])], f"{graph.lengths}/column")
    return graph.once("Cast", [column], f"{column}/float", to=FLOAT)
