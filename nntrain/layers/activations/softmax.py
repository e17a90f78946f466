"""Softmax and its logarithm, over the last axis."""

from nntrain import kernels
from nntrain.layers.context import LayerContext, Shape, table
from nntrain.layers.layer import Activation
from nntrain.layers.require import require_last_axis


class Softmax(Activation, name="softmax"):
    """Softmax over the last axis: `y = exp(x) / sum of exp(x)`, a probability distribution.

    Not needed before the loss `cross_entropy`, which takes logits and applies it itself.

    Source: Bridle 1990, Probabilistic interpretation of feedforward classification network outputs.
    """

    reads = "y"
    normalizes_logits = True

    def output_shape(self, x: Shape) -> Shape:
        require_last_axis(x)
        return x

    def forward(self, ctx: LayerContext) -> None:
        kernels.softmax.softmax(table(ctx.y), table(ctx.x))

    def backward_input(self, ctx: LayerContext) -> None:
        kernels.softmax.softmax_backward(table(ctx.dx), table(ctx.dy), table(ctx.y))


class LogSoftmax(Activation, name="log_softmax"):
    """Logarithm of the softmax over the last axis: `y = x - log(sum of exp(x))`, for the loss `nll`."""

    reads = "y"
    normalizes_logits = True

    def output_shape(self, x: Shape) -> Shape:
        require_last_axis(x)
        return x

    def forward(self, ctx: LayerContext) -> None:
        kernels.softmax.log_softmax(table(ctx.y), table(ctx.x))

    def backward_input(self, ctx: LayerContext) -> None:
        kernels.softmax.log_softmax_backward(table(ctx.dx), table(ctx.dy), table(ctx.y))
