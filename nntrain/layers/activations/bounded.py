"""Bounded activations: large values are held between two limits; and identity, which holds nothing."""

from nntrain import kernels
from nntrain.layers.layer import Activation, flat


class Identity(Activation, name="identity"):
    """Changes nothing: `y = x`."""

    reads = ""
    aliases_input = True


class Sigmoid(Activation, name="sigmoid"):
    """Squeezes each value between 0 and 1: `y = 1 / (1 + exp(-x))`.

    Its slope is at most 1/4 and vanishes far from 0, so that little gradient reaches the lower layers of a deep network. For a
    yes-or-no output the loss `binary_cross_entropy` applies it itself.

    Source: Rumelhart, Hinton & Williams 1986, Learning representations by back-propagating errors.
    """

    reads = "y"

    def forward(self, ctx):
        kernels.activations.sigmoid(flat(ctx.y), flat(ctx.x))

    def backward_input(self, ctx):
        kernels.activations.sigmoid_backward(flat(ctx.dx), flat(ctx.dy), flat(ctx.y))


class Tanh(Activation, name="tanh"):
    """Squeezes each value between -1 and 1: `y = tanh(x)`.

    Its values centre on 0, which suits the layer above better than a sigmoid's.

    Source: LeCun et al. 1998, Efficient backprop.
    """

    reads = "y"

    def forward(self, ctx):
        kernels.activations.tanh(flat(ctx.y), flat(ctx.x))

    def backward_input(self, ctx):
        kernels.activations.tanh_backward(flat(ctx.dx), flat(ctx.dy), flat(ctx.y))


class Softsign(Activation, name="softsign"):
    """Squeezes each value between -1 and 1, more slowly than tanh: `y = x / (1 + |x|)`.

    Source: Bergstra et al. 2009, Quadratic polynomials learn better image features.
    """

    reads = "y"

    def forward(self, ctx):
        kernels.activations.softsign(flat(ctx.y), flat(ctx.x))

    def backward_input(self, ctx):
        kernels.activations.softsign_backward(flat(ctx.dx), flat(ctx.dy), flat(ctx.y))


class HardSigmoid(Activation, name="hard_sigmoid"):
    """A sigmoid of three straight pieces: `y = min(max(x + 3, 0), 6) / 6`.

    Source: Howard et al. 2019, Searching for MobileNetV3.
    """

    reads = "y"

    def forward(self, ctx):
        kernels.activations.clip(flat(ctx.y), flat(ctx.x), 3.0, 0.0, 6.0, 1 / 6)

    def backward_input(self, ctx):
        kernels.activations.clip_backward(flat(ctx.dx), flat(ctx.dy), flat(ctx.y), 0.0, 6.0, 1 / 6)


class HardTanh(Activation, name="hard_tanh"):
    """A tanh of three straight pieces: `y = min(max(x, -1), 1)`.

    Source: Collobert 2004, Large scale machine learning.
    """

    reads = "y"

    def forward(self, ctx):
        kernels.activations.clip(flat(ctx.y), flat(ctx.x), 0.0, -1.0, 1.0, 1.0)

    def backward_input(self, ctx):
        kernels.activations.clip_backward(flat(ctx.dx), flat(ctx.dy), flat(ctx.y), -1.0, 1.0, 1.0)


class Relu6(Activation, name="relu6"):
    """A relu that stops at 6: `y = min(max(x, 0), 6)`.

    Source: Krizhevsky 2010, Convolutional deep belief networks on CIFAR-10.
    """

    reads = "y"
    preferred_initializer = "he_normal"

    def forward(self, ctx):
        kernels.activations.clip(flat(ctx.y), flat(ctx.x), 0.0, 0.0, 6.0, 1.0)

    def backward_input(self, ctx):
        kernels.activations.clip_backward(flat(ctx.dx), flat(ctx.dy), flat(ctx.y), 0.0, 6.0, 1.0)
