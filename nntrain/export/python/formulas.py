"""Formulas: each layer as an expression in Python, of the names of its inputs and of `p`, which has its parameters."""

from collections.abc import Iterable
from dataclasses import replace
from functools import singledispatch

from nntrain.export.program import Step
from nntrain.export.target import NotExpressible
from nntrain.kernels.geometry import Geometry
from nntrain.layers.activations import bounded, gated, rectifiers, softmax
from nntrain.layers.attention import MultiHeadAttention
from nntrain.layers.conv import Conv1d, Conv2d, Conv2dTranspose
from nntrain.layers.cumulative_link import CumulativeLink
from nntrain.layers.dense import Dense
from nntrain.layers.depthwise import DepthwiseConv2d
from nntrain.layers.embed_columns import EmbedColumns
from nntrain.layers.embedding import Embedding
from nntrain.layers.encodings import PeriodicEncoding, PiecewiseLinearEncoding
from nntrain.layers.image import SpatialDropout, Upsample2d, ZeroPad2d
from nntrain.layers.layer import Layer
from nntrain.layers.maxout import Maxout
from nntrain.layers.merge import Add, Concat, Multiply
from nntrain.layers.norm import BatchNorm, GroupNorm, LayerNorm, RmsNorm
from nntrain.layers.pool import GlobalAvgPool, GlobalMaxPool, Pool1d, Pool2d
from nntrain.layers.positions import LearnedPositions, PositionalEncoding
from nntrain.layers.recurrent import Recurrent, SimpleRnn
from nntrain.layers.shape import Flatten, Permute, Reshape
from nntrain.layers.time_distributed import TimeDistributed
from nntrain.layers.window import Slide, pair

# Where an activation is a function of the library, or of NumPy, its name.
NAMED: dict[type[Layer], str] = {
    bounded.Sigmoid: "sigmoid",
    bounded.Tanh: "np.tanh",
    bounded.Softsign: "softsign",
    bounded.HardSigmoid: "hard_sigmoid",
    bounded.HardTanh: "hard_tanh",
    bounded.Relu6: "relu6",
    gated.Silu: "silu",
    gated.HardSwish: "hard_swish",
    gated.Mish: "mish",
    rectifiers.Relu: "relu",
    rectifiers.Selu: "selu",
    softmax.Softmax: "softmax",
    softmax.LogSoftmax: "log_softmax",
}
NO_PADDING = ((0, 0), (0, 0))


@singledispatch
def formula(layer: Layer, step: Step, *x: str) -> str:
    """The expression of a layer; raises NotExpressible. That of a layer that changes nothing is its input."""
    if type(layer) in NAMED:
        return call(NAMED[type(layer)], x)
    hint = "A plugin can add it, with `formula.register` of nntrain.export.python.formulas."
    raise NotExpressible(step, "Python", "its formula is not known", hint)


def call(function: str, arguments: Iterable[str], **options: object) -> str:
    """A call with options that have other values than None."""
    given = (f"{name}={value}" for name, value in options.items() if value is not None)
    return f"{function}({', '.join([*arguments, *given])})"


def own(step: Step, *names: str) -> list[str]:
    """Those of the parameters that the layer has."""
    return [f"p.{name}" for name in names if name in step.arrays]


def unless(default: object, value: object) -> object | None:
    return None if value == default else value


@formula.register
def _(layer: bounded.Identity | SpatialDropout, step: Step, x: str) -> str:
    return x


@formula.register
def _(layer: Dense, step: Step, x: str) -> str:
    return " + ".join([f"{x} @ p.weight", *own(step, "bias")])


@formula.register
def _(layer: Maxout, step: Step, x: str) -> str:
    return call("maxout", [x, *own(step, "weight", "bias")], pieces=unless(2, layer.pieces))


@formula.register
def _(layer: Embedding, step: Step, x: str) -> str:
    return f"p.weight[{x}]"


@formula.register
def _(layer: EmbedColumns, step: Step, x: str) -> str:
    features = step.input_shapes[0][0]
    vectors = [f"({position}, p.{name})" for name, position, _ in layer.places(features)]
    return call("embed_columns", [x, str(layer.numbers(features)), *vectors])


@formula.register
def _(layer: rectifiers.LeakyRelu, step: Step, x: str) -> str:
    return call("leaky_relu", [x], slope=layer.slope)


@formula.register
def _(layer: rectifiers.Prelu, step: Step, x: str) -> str:
    return call("leaky_relu", [x, "p.slope"])


