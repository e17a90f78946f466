"""Layers that change or merge shapes: flatten, reshape, permute, add, multiply, concat, upsampling, zero padding, time_distributed."""

from dataclasses import replace

import numpy as np

from nntrain.export.onnx.axes import Axes, channels_last
from nntrain.export.onnx.graph import Value
from nntrain.export.onnx.layers.activations import acts_on_each_value
from nntrain.export.onnx.place import Place, write, writes
from nntrain.export.program import Program
from nntrain.layers.dense import Dense
from nntrain.layers.dropout import Dropout, GaussianNoise
from nntrain.layers.image import SpatialDropout, Upsample2d, ZeroPad2d
from nntrain.layers.layer import Activation
from nntrain.layers.merge import Add, Concat, Multiply
from nntrain.layers.norm import BatchNorm, LayerNorm, RmsNorm
from nntrain.layers.shape import Flatten, Permute, Reshape
from nntrain.layers.time_distributed import TimeDistributed
from nntrain.layers.window import pair

ON_LAST_AXIS = (Dense, BatchNorm, LayerNorm, RmsNorm, Activation)  # whatever axes there are before it


@writes(Dropout, GaussianNoise, SpatialDropout)
def nothing(at: Place) -> Value:
    return at.x


@writes(Flatten)
def flatten(at: Place) -> Value:
    x = at.x
    if x.rank == 2:
        return x
    if x.axes[0] == 0 and x.axes != channels_last(x.rank) and only_dense_after(at.program, at.step.name):
        # The next weight's rows change their order instead of the data.
        numbers = np.arange(int(np.prod(at.shapes[0]))).reshape(at.shapes[0])
        order = numbers.transpose([axis - 1 for axis in x.axes[1:]]).reshape(-1)
        return Value(at.node("Flatten", x.name, axis=1), (0, 1), order)
    return Value(at.node("Flatten", at.channels_last().name, axis=1), (0, 1))


def only_dense_after(program: Program, name: str) -> bool:
    """Whether all that reads this output are dense layers, maybe behind functions of each value."""
    consumers = program.consumers(name)
    return bool(consumers) and all(
        type(step.layer) is Dense or (acts_on_each_value(step.layer) and only_dense_after(program, step.name))
        for step in consumers
    )


@writes(Reshape)
def reshape(at: Place) -> Value:
    shape = at.graph.integers([0, *at.shape])
    return Value(at.node("Reshape", at.channels_last().name, shape), channels_last(len(at.shape) + 1))


@writes(Permute)
def permute(at: Place) -> Value:
    perm = [at.x.axes.index(axis) for axis in (0, *at.layer.axes)]
    return Value(at.node("Transpose", at.x.name, perm=perm), channels_last(at.x.rank))


@writes(Add)
def add(at: Place) -> Value:
    axes, names = alike(at)
    return Value(at.node("Add" if len(names) == 2 else "Sum", *names), axes)


@writes(Multiply)
def multiply(at: Place) -> Value:
    axes, (product, *names) = alike(at)
    for number, name in enumerate(names, start=1):
        product = at.node("Mul", product, name, part="" if number == len(names) else f"product_{number}")
    return Value(product, axes)


@writes(Concat)
def concat(at: Place) -> Value:
    axes, names = alike(at)
    return Value(at.node("Concat", *names, axis=axes.index(len(axes) - 1)), axes)


def alike(at: Place) -> tuple[Axes, list[str]]:
    """The inputs with their axes in the same order: that of the first which has another than the network's."""
    own = channels_last(at.x.rank)
    axes = next((x.axes for x in at.xs if x.axes != own), own)
    return axes, [at.graph.arranged(x, axes).name for x in at.xs]


@writes(Upsample2d)
def upsample2d(at: Place) -> Value:
    x = at.channels_first()
    scales = at.constant("factor", np.array([1, 1, *pair(at.layer.factor)], np.float32))
    options = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    return x.named(at.node("Resize", x.name, "", scales, **options))


@writes(ZeroPad2d)
def zero_pad2d(at: Place) -> Value:
    sides = {axis: pair(both) for axis, both in zip((1, 2), pair(at.layer.padding), strict=True)}
    pads = [sides[axis][end] if axis in sides else 0 for end in (0, 1) for axis in at.x.axes]
    return at.x.named(at.node("Pad", at.x.name, at.graph.integers(pads)))


@writes(TimeDistributed)
def time_distributed(at: Place) -> Value:
    inner = replace(at, layer=at.layer.layer)
    if isinstance(inner.layer, ON_LAST_AXIS):
        return write(inner)
    (steps, *sample), (_, *result) = at.shapes[0], at.shape
    rows = at.node("Reshape", at.channels_last().name, at.graph.integers([-1, *sample]), part="rows")
    x = Value(rows, channels_last(1 + len(sample)))
    y = write(replace(inner, label="layer", xs=(x,), shapes=(tuple(sample),), shape=tuple(result)))
    last = at.graph.arranged(y, channels_last(y.rank)).name
    shape = at.graph.integers([-1, steps, *result])
    return Value(at.node("Reshape", last, shape), channels_last(2 + len(result)))
