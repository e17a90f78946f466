"""Convolutions, plain, depthwise and transposed: with channels first, and the filters as the weight's first axis."""

from collections.abc import Sequence

import numpy as np

from nntrain.export.onnx.graph import Value
from nntrain.export.onnx.layers.steps import without_padding
from nntrain.export.onnx.layers.windows import ends
from nntrain.export.onnx.place import Place, writes
from nntrain.layers.conv import Conv1d, Conv2d, Conv2dTranspose
from nntrain.layers.depthwise import DepthwiseConv2d
from nntrain.layers.window import Slide, pair, slide, slide_back


@writes(Conv2d)
def conv2d(at: Place) -> Value:
    weight = at.arrays["weight"].transpose(3, 2, 0, 1)
    return convolution(at, at.channels_first(), weight, slides_of(at), at.layer.groups)


@writes(DepthwiseConv2d)
def depthwise_conv2d(at: Place) -> Value:
    high, wide, channels, many = at.arrays["weight"].shape
    weight = at.arrays["weight"].transpose(2, 3, 0, 1).reshape(channels * many, 1, high, wide)
    return convolution(at, at.channels_first(), weight, slides_of(at), channels)


@writes(Conv1d)
def conv1d(at: Place) -> Value:
    layer, weight = at.layer, at.arrays["weight"].transpose(2, 1, 0)
    along = slide(
        "kernel_size", at.shapes[0][0], layer.kernel_size, layer.stride, layer.padding, layer.dilation
    )
    x = without_padding(at, at.channels_first(), part="real")
    slides = [(along, layer.padding)]
    if at.graph.lengths is None:
        return convolution(at, x, weight, slides, layer.groups)
    return without_padding(at, convolution(at, x, weight, slides, layer.groups, part="convolution"))


def slides_of(at: Place) -> list[tuple[Slide, str | int]]:
    """The windows along rows and columns, with their `padding`."""
    layer, (height, width, _) = at.layer, at.shapes[0]
    options = zip(
        (height, width),
        pair(layer.kernel_size),
        pair(layer.stride),
        pair(layer.padding),
        pair(layer.dilation),
        strict=True,
    )
    return [(slide("kernel_size", *axis), axis[3]) for axis in options]


def convolution(
    at: Place,
    x: Value,
    weight: np.ndarray,
    slides: Sequence[tuple[Slide, str | int]],
    groups: int,
    part: str = "",
) -> Value:
    name = at.node(
        "Conv",
        x.name,
        at.constant("weight", weight),
        *at.bias(),
        part=part,
        kernel_shape=[one.size for one, _ in slides],
        strides=[one.stride for one, _ in slides],
        dilations=[one.dilation for one, _ in slides],
        pads=ends(slides),
        group=groups,
    )
    return x.named(name)


@writes(Conv2dTranspose)
def conv2d_transpose(at: Place) -> Value:
    layer, x = at.layer, at.channels_first()
    height, width, _ = at.shapes[0]
    axes = zip(
        (height, width),
        pair(layer.kernel_size),
        pair(layer.stride),
        pair(layer.padding),
        pair(layer.dilation),
        pair(layer.output_padding),
        strict=True,
    )
    slides = [slide_back(*axis) for axis in axes]
    # How many values the whole output is longer than ours at the end. Below 0: so many are added, which no kernel reaches.
    over = [
        (one.outputs - 1) * one.stride + (one.size - 1) * one.dilation + 1 - one.before - one.inputs
        for one in slides
    ]
    if any(-extra >= one.stride for extra, one in zip(over, slides, strict=True)):
        # More than runtimes take as output_padding: zeros after the input make the whole output longer.
        zeros = [max(0, -(extra // one.stride)) for extra, one in zip(over, slides, strict=True)]
        x = x.named(at.node("Pad", x.name, at.graph.integers([0] * 6 + zeros), part="padded"))
        over = [extra + count * one.stride for extra, count, one in zip(over, zeros, slides, strict=True)]
    name = at.node(
        "ConvTranspose",
        x.name,
        at.constant("weight", at.arrays["weight"].transpose(3, 2, 0, 1)),
        *at.bias(),
        kernel_shape=[one.size for one in slides],
        strides=[one.stride for one in slides],
        dilations=[one.dilation for one in slides],
        pads=[*(one.before for one in slides), *(max(0, extra) for extra in over)],
        output_padding=[max(0, -extra) for extra in over],
        group=layer.groups,
    )
    return x.named(name)
