"""Bounded activations, which saturate for large values; and identity."""

from nntrain import kernels
from nntrain.layers.context import LayerContext, flat
from nntrain.layers.fusable import Fusable
from nntrain.layers.layer import Activation


class Identity(Activation, name="identity"):
    """Identity: `y = x`."""

    reads = ""
    aliases_input = True


class Sigmoid(Activation, name="sigmoid"):
    """Logistic sigmoid: `y = 1 / (1 + exp(-x))`, between 0 and 1.

    Its gradient is at most 1/4 and vanishes far from 0, so deep networks of sigmoids train slowly. For binary targets, the loss
    `binary_cross_entropy` applies it itself.

    Source: Rumelhart, Hinton & Williams 1986, Learning representations by back-propagating errors.
    """

    reads = "y"
    bounds = (0, 1)
    normalizes_logits = True
    fusable_as = Fusable.CURVE

    def epilogue(self) -> tuple[int, float]:
        return kernels.matmul.SIGMOID, 0.0

    def forward(self, ctx: LayerContext) -> None:
        kernels.activations.sigmoid(flat(ctx.y), flat(ctx.x))

    def backward_input(self, ctx: LayerContext) -> None:
        kernels.activations.sigmoid_backward(flat(ctx.dx), flat(ctx.dy), flat(ctx.y))


class Tanh(Activation, name="tanh"):
    """Hyperbolic tangent: `y = tanh(x)`, between -1 and 1.

    Its outputs are centred on 0, so the next layer trains faster than after a sigmoid.

    Source: LeCun et al. 1998, Efficient backprop.
    """

    reads = "y"
    bounds = (-1, 1)
    fusable_as = Fusable.CURVE

    def epilogue(self) -> tuple[int, float]:
        return kernels.matmul.TANH, 0.0

    def forward(self, ctx: LayerContext) -> None:
        kernels.activations.tanh(flat(ctx.y), flat(ctx.x))

    def backward_input(self, ctx: LayerContext) -> None:
        kernels.activations.tanh_backward(flat(ctx.dx), flat(ctx.dy), flat(ctx.y))


class Softsign(Activation, name="softsign"):
    """Softsign: `y = x / (1 + |x|)`, between -1 and 1. It saturates more slowly than tanh.

    Source: Bergstra et al. 2009, Quadratic polynomials learn better image features.
    """

    reads = "y"
    bounds = (-1, 1)

    def forward(self, ctx: LayerContext) -> None:
        kernels.activations.softsign(flat(ctx.y), flat(ctx.x))

    def backward_input(self, ctx: LayerContext) -> None:
        kernels.activations.softsign_backward(flat(ctx.dx), flat(ctx.dy), flat(ctx.y))


class HardSigmoid(Activation, name="hard_sigmoid"):
    """Hard sigmoid, a piecewise linear sigmoid: `y = min(max(x + 3, 0), 6) / 6`.

    Source: Howard et al. 2019, Searching for MobileNetV3.
    """

    reads = "y"
    bounds = (0, 1)

    def forward(self, ctx: LayerContext) -> None:
        kernels.activations.clip(flat(ctx.y), flat(ctx.x), 3.0, 0.0, 6.0, 1 / 6)

    def backward_input(self, ctx: LayerContext) -> None:
        kernels.activations.clip_backward(flat(ctx.dx), flat(ctx.dy), flat(ctx.y), 0.0, 6.0, 1 / 6)


class HardTanh(Activation, name="hard_tanh"):
    """Hard tanh, a piecewise linear tanh: `y = min(max(x, -1), 1)`.

    Source: Collobert 2004, Large scale machine learning.
    """

    reads = "y"
    bounds = (-1, 1)

    def forward(self, ctx: LayerContext) -> None:
        kernels.activations.clip(flat(ctx.y), flat(ctx.x), 0.0, -1.0, 1.0, 1.0)

    def backward_input(self, ctx: LayerContext) -> None:
        kernels.activations.clip_backward(flat(ctx.dx), flat(ctx.dy), flat(ctx.y), -1.0, 1.0, 1.0)


class Relu6(Activation, name="relu6"):
    """ReLU6, a ReLU capped at 6: `y = min(max(x, 0), 6)`. For networks that are quantized later.

    Source: Krizhevsky 2010, Convolutional deep belief networks on CIFAR-10.
    """

    reads = "y"
    bounds = (0, 6)
    preferred_initializer = "he_normal"

    def forward(self, ctx: LayerContext) -> None:
        kernels.activations.clip(flat(ctx.y), flat(ctx.x), 0.0, 0.0, 6.0, 1.0)

    def backward_input(self, ctx: LayerContext) -> None:
        kernels.activations.clip_backward(flat(ctx.dx), flat(ctx.dy), flat(ctx.y), 0.0, 6.0, 1.0)
