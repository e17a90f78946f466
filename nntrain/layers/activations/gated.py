"""Gated activations: each value times a gate between 0 and 1 that depends on the value itself."""

from typing import Literal

from pydantic import Field

from nntrain import kernels
from nntrain.layers.context import LayerContext, flat
from nntrain.layers.layer import Activation


class Gelu(Activation, name="gelu"):
    """Gaussian error linear unit: `y = x (1 + erf(x / sqrt(2))) / 2`, x times the standard normal distribution function.

    The usual activation of transformers. With `approximate: tanh` it is `y = x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2`.

    Source: Hendrycks & Gimpel 2016, Gaussian error linear units.
    """

    approximate: Literal["none", "tanh"] = Field(
        "none",
        description="`none` for the exact function, `tanh` for the approximation that GPT-2 uses",
    )

    reads = "x"
    preferred_initializer = "he_normal"

    def forward(self, ctx: LayerContext) -> None:
        gelu = kernels.activations.gelu if self.approximate == "none" else kernels.activations.gelu_tanh
        gelu(flat(ctx.y), flat(ctx.x))

    def backward_input(self, ctx: LayerContext) -> None:
        exact = self.approximate == "none"
        backward = kernels.activations.gelu_backward if exact else kernels.activations.gelu_tanh_backward
        backward(flat(ctx.dx), flat(ctx.dy), flat(ctx.x))


class Silu(Activation, name="silu", aliases=("swish",)):
    """Sigmoid linear unit (SiLU, swish): `y = x / (1 + exp(-x))`, x times its sigmoid.

    Source: Elfwing, Uchibe & Doya 2018, Sigmoid-weighted linear units for neural network function approximation in reinforcement
    learning; as swish Ramachandran, Zoph & Le 2017, Searching for activation functions.
    """

    reads = "x"
    preferred_initializer = "he_normal"

    def forward(self, ctx: LayerContext) -> None:
        kernels.activations.silu(flat(ctx.y), flat(ctx.x))

    def backward_input(self, ctx: LayerContext) -> None:
        kernels.activations.silu_backward(flat(ctx.dx), flat(ctx.dy), flat(ctx.x))


class HardSwish(Activation, name="hard_swish"):
    """Hard swish, a piecewise SiLU: `y = x min(max(x + 3, 0), 6) / 6`, x times its hard sigmoid. For mobile networks.

    Source: Howard et al. 2019, Searching for MobileNetV3.
    """

    reads = "x"
    preferred_initializer = "he_normal"

    def forward(self, ctx: LayerContext) -> None:
        kernels.activations.hard_swish(flat(ctx.y), flat(ctx.x))

    def backward_input(self, ctx: LayerContext) -> None:
        kernels.activations.hard_swish_backward(flat(ctx.dx), flat(ctx.dy), flat(ctx.x))


class Mish(Activation, name="mish"):
    """Mish: `y = x tanh(log(1 + exp(x)))`, x times the tanh of its softplus. Smooth, like SiLU.

    Source: Misra 2019, Mish: a self regularized non-monotonic activation function.
    """

    reads = "x"
    preferred_initializer = "he_normal"

    def forward(self, ctx: LayerContext) -> None:
        kernels.activations.mish(flat(ctx.y), flat(ctx.x))

    def backward_input(self, ctx: LayerContext) -> None:
        kernels.activations.mish_backward(flat(ctx.dx), flat(ctx.dy), flat(ctx.x))
