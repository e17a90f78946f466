"""Attention and positions."""

import math

import numpy as np

from nntrain.export.onnx.graph import Value
from nntrain.export.onnx.layers.dense import linear
from nntrain.export.onnx.layers.steps import causal_mask, number_of_steps, real_steps, without_padding
from nntrain.export.onnx.place import Place, writes
from nntrain.layers.attention import MultiHeadAttention
from nntrain.layers.positions import LearnedPositions, PositionalEncoding, positions, rotations


@writes(MultiHeadAttention)
def multi_head_attention(at: Place) -> Value:
    x, layer = at.channels_last(), at.layer
    features = at.shapes[0][1]
    size = features // layer.heads
    qkv = linear(at, x, at.arrays["weight"], part="qkv")
    names = tuple(at.named(name) for name in "qkv")
    at.graph.nodes_output("Split", [qkv], names, at.named("split"), axis=-1)
    query, value = (heads(at, name, [0, 2, 1, 3], size) for name in (names[0], names[2]))
    if layer.rotary:
        query = turned(at, query, "q", size)
        key = turned(at, heads(at, names[1], [0, 2, 1, 3], size), "k", size)
        key = at.node("Transpose", key, part="k_columns", perm=[0, 1, 3, 2])
    else:
        key = heads(at, names[1], [0, 2, 3, 1], size)
    product = at.node("MatMul", query, key, part="product")  # (rows, heads, steps, steps)
    scores = at.node("Mul", product, at.graph.number(1 / math.sqrt(size)), part="scores")
    if (mask := visible(at)) is not None:
        scores = at.node("Where", mask, scores, at.graph.number(-float("inf")), part="masked")
    shares = at.node("Softmax", scores, part="shares", axis=-1)
    mixed = at.node("MatMul", shares, value, part="mixed_heads")
    mixed = at.node("Transpose", mixed, part="mixed_steps", perm=[0, 2, 1, 3])
    mixed = at.node("Reshape", mixed, at.graph.integers([0, 0, features]), part="mixed")
    last = "output" if at.graph.lengths is not None else ""
    y = x.named(linear(at, x.named(mixed), at.arrays["output_weight"], prefix="output_", part=last))
    return without_padding(at, y)


def heads(at: Place, name: str, axes: list[int], size: int) -> str:
    """(rows, steps, features) as (rows, steps, heads, size), with its axes in another order."""
    shape = at.graph.integers([0, 0, at.layer.heads, size])
    table = at.node("Reshape", name, shape, part=f"{name[-1]}_table")
    return at.node("Transpose", table, part=f"{name[-1]}_heads", perm=axes)


def turned(at: Place, name: str, part: str, size: int) -> str:
    """Rotary positions: `x cos + x' sin`, for x (rows, heads, steps, size); x' is x with each pair of features (a, b) as (-b, a)."""
    angles = rotations(at.shapes[0][0], size, at.layer.rotary_base, np.dtype(np.float64))
    cos, sin = (angles[:, place::2].repeat(2, axis=1) for place in (0, 1))
    sin[:, ::2] *= -1
    cosines, sines = (
        of_first_steps(at, at.constant(label, table), f"{part}_{label}_rows")
        for label, table in (("cos", cos), ("sin", sin))
    )
    pairs = np.arange(size).reshape(-1, 2)[:, ::-1].reshape(-1)
    swapped = at.node("Gather", name, at.graph.integers(pairs.tolist()), part=f"{part}_swapped", axis=3)
    straight = at.node("Mul", name, cosines, part=f"{part}_cos")
    across = at.node("Mul", swapped, sines, part=f"{part}_sin")
    return at.node("Add", straight, across, part=f"{part}_turned")


def visible(at: Place) -> str | None:
    """Which steps (last axis) a step (the one before it) attends to; None: all."""
    graph = at.graph
    mask = causal_mask(at) if at.layer.causal else None
    real = real_steps(at)
    if real is None:
        return mask
    keys = graph.once("Unsqueeze", [real, graph.integers([1, 2])], f"{real}/keys")  # (rows, 1, 1, steps)
    return keys if mask is None else at.node("And", mask, keys, part="visible")


@writes(LearnedPositions)
def learned_positions(at: Place) -> Value:
    return plus_positions(at, at.constant("weight", at.arrays["weight"]))


@writes(PositionalEncoding)
def positional_encoding(at: Place) -> Value:
    table = positions(*at.shapes[0], at.layer.base, np.dtype(np.float64))
    return plus_positions(at, at.constant("positions", table))


def plus_positions(at: Place, table: str) -> Value:
    """The first rows of the table added: a sequence may be shorter than those of training, not longer."""
    x = at.channels_last()
    return x.named(at.node("Add", x.name, of_first_steps(at, table, "positions")))


def of_first_steps(at: Place, table: str, part: str) -> str:
    """The rows of the table for the steps that there are."""
    if not at.graph.any_steps:
        return table
    zero = at.graph.integers([0])
    return at.node("Slice", table, zero, number_of_steps(at), zero, part=part)
