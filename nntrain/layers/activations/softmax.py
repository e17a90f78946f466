"""Softmax and its logarithm: activations of a whole row of values."""

from nntrain import kernels
from nntrain.layers.layer import Activation, require_last_axis, table


class Softmax(Activation, name="softmax"):
    """Turns the last axis into probabilities: `y = exp(x) / sum of exp(x)`.

    The loss `cross_entropy` takes logits, the values before it, and applies it itself.

    Source: Bridle 1990, Probabilistic interpretation of feedforward classification network outputs.
    """

    reads = "y"

    def output_shape(self, x):
        require_last_axis(x)
        return x

    def forward(self, ctx):
        kernels.softmax.softmax(table(ctx.y), table(ctx.x))

    def backward_input(self, ctx):
        kernels.softmax.softmax_backward(table(ctx.dx), table(ctx.dy), table(ctx.y))


class LogSoftmax(Activation, name="log_softmax"):
    """The logarithms of the softmax of the last axis: `y = x - log(sum of exp(x))`. What the loss `nll` takes."""

    reads = "y"

    def output_shape(self, x):
        require_last_axis(x)
        return x

    def forward(self, ctx):
        kernels.softmax.log_softmax(table(ctx.y), table(ctx.x))

    def backward_input(self, ctx):
        kernels.softmax.log_softmax_backward(table(ctx.dx), table(ctx.dy), table(ctx.y))
