"""Encodings of numbers, and the cumulative link."""

import numpy as np

from nntrain.export.onnx.axes import channels_last
from nntrain.export.onnx.graph import Value
from nntrain.export.onnx.place import Place, writes
from nntrain.layers.cumulative_link import CumulativeLink, thresholds
from nntrain.layers.encodings import PeriodicEncoding, PiecewiseLinearEncoding

LAST = 2**31 - 1  # beyond any feature
LARGEST = np.finfo(np.float32).max


def by_feature(at: Place, x: str | None = None) -> str:
    """The input, or x, with an axis of 1 after its features."""
    return at.node("Unsqueeze", x or at.channels_last().name, at.graph.integers([-1]), part="features")


def flattened(at: Place, table: str, size: int, part: str = "") -> Value:
    """(..., features, parts) as (..., size), where size is features * parts."""
    leading = [0] * len(at.shape[:-1])
    shape = at.graph.integers([0, *leading, size])
    return Value(at.node("Reshape", table, shape, part=part), channels_last(len(at.shape) + 1))


@writes(PiecewiseLinearEncoding)
def piecewise_linear(at: Place) -> Value:
    edges = at.arrays["edges"].astype(np.float32)
    a, b = edges[:, :-1], edges[:, 1:]
    used = b > a
    low, high = np.zeros_like(a), np.where(used, np.float32(1), np.float32(0))
    low[:, 0] = -LARGEST
    high[used & (b == edges[:, -1:])] = LARGEST
    low[~used] = 0
    x, count = at.channels_last().name, len(edges)
    others = count < at.shapes[0][-1]
    first = sliced(at, x, 0, count, "encoded") if others else x
    shifted = at.node("Sub", by_feature(at, first), at.constant("left", a), part="shifted")
    width = at.constant("width", np.where(used, b - a, np.float32(1)))
    passed = at.node("Div", shifted, width, part="passed")
    above = at.node("Max", passed, at.constant("low", low), part="above")
    parts = at.node("Min", above, at.constant("high", high), part="parts")
    if not others:
        return flattened(at, parts, a.size)
    found = flattened(at, parts, a.size, part="flat")
    return Value(at.node("Concat", found.name, sliced(at, x, count, LAST, "others"), axis=-1), found.axes)


def sliced(at: Place, x: str, start: int, end: int, part: str) -> str:
    """x[..., start:end]."""
    bounds = [at.graph.integers([number]) for number in (start, end, -1)]
    return at.node("Slice", x, *bounds, part=part)


@writes(PeriodicEncoding)
def periodic(at: Place) -> Value:
    frequency = at.arrays["frequency"].astype(np.float32)
    angular = at.constant("angular", np.float32(2 * np.pi) * frequency)
    angle = at.node("Mul", by_feature(at), angular, part="angle")
    waves = [at.node(function, angle, part=function.lower()) for function in ("Sin", "Cos")]
    return flattened(at, at.node("Concat", *waves, part="parts", axis=-1), at.shape[-1])


@writes(CumulativeLink)
def cumulative_link(at: Place) -> Value:
    x = at.channels_last().name
    found = thresholds(at.arrays["threshold"]).astype(np.float32)
    t = at.constant("thresholds", found)
    distance = np.zeros(len(found) + 1, np.float32)
    distance[1:-1] = np.log(-np.expm1(found[:-1] - found[1:]))
    none = at.node("Sub", x, x, part="none")
    below = at.node("Softplus", at.node("Sub", x, t, part="less"), part="below")
    above = at.node("Softplus", at.node("Sub", t, x, part="more"), part="above")
    both = at.node(
        "Add",
        at.node("Concat", below, none, part="below_all", axis=-1),
        at.node("Concat", none, above, part="above_all", axis=-1),
        part="both",
    )
    return Value(at.node("Sub", at.constant("distance", distance), both), channels_last(len(at.shape) + 1))
