"""What takes the place of layers in whole numbers, and their code."""

from dataclasses import dataclass

from nntrain.export.c.calls.call import Code, Site, call, in_place
from nntrain.export.c.calls.images import of_slides, windows
from nntrain.export.c.constants import literal
from nntrain.layers.activations.rectifiers import Relu
from nntrain.layers.conv import Conv1d, Conv2d
from nntrain.layers.dense import Dense
from nntrain.layers.pool import MaxPool


@dataclass(frozen=True)
class Quantize:
    """Rounds to whole numbers of steps of `scale`."""

    scale: float


@dataclass(frozen=True)
class Linear8:
    """A dense layer or a convolution of int8; with an output in int8 or float, as its block says."""

    layer: Dense | Conv1d | Conv2d


@dataclass(frozen=True)
class Relu8:
    """ReLU of int8."""

    layer: Relu


@dataclass(frozen=True)
class MaxPool8:
    """Max pooling of int8."""

    layer: MaxPool


@in_place.register
def _(layer: Relu8) -> bool:
    return True


@call.register
def _(layer: Quantize, site: Site) -> Code:
    inverse = literal(1 / layer.scale)
    line = f"quantize({site.y}, {site.x}, {inverse}, {site.count(site.shape)});"
    return Code(f"y = x / {layer.scale:.6g}, rounded to int8", (line,))


@call.register
def _(layer: Relu8, site: Site) -> Code:
    return Code("y = max(x, 0) in int8", (f"relu_int8({site.y}, {site.x}, {site.count(site.shape)});",))


@call.register
def _(layer: MaxPool8, site: Site) -> Code:
    sizes = of_slides(layer.layer.slides(site.shape), site.shape[-1], site.shape[-1])
    window = windows(site, sizes)
    line = f"max_pool_int8({site.y}, {site.x}, {window[0]});"
    return Code("y = maximum of each window, in int8", (*window[1], line))


@call.register
def _(layer: Linear8, site: Site) -> Code:
    weight = site.array("weight", kind="int8_t")
    if site.block.element == "int8_t":
        ending = ""
        kinds = {"bias": "int32_t", "multiplier": "int32_t", "shift": "int8_t"}
    else:
        ending = "_to_float"
        kinds = {"scale": "float", "bias": "float"}
    arrays = ", ".join(
        [site.y, site.x, weight, *(site.array(name, kind=kind) for name, kind in kinds.items())]
    )
    if isinstance(layer.layer, Dense):
        sizes = f"{site.rows(site.shape)}, {site.shape[-1]}, {layer.layer.units}"
        return Code("y = x @ weight + bias in int8", (f"dense_int8{ending}({arrays}, {sizes});",))
    window = windows(site, layer.layer.geometry(site.shape))
    line = f"conv_int8{ending}({arrays}, {window[0]});"
    return Code("convolution in int8", (*window[1], line))
