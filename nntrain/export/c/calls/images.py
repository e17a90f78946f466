"""Layers whose windows slide over images and sequences: convolutions and pooling; upsampling and borders."""

import numpy as np

from nntrain.export.c.calls.call import Code, Site, call
from nntrain.kernels.geometry import Geometry
from nntrain.layers.conv import Conv1d, Conv2d, Conv2dTranspose
from nntrain.layers.depthwise import DepthwiseConv2d
from nntrain.layers.image import Upsample2d, ZeroPad2d
from nntrain.layers.pool import AvgPool, GlobalAvgPool, GlobalMaxPool, MaxPool, Pool
from nntrain.layers.window import Slide, pair

CONVOLUTION = (
    "y[i, j] = sum over a, b of x[i + a, j + b] @ weight[a, b] + bias, in units of stride and dilation"
)


@call.register(Conv1d)
@call.register(Conv2d)
def _(layer: Conv1d | Conv2d, site: Site) -> Code:
    return convolution(site, "conv", layer.geometry(site.shape), site.array("weight"))


@call.register
def _(layer: Conv2dTranspose, site: Site) -> Code:
    back = layer.geometry(site.shape)  # from the output to the input
    sizes = back._replace(image=back.output, output=back.image, channels=back.filters, filters=back.channels)
    weight = np.swapaxes(site.block.arrays["weight"], -1, -2)  # filters last: the innermost loop is over them
    return convolution(site, "conv_transposed", sizes, site.array("weight", weight))


@call.register
def _(layer: DepthwiseConv2d, site: Site) -> Code:
    down, across = layer._slides(site.shape)
    weight = site.block.arrays["weight"]
    weight = weight.reshape(*weight.shape[:2], -1)
    sizes = of_slides((down, across), site.shape[-1], weight.shape[-1])
    return convolution(site, "conv_depthwise", sizes, site.array("weight", weight))


def convolution(site: Site, function: str, sizes: Geometry, weight: str) -> Code:
    window, bias = windows(site, sizes), site.array("bias")
    return Code(CONVOLUTION, (*window[1], f"{function}({site.y}, {site.x}, {weight}, {bias}, {window[0]});"))


@call.register(MaxPool)
@call.register(AvgPool)
def _(layer: Pool, site: Site) -> Code:
    function, word = ("max_pool", "maximum") if isinstance(layer, MaxPool) else ("avg_pool", "mean")
    sizes = of_slides(layer.slides(site.shape), site.shape[-1], site.shape[-1])
    window = windows(site, sizes)
    return Code(f"y = {word} of each window", (*window[1], f"{function}({site.y}, {site.x}, {window[0]});"))


def of_slides(both: tuple[Slide, ...], channels: int, filters: int) -> Geometry:
    size, stride, dilation, before, inputs, outputs = zip(*both, strict=True)
    return Geometry(inputs, channels, filters, size, stride, dilation, before, outputs)


def windows(site: Site, g: Geometry) -> tuple[str, tuple[str, ...]]:
    """The argument that holds the sizes of a window, and statements before the call."""
    fields = {
        "height": g.image[0], "width": g.image[1], "channels": g.channels,
        "out_height": g.output[0], "out_width": g.output[1], "filters": g.filters,
        "rows": g.kernel[0], "columns": g.kernel[1],
        "stride_rows": g.stride[0], "stride_columns": g.stride[1],
        "dilation_rows": g.dilation[0], "dilation_columns": g.dilation[1],
        "top": g.before[0], "left": g.before[1], "groups": g.groups,
    }  # fmt: skip
    name = site.structure("window", "sliding_window", **fields)
    if site.steps and len(site.shape) == 2:
        local = f"{name}_now"
        return f"&{local}", (
            f"sliding_window {local} = {name};",
            f"{local}.width = {local}.out_width = steps;",
        )
    return f"&{name}", ()


@call.register
def _(layer: GlobalAvgPool, site: Site) -> Code:
    sizes = f"{site.rows(site.shape)}, {site.shape[-1]}"
    return Code("y = mean over all positions", (f"global_avg_pool({site.y}, {site.x}, {sizes});",))


@call.register
def _(layer: GlobalMaxPool, site: Site) -> Code:
    sizes = f"{site.rows(site.shape)}, {site.shape[-1]}"
    return Code("y = maximum over all positions", (f"global_max_pool({site.y}, {site.x}, {sizes});",))


@call.register
def _(layer: Upsample2d, site: Site) -> Code:
    height, width, channels = site.shape
    down, across = pair(layer.factor)
    line = f"upsample2d({site.y}, {site.x}, {height}, {width}, {channels}, {down}, {across});"
    return Code(f"y = x, each pixel {down} by {across} times", (line,))


@call.register
def _(layer: ZeroPad2d, site: Site) -> Code:
    height, width, channels = site.shape
    top, left = (pair(sides)[0] for sides in pair(layer.padding))
    out_height, out_width, _ = site.block.shape
    line = f"zero_pad2d({site.y}, {site.x}, {height}, {width}, {channels}, {top}, {left}, {out_height}, {out_width});"
    return Code("y = x with a border of zeros", (line,))
