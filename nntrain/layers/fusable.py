"""Fusable: work of neighbouring layers that a layer can do in its own kernels. network.fusion decides where it happens."""

from enum import Enum, auto


class Fusable(Enum):
    """A layer lists in `fuses` what it can do for its neighbours, and names in `fusable_as` what it is to them."""

    # The activation after it: forward applies `ctx.epilogue` to its result. The activation is `y = x` above 0, `y = slope x`
    # below, and its `epilogue` gives the code and the slope.
    ACTIVATION = auto()

    # The same for tanh and sigmoid, whose gradients need their output alone.
    CURVE = auto()

    # The sum of two after it: forward adds `ctx.addend` to its result, before the activation.
    SUM = auto()

    # The gradient of the activation that is fused into it: backward multiplies dy by `ctx.dy_slope` where that one's y <= 0.
    ACTIVATION_GRADIENT = auto()

    # The gradient of the activation before it: backward_input multiplies dx by `ctx.dy_slope` where x <= 0.
    INPUT_ACTIVATION_GRADIENT = auto()

    # The gradient of tanh or sigmoid before it, `ctx.dy_epilogue`, whose output is x.
    INPUT_CURVE_GRADIENT = auto()

    # That of a rectifier before it, where y <= 0, by a layer whose values of y are values of x, such as max pooling.
    SELECTED_ACTIVATION_GRADIENT = auto()

    # The embedding before it: it reads `ctx.tokens` and the embedding's weight.
    EMBEDDING = auto()
