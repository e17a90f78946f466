"""Activations: functions of each value, which keep the order of the axes, and softmax."""

import math
from typing import Any

from nntrain.export.onnx.graph import Value
from nntrain.export.onnx.place import Place, writes
from nntrain.layers.activations.bounded import HardSigmoid, HardTanh, Identity, Relu6, Sigmoid, Softsign, Tanh
from nntrain.layers.activations.gated import Gelu, HardSwish, Mish, Silu
from nntrain.layers.activations.rectifiers import (
    Elu,
    LeakyRelu,
    Prelu,
    Relu,
    Rrelu,
    Selu,
    Softplus,
)
from nntrain.layers.activations.softmax import LogSoftmax, Softmax

OPERATORS: dict[
    type, tuple[str, dict[str, Any]]
] = {  # of the activations that are one operator without options
    Relu: ("Relu", {}),
    Sigmoid: ("Sigmoid", {}),
    Tanh: ("Tanh", {}),
    Softsign: ("Softsign", {}),
    HardSigmoid: ("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}),
    HardSwish: ("HardSwish", {}),
    Selu: ("Selu", {"alpha": Selu.ALPHA, "gamma": Selu.SCALE}),
}


@writes(*OPERATORS)
def one_operator(at: Place) -> Value:
    operator, attributes = OPERATORS[type(at.layer)]
    return at.x.named(at.node(operator, at.x.name, **attributes))


@writes(Identity)
def identity(at: Place) -> Value:
    return at.x


@writes(HardTanh, Relu6)
def clip(at: Place) -> Value:
    low, high = (at.graph.number(float(bound)) for bound in at.layer.bounds)
    return at.x.named(at.node("Clip", at.x.name, low, high))


@writes(LeakyRelu, Rrelu)
def leaky_relu(at: Place) -> Value:
    """In evaluation the slope of rrelu is the mean of its bounds."""
    layer = at.layer
    slope = layer.slope if isinstance(layer, LeakyRelu) else (layer.lower + layer.upper) / 2
    return at.x.named(at.node("LeakyRelu", at.x.name, alpha=slope))


@writes(Prelu)
def prelu(at: Place) -> Value:
    slope = at.arrays["slope"]
    if at.layer.per_channel:
        slope = at.along_features(at.x, slope)
        slope = slope.reshape(slope.shape[1:])  # without the axis of rows
    return at.x.named(at.node("PRelu", at.x.name, at.constant("slope", slope)))


@writes(Elu)
def elu(at: Place) -> Value:
    return at.x.named(at.node("Elu", at.x.name, alpha=at.layer.alpha))


@writes(Softplus)
def softplus(at: Place) -> Value:
    beta = at.layer.beta
    if beta == 1:
        return at.x.named(at.node("Softplus", at.x.name))
    sharp = at.node("Mul", at.x.name, at.graph.number(beta), part="sharpened")
    return at.x.named(at.node("Div", at.node("Softplus", sharp, part="softplus"), at.graph.number(beta)))


@writes(Gelu)
def gelu(at: Place) -> Value:
    """The operator Gelu is of opset 20; runtimes recognize this form of it."""
    x, number = at.x.name, at.graph.number
    if at.layer.approximate == "none":
        curve = at.node("Erf", at.node("Div", x, number(math.sqrt(2)), part="scaled"), part="erf")
    else:
        square = at.node("Mul", x, x, part="square")
        bent = at.node("Add", number(1.0), at.node("Mul", square, number(0.044715), part="bend"), part="bent")
        slope = at.node("Mul", x, number(math.sqrt(2 / math.pi)), part="slope")
        curve = at.node("Tanh", at.node("Mul", slope, bent, part="scaled"), part="tanh")
    gate = at.node("Add", curve, number(1.0), part="gate")
    return at.x.named(at.node("Mul", at.node("Mul", x, gate, part="gated"), number(0.5)))


@writes(Silu)
def silu(at: Place) -> Value:
    return at.x.named(at.node("Mul", at.x.name, at.node("Sigmoid", at.x.name, part="gate")))


@writes(Mish)
def mish(at: Place) -> Value:
    gate = at.node("Tanh", at.node("Softplus", at.x.name, part="softplus"), part="gate")
    return at.x.named(at.node("Mul", at.x.name, gate))


@writes(Softmax, LogSoftmax)
def softmax(at: Place) -> Value:
    x = at.features_last()
    operator = "Softmax" if isinstance(at.layer, Softmax) else "LogSoftmax"
    return x.named(at.node(operator, x.name, axis=-1))


def acts_on_each_value(layer: Any) -> bool:
    """Whether it is the same function for every value, wherever it stands."""
    if isinstance(layer, Prelu):
        return not layer.per_channel
    return isinstance(
        layer, (*OPERATORS, Identity, HardTanh, Relu6, LeakyRelu, Rrelu, Elu, Softplus, Gelu, Silu, Mish)
    )
