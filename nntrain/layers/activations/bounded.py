"""Bounded activations: large values are held between two limits; and identity, which holds nothing."""

from nntrain import kernels
from nntrain.layers.layer import Activation, flat


class Identity(Activation, name="identity"):
    """Nothing changes: y = x."""

    reads = ""
    aliases_input = True


class Sigmoid(Activation, name="sigmoid"):
    """Between 0 and 1: y = 1 / (1 + exp(-x))."""

    reads = "y"

    def forward(self, at):
        kernels.activations.sigmoid(flat(at.y), flat(at.x))

    def backward_input(self, at):
        kernels.activations.sigmoid_backward(flat(at.dx), flat(at.dy), flat(at.y))


class Tanh(Activation, name="tanh"):
    """Between -1 and 1: y = tanh(x)."""

    reads = "y"

    def forward(self, at):
        kernels.activations.tanh(flat(at.y), flat(at.x))

    def backward_input(self, at):
        kernels.activations.tanh_backward(flat(at.dx), flat(at.dy), flat(at.y))


class Softsign(Activation, name="softsign"):
    """Between -1 and 1, reached more slowly than by tanh: y = x / (1 + |x|) (Bergstra 2009)."""

    reads = "y"

    def forward(self, at):
        kernels.activations.softsign(flat(at.y), flat(at.x))

    def backward_input(self, at):
        kernels.activations.softsign_backward(flat(at.dx), flat(at.dy), flat(at.y))


class HardSigmoid(Activation, name="hard_sigmoid"):
    """A sigmoid of three straight pieces: y = min(max(x + 3, 0), 6) / 6."""

    reads = "y"

    def forward(self, at):
        kernels.activations.clip(flat(at.y), flat(at.x), 3.0, 0.0, 6.0, 1 / 6)

    def backward_input(self, at):
        kernels.activations.clip_backward(flat(at.dx), flat(at.dy), flat(at.y), 0.0, 6.0, 1 / 6)


class HardTanh(Activation, name="hard_tanh"):
    """A tanh of three straight pieces: y = min(max(x, -1), 1)."""

    reads = "y"

    def forward(self, at):
        kernels.activations.clip(flat(at.y), flat(at.x), 0.0, -1.0, 1.0, 1.0)

    def backward_input(self, at):
        kernels.activations.clip_backward(flat(at.dx), flat(at.dy), flat(at.y), -1.0, 1.0, 1.0)


class Relu6(Activation, name="relu6"):
    """A relu that stops at 6: y = min(max(x, 0), 6) (Krizhevsky 2010)."""

    reads = "y"
    suits = "he_normal"

    def forward(self, at):
        kernels.activations.clip(flat(at.y), flat(at.x), 0.0, 0.0, 6.0, 1.0)

    def backward_input(self, at):
        kernels.activations.clip_backward(flat(at.dx), flat(at.dy), flat(at.y), 0.0, 6.0, 1.0)
