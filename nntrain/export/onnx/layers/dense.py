"""Dense layers, maxout and embeddings, of tokens and of columns: products with a weight on the last axis, and rows of it."""

import numpy as np

from nntrain.export.onnx.axes import channels_first
from nntrain.export.onnx.graph import INT64, Value
from nntrain.export.onnx.place import Place, writes
from nntrain.layers.dense import Dense
from nntrain.layers.embed_columns import EmbedColumns
from nntrain.layers.embedding import Embedding
from nntrain.layers.maxout import Maxout


@writes(Dense)
def dense(at: Place) -> Value:
    if at.x.rank in (3, 4) and at.x.axes == channels_first(at.x.rank):
        return by_convolution(at)
    x = at.features_last()
    return Value(linear(at, x, at.arrays["weight"]), x.axes)


def by_convolution(at: Place) -> Value:
    """A dense layer on the channels of an image: a convolution of one pixel, which needs no other order of the axes."""
    weight = at.arrays["weight"].T
    weight = weight.reshape(*weight.shape, *(1 for _ in at.x.axes[2:]))
    kernel = [1] * (at.x.rank - 2)
    return at.x.named(
        at.node("Conv", at.x.name, at.constant("weight", weight), *at.bias(), kernel_shape=kernel)
    )


def linear(at: Place, x: Value, weight: np.ndarray, prefix: str = "", part: str = "") -> str:
    """`x @ weight + bias`, of the constants "weight" and "bias", with a prefix to their names."""
    if x.order is not None:
        weight = weight[x.order]
    constants = [at.constant(f"{prefix}weight", weight), *at.bias(f"{prefix}bias")]
    if len(constants) == 1:
        return at.node("MatMul", x.name, *constants, part=part)
    if x.rank == 2:
        return at.node("Gemm", x.name, *constants, part=part)
    product = at.node(
        "MatMul", x.name, constants[0], part=f"{prefix.rstrip('_') or part}_product".lstrip("_")
    )
    return at.node("Add", product, constants[1], part=part)


@writes(Maxout)
def maxout(at: Place) -> Value:
    x, layer = at.features_last(), at.layer
    pieces = linear(at, x, at.arrays["weight"], part="linear")
    shape = at.graph.integers([*(0 for _ in x.axes[:-1]), layer.pieces, layer.units])
    table = at.node("Reshape", pieces, shape, part="pieces")
    return Value(at.node("ReduceMax", table, axes=[-2], keepdims=0), x.axes)


@writes(Embedding)
def embedding(at: Place) -> Value:
    weight = at.constant("weight", at.arrays["weight"])
    name = at.node("Gather", weight, at.x.name, axis=0)
    return Value(name, (*at.x.axes, at.x.rank))


@writes(EmbedColumns)
def embed_columns(at: Place) -> Value:
    x, layer, features = at.features_last(), at.layer, at.shapes[0][0]
    numbers = layer.numbers(features)
    parts = [at.node("Gather", x.name, at.graph.integers(numbers), axis=1, part="numbers")] if numbers else []
    for (name, position, _), column in zip(layer.places(features), layer.tables, strict=True):
        part = f"column_{position}"
        values = at.node("Gather", x.name, at.graph.integers([position]), axis=1, part=part)
        value = at.node("Squeeze", values, at.graph.integers([1]), part=f"{part}_values")
        up = at.node("Add", value, at.graph.number(0.5), part=f"{part}_up")
        ends = [at.graph.number(0.0), at.graph.number(float(column.categories - 1))]
        nearest = at.node("Clip", at.node("Floor", up, part=f"{part}_floor"), *ends, part=f"{part}_nearest")
        category = at.node("Cast", nearest, part=f"{part}_category", to=INT64)
        weight = at.constant(name, at.arrays[name])
        parts.append(at.node("Gather", weight, category, axis=0, part=f"{part}_vector"))
    return Value(at.node("Concat", *parts, axis=1), x.axes)