@formula.register
def _(layer: rectifiers.Rrelu, step: Step, x: str) -> str:
    return call("leaky_relu", [x], slope=(layer.lower + layer.upper) / 2)


@formula.register
def _(layer: rectifiers.Elu, step: Step, x: str) -> str:
    return call("elu", [x], alpha=unless(1, layer.alpha))


@formula.register
def _(layer: rectifiers.Softplus, step: Step, x: str) -> str:
    return call("softplus", [x], beta=unless(1, layer.beta))


@formula.register
def _(layer: gated.Gelu, step: Step, x: str) -> str:
    return call("gelu" if layer.approximate == "none" else "gelu_tanh", [x])


@formula.register
def _(layer: Add, step: Step, *x: str) -> str:
    return " + ".join(sorted(x) if len(x) == 2 else x)


@formula.register
def _(layer: Multiply, step: Step, *x: str) -> str:
    return " * ".join(x)


@formula.register
def _(layer: Concat, step: Step, *x: str) -> str:
    return f"np.concatenate([{', '.join(x)}], axis=-1)"


@formula.register
def _(layer: Flatten | Reshape, step: Step, x: str) -> str:
    return call(f"{x}.reshape", [f"len({x})", *map(str, step.shape)])


@formula.register
def _(layer: Permute, step: Step, x: str) -> str:
    return call(f"{x}.transpose", ["0", *map(str, layer.axes)])


@formula.register
def _(layer: Upsample2d, step: Step, x: str) -> str:
    down, across = pair(layer.factor)
    return f"{x}.repeat({down}, axis=1).repeat({across}, axis=2)"


@formula.register
def _(layer: ZeroPad2d, step: Step, x: str) -> str:
    down, across = (tuple(pair(sides)) for sides in pair(layer.padding))
    return f"np.pad({x}, ((0, 0), {down}, {across}, (0, 0)))"


@formula.register
def _(layer: BatchNorm, step: Step, x: str) -> str:
    arrays = own(step, "running_mean", "running_variance", "scale", "shift")
    return call("batch_norm", [x, *arrays], eps=unless(1e-5, layer.eps))


@formula.register
def _(layer: LayerNorm | RmsNorm, step: Step, x: str) -> str:
    return call(layer.yaml_name, [x, *own(step, "scale", "shift")], eps=unless(1e-5, layer.eps))


@formula.register
def _(layer: GroupNorm, step: Step, x: str) -> str:
    arrays = own(step, "scale", "shift")
    return call("group_norm", [x, str(layer.groups), *arrays], eps=unless(1e-5, layer.eps))


@formula.register
def _(layer: GlobalAvgPool | GlobalMaxPool, step: Step, x: str) -> str:
    axes = tuple(range(1, len(step.input_shapes[0])))
    of = "mean" if isinstance(layer, GlobalAvgPool) else "max"
    return f"{x}.{of}(axis={axes[0] if len(axes) == 1 else axes})"


@formula.register
def _(layer: PiecewiseLinearEncoding, step: Step, x: str) -> str:
    return call("piecewise_linear", [x, "p.edges"])


@formula.register
def _(layer: PeriodicEncoding, step: Step, x: str) -> str:
    return call("periodic", [x, "p.frequency"])


@formula.register
def _(layer: CumulativeLink, step: Step, x: str) -> str:
    return call("cumulative_link", [x, "p.threshold"])


@formula.register
def _(layer: PositionalEncoding, step: Step, x: str) -> str:
    return f"{x} + positions(*{x}.shape[1:], base={layer.base:g})"


@formula.register
def _(layer: LearnedPositions, step: Step, x: str) -> str:
    return f"{x} + p.weight[: {x}.shape[1]]"


@formula.register
def _(layer: Recurrent, step: Step, x: str) -> str:
    arrays = own(step, "weight", "recurrent_weight", "bias", "recurrent_bias")
    relu = isinstance(layer, SimpleRnn) and layer.activation == "relu"
    start = f"{x}[:, ::-1]" if layer.reverse else x
    y = call(layer.yaml_name, [start, *arrays], activation="relu" if relu else None)
    if not layer.return_sequences:
        return f"{y}[:, -1]"
    return f"{y}[:, ::-1]" if layer.reverse else y


@formula.register
def _(layer: MultiHeadAttention, step: Step, x: str) -> str:
    arrays = own(step, "weight", "output_weight", "bias", "output_bias")
    options = {"heads": layer.heads, "causal": unless(False, layer.causal)}
    if layer.rotary:
        return call("rotary_attention", [x, *arrays], **options, base=unless(10000, layer.rotary_base))
    return call("multi_head_attention", [x, *arrays], **options)


