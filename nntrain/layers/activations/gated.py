"""Gated activations: each value times a gate between 0 and 1 that the value itself opens."""

from typing import Literal

from pydantic import Field

from nntrain import kernels
from nntrain.layers.layer import Activation, flat


class Gelu(Activation, name="gelu"):
    """x times the probability that a standard normal number is smaller: y = x (1 + erf(x / sqrt 2)) / 2.

    With `approximate: tanh`, y = x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2 (Hendrycks & Gimpel 2016).
    """

    approximate: Literal["none", "tanh"] = Field("none", description="the exact function, or the one made with tanh")

    reads = "x"
    suits = "he_normal"

    def forward(self, at):
        gelu = kernels.activations.gelu if self.approximate == "none" else kernels.activations.gelu_tanh
        gelu(flat(at.y), flat(at.x))

    def backward_input(self, at):
        exact = self.approximate == "none"
        backward = kernels.activations.gelu_backward if exact else kernels.activations.gelu_tanh_backward
        backward(flat(at.dx), flat(at.dy), flat(at.x))


class Silu(Activation, name="silu", aliases=("swish",)):
    """x times its sigmoid: y = x / (1 + exp(-x)) (Elfwing 2018; swish: Ramachandran 2017)."""

    reads = "x"
    suits = "he_normal"

    def forward(self, at):
        kernels.activations.silu(flat(at.y), flat(at.x))

    def backward_input(self, at):
        kernels.activations.silu_backward(flat(at.dx), flat(at.dy), flat(at.x))


class HardSwish(Activation, name="hard_swish"):
    """x times its hard_sigmoid: y = x min(max(x + 3, 0), 6) / 6 (Howard 2019)."""

    reads = "x"
    suits = "he_normal"

    def forward(self, at):
        kernels.activations.hard_swish(flat(at.y), flat(at.x))

    def backward_input(self, at):
        kernels.activations.hard_swish_backward(flat(at.dx), flat(at.dy), flat(at.x))


class Mish(Activation, name="mish"):
    """x times the tanh of its softplus: y = x tanh(log(1 + exp(x))) (Misra 2019)."""

    reads = "x"
    suits = "he_normal"

    def forward(self, at):
        kernels.activations.mish(flat(at.y), flat(at.x))

    def backward_input(self, at):
        kernels.activations.mish_backward(flat(at.dx), flat(at.dy), flat(at.x))
