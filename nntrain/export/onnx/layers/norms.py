"""Normalization layers."""

import numpy as np

from nntrain.export.onnx.graph import Value
from nntrain.export.onnx.place import Place, writes
from nntrain.layers.norm import BatchNorm, GroupNorm, LayerNorm, RmsNorm


@writes(BatchNorm)
def batch_norm(at: Place) -> Value:
    x = at.channels_first()
    statistics = [at.constant(name, at.arrays[name]) for name in ("running_mean", "running_variance")]
    return x.named(
        at.node("BatchNormalization", x.name, *scale_and_shift(at), *statistics, epsilon=at.layer.eps)
    )


@writes(LayerNorm)
def layer_norm(at: Place) -> Value:
    x = at.features_last()
    return x.named(at.node("LayerNormalization", x.name, *scale_and_shift(at), axis=-1, epsilon=at.layer.eps))


def scale_and_shift(at: Place) -> list[str]:
    """Two constants (features,): those that were trained, else 1 and 0."""
    features = at.shapes[0][-1]
    scale = at.arrays.get("scale", np.ones(features, np.float32))
    shift = at.arrays.get("shift", np.zeros(features, np.float32))
    return [at.constant("scale", scale), at.constant("shift", shift)]


@writes(RmsNorm)
def rms_norm(at: Place) -> Value:
    x = at.features_last()
    square = at.node("Mul", x.name, x.name, part="square")
    mean = at.node("ReduceMean", square, part="mean_square", axes=[-1], keepdims=1)
    root = at.node("Sqrt", at.node("Add", mean, at.graph.number(at.layer.eps), part="plus_eps"), part="rms")
    if not at.layer.affine:
        return x.named(at.node("Div", x.name, root))
    normal = at.node("Div", x.name, root, part="normalized")
    return x.named(at.node("Mul", normal, at.constant("scale", at.arrays["scale"])))


@writes(GroupNorm)
def group_norm(at: Place) -> Value:
    """The groups as channels of an instance normalization: the operator GroupNormalization is of opset 21."""
    x, groups, graph = at.channels_first(), at.layer.groups, at.graph
    *positions, channels = at.shapes[0]
    table = at.node("Reshape", x.name, graph.integers([0, groups, -1]), part="groups")
    one, zero = np.ones(groups, np.float32), np.zeros(groups, np.float32)
    normal = at.node(
        "InstanceNormalization",
        table,
        graph.constant(f"ones_{groups}", one),
        graph.constant(f"zeros_{groups}", zero),
        part="normalized",
        epsilon=at.layer.eps,
    )
    shape = graph.integers([0, channels, *([-1, *positions[1:]] if positions else [])])
    if not at.layer.affine:
        return x.named(at.node("Reshape", normal, shape))
    back = at.node("Reshape", normal, shape, part="channels")
    scale, shift = (at.constant(name, at.along_features(x, at.arrays[name])) for name in ("scale", "shift"))
    return x.named(at.node("Add", at.node("Mul", back, scale, part="scaled"), shift))
