"""Gated activations: each value times a gate between 0 and 1 that the value itself opens."""

from typing import Literal

from pydantic import Field

from nntrain import kernels
from nntrain.layers.layer import Activation, flat


class Gelu(Activation, name="gelu"):
    """Each value times the probability that a standard normal number is smaller: `y = x (1 + erf(x / sqrt(2))) / 2`.

    With `approximate: tanh` it is `y = x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2`.

    Source: Hendrycks & Gimpel 2016, Gaussian error linear units.
    """

    approximate: Literal["none", "tanh"] = Field(
        "none",
        description="`none` for the exact function, `tanh` for the one that "
        "the first large language models used",
    )

    reads = "x"
    preferred_initializer = "he_normal"

    def forward(self, ctx):
        gelu = kernels.activations.gelu if self.approximate == "none" else kernels.activations.gelu_tanh
        gelu(flat(ctx.y), flat(ctx.x))

    def backward_input(self, ctx):
        exact = self.approximate == "none"
        backward = kernels.activations.gelu_backward if exact else kernels.activations.gelu_tanh_backward
        backward(flat(ctx.dx), flat(ctx.dy), flat(ctx.x))


class Silu(Activation, name="silu", aliases=("swish",)):
    """Each value times its sigmoid: `y = x / (1 + exp(-x))`.

    Source: Elfwing, Uchibe & Doya 2018, Sigmoid-weighted linear units for neural network function approximation in reinforcement
    learning; as swish Ramachandran, Zoph & Le 2017, Searching for activation functions.
    """

    reads = "x"
    preferred_initializer = "he_normal"

    def forward(self, ctx):
        kernels.activations.silu(flat(ctx.y), flat(ctx.x))

    def backward_input(self, ctx):
        kernels.activations.silu_backward(flat(ctx.dx), flat(ctx.dy), flat(ctx.x))


class HardSwish(Activation, name="hard_swish"):
    """Each value times its hard_sigmoid: `y = x min(max(x + 3, 0), 6) / 6`.

    Source: Howard et al. 2019, Searching for MobileNetV3.
    """

    reads = "x"
    preferred_initializer = "he_normal"

    def forward(self, ctx):
        kernels.activations.hard_swish(flat(ctx.y), flat(ctx.x))

    def backward_input(self, ctx):
        kernels.activations.hard_swish_backward(flat(ctx.dx), flat(ctx.dy), flat(ctx.x))


class Mish(Activation, name="mish"):
    """Each value times the tanh of its softplus: `y = x tanh(log(1 + exp(x)))`.

    Source: Misra 2019, Mish: a self regularized non-monotonic activation function.
    """

    reads = "x"
    preferred_initializer = "he_normal"

    def forward(self, ctx):
        kernels.activations.mish(flat(ctx.y), flat(ctx.x))

    def backward_input(self, ctx):
        kernels.activations.mish_backward(flat(ctx.dx), flat(ctx.dy), flat(ctx.x))
