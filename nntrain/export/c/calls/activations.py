"""Activations and the functions that make the outcome, all of which may work in place."""

from nntrain.export.c.blocks import Function
from nntrain.export.c.calls.call import Code, Site, call, in_place
from nntrain.export.c.constants import literal
from nntrain.layers.activations.bounded import HardSigmoid, HardTanh, Relu6, Sigmoid, Softsign, Tanh
from nntrain.layers.activations.gated import Gelu, HardSwish, Mish, Silu
from nntrain.layers.activations.rectifiers import Elu, LeakyRelu, Prelu, Relu, Rrelu, Selu, Softplus
from nntrain.layers.activations.softmax import LogSoftmax, Softmax
from nntrain.layers.layer import Activation

PLAIN = {
    Sigmoid: ("sigmoid", "y = 1 / (1 + exp(-x))"),
    Tanh: ("hyperbolic_tangent", "y = tanh(x)"),
    Softsign: ("softsign", "y = x / (1 + |x|)"),
    Silu: ("silu", "y = x / (1 + exp(-x))"),
    HardSwish: ("hard_swish", "y = x * min(max(x + 3, 0), 6) / 6"),
    Mish: ("mish", "y = x * tanh(log(1 + exp(x)))"),
    Relu: ("relu", "y = max(x, 0)"),
}
CLIPPED = {  # offset, low, high, gain
    HardSigmoid: (3.0, 0.0, 6.0, 1 / 6),
    HardTanh: (0.0, -1.0, 1.0, 1.0),
    Relu6: (0.0, 0.0, 6.0, 1.0),
}
BY_ROWS = {
    "softmax": "y = exp(x) / sum of exp(x)",
    "log_softmax": "y = x - log(sum of exp(x))",
    "mean_std": "y = means and exp(log of variance / 2) in turn",
    "shares": "y = max(x, 0) / sum of max(x, 0)",
}
TO_TWO = {"two_classes": "y = (sigmoid(-x), sigmoid(x))", "side": "y = (x <= 0, x > 0)"}


@in_place.register
def _(layer: Activation) -> bool:
    return True


@in_place.register
def _(layer: Function) -> bool:
    return layer.name not in TO_TWO


def each(site: Site, function: str, formula: str, *arguments: float) -> Code:
    """A function of each value."""
    options = "".join(f"{literal(value)}, " for value in arguments)
    return Code(formula, (f"{function}({site.y}, {site.x}, {options}{site.count(site.shape)});",))


@call.register(Sigmoid)
@call.register(Tanh)
@call.register(Softsign)
@call.register(Silu)
@call.register(HardSwish)
@call.register(Mish)
@call.register(Relu)
def _(layer: Activation, site: Site) -> Code:
    return each(site, *PLAIN[type(layer)])


@call.register(HardSigmoid)
@call.register(HardTanh)
@call.register(Relu6)
def _(layer: Activation, site: Site) -> Code:
    offset, low, high, gain = CLIPPED[type(layer)]
    shifted = f"x + {offset:g}" if offset else "x"
    formula = f"y = min(max({shifted}, {low:g}), {high:g})" + (" / 6" if gain != 1 else "")
    return each(site, "clip", formula, offset, low, high, gain)


@call.register
def _(layer: LeakyRelu, site: Site) -> Code:
    return each(site, "leaky_relu", f"y = x above 0, {layer.slope:g} * x below", layer.slope)


@call.register
def _(layer: Rrelu, site: Site) -> Code:
    slope = (layer.lower + layer.upper) / 2  # in evaluation
    return each(site, "leaky_relu", f"y = x above 0, {slope:g} * x below", slope)


@call.register
def _(layer: Prelu, site: Site) -> Code:
    slope = site.array("slope")
    many = len(site.block.arrays["slope"])
    rows = site.rows(site.shape) if many > 1 else site.count(site.shape)
    return Code("y = x above 0, slope * x below", (f"prelu({site.y}, {site.x}, {slope}, {rows}, {many});",))


@call.register
def _(layer: Elu, site: Site) -> Code:
    return each(site, "elu", f"y = x above 0, {layer.alpha:g} * (exp(x) - 1) below", layer.alpha, 1.0)


@call.register
def _(layer: Selu, site: Site) -> Code:
    formula = "y = 1.0507 * (x above 0, 1.6733 * (exp(x) - 1) below)"
    return each(site, "elu", formula, layer.ALPHA, layer.SCALE)


@call.register
def _(layer: Softplus, site: Site) -> Code:
    return each(site, "softplus", f"y = log(1 + exp({layer.beta:g} * x)) / {layer.beta:g}", layer.beta)


@call.register
def _(layer: Gelu, site: Site) -> Code:
    if layer.approximate == "tanh":
        return each(site, "gelu_tanh", "y = x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))) / 2")
    return each(site, "gelu", "y = x * (1 + erf(x / sqrt(2))) / 2")


@call.register(Softmax)
@call.register(LogSoftmax)
def _(layer: Activation, site: Site) -> Code:
    return by_rows(site, layer.yaml_name)


@call.register
def _(layer: Function, site: Site) -> Code:
    if layer.name in TO_TWO:
        return Code(TO_TWO[layer.name], (f"{layer.name}({site.y}, {site.x}, {site.count(site.shape)});",))
    if layer.name in BY_ROWS:
        return by_rows(site, layer.name)
    return each(site, *{"sigmoid": PLAIN[Sigmoid], "exp": ("exponential", "y = exp(x)")}[layer.name])


def by_rows(site: Site, function: str) -> Code:
    line = f"{function}({site.y}, {site.x}, {site.rows(site.shape)}, {site.shape[-1]});"
    return Code(BY_ROWS[function], (line,))