@formula.register
def _(layer: Conv2d, step: Step, x: str) -> str:
    down, across = windows_of(layer.geometry(step.input_shapes[0]))
    options = {"stride": strides(down, across), "padding": paddings(down, across)}
    return grouped("conv2d", layer.groups, [x, *weight_and_bias(step, down, across)], options)


@formula.register
def _(layer: Conv1d, step: Step, x: str) -> str:
    _, along = windows_of(layer.geometry(step.input_shapes[0]))
    weight = "p.weight" if layer.dilation == 1 else f"dilated1d(p.weight, {layer.dilation})"
    options = {"stride": unless(1, layer.stride), "padding": unless((0, 0), around(along))}
    return grouped("conv1d", layer.groups, [x, weight, *own(step, "bias")], options)


@formula.register
def _(layer: DepthwiseConv2d, step: Step, x: str) -> str:
    down, across = layer._slides(step.input_shapes[0])
    arrays = weight_and_bias(step, down, across)
    options = {"stride": strides(down, across), "padding": paddings(down, across)}
    return call("depthwise_conv2d", [x, *arrays], **options)


def windows_of(g: Geometry) -> tuple[Slide, Slide]:
    """How the kernel slides down and across."""
    axes = zip(g.kernel, g.stride, g.dilation, g.before, g.image, g.output, strict=True)
    down, across = (Slide(*axis) for axis in axes)
    return down, across


def weight_and_bias(step: Step, down: Slide, across: Slide) -> list[str]:
    dilation = (down.dilation, across.dilation)
    weight = "p.weight" if dilation == (1, 1) else f"dilated(p.weight, {dilation})"
    return [weight, *own(step, "bias")]


def grouped(function: str, groups: int, arguments: list[str], options: dict[str, object]) -> str:
    if groups == 1:
        return call(function, arguments, **options)
    return call("in_groups", [function, str(groups), *arguments], **options)


@formula.register
def _(layer: Conv2dTranspose, step: Step, x: str) -> str:
    g = layer.geometry(step.input_shapes[0])
    axes = windows_of(g)  # of the convolution that it reverses
    kept = tuple((axis.before, axis.before + axis.inputs) for axis in axes)
    size = tuple(max(end, reach(axis)) for (_, end), axis in zip(kept, axes, strict=True))
    options: dict[str, object] = {
        "stride": unless((1, 1), tuple(g.stride)),
        "dilation": unless((1, 1), tuple(g.dilation)),
        "size": size,
        "kept": kept,
    }
    return grouped("conv2d_transpose", layer.groups, [x, *own(step, "weight", "bias")], options)


@formula.register
def _(layer: Pool2d, step: Step, x: str) -> str:
    down, across = layer.slides(step.input_shapes[0])
    sizes = {"size": (down.size, across.size), "stride": (down.stride, across.stride)}
    padding = paddings(down, across)
    if padding is None and layer.yaml_name == "avg_pool2d":
        return f"{call('windows', [x], **sizes)}.mean(axis=(-2, -1))"
    return call(layer.yaml_name, [x], **sizes, padding=padding)


@formula.register
def _(layer: Pool1d, step: Step, x: str) -> str:
    _, along = layer.slides(step.input_shapes[0])
    padding = unless((0, 0), around(along))
    return call(layer.yaml_name, [x], size=along.size, stride=along.stride, padding=padding)


def strides(down: Slide, across: Slide) -> object | None:
    return unless((1, 1), (down.stride, across.stride))


def paddings(down: Slide, across: Slide) -> object | None:
    return unless(NO_PADDING, (around(down), around(across)))


def around(slide: Slide) -> tuple[int, int]:
    """The padding before and after an axis, as far as windows reach."""
    return slide.before, max(0, reach(slide) - slide.before - slide.inputs)


def reach(slide: Slide) -> int:
    """From the start of the first window to the end of the last."""
    return (slide.outputs - 1) * slide.stride + (slide.size - 1) * slide.dilation + 1


@formula.register
def _(layer: TimeDistributed, step: Step, x: str) -> str:
    inside = replace(
        step, layer=layer.layer, input_shapes=tuple(s[1:] for s in step.input_shapes), shape=step.shape[1:]
    )
    one = formula(layer.layer, inside, "x")
    return x if one == "x" else f"over_steps(lambda x: {one}, {x})"
