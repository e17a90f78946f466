"""Rectifiers: activations that pass positive values and attenuate negative ones."""

from typing import ClassVar

from pydantic import Field

from nntrain import kernels
from nntrain.initializers import Constant
from nntrain.layers.context import LayerContext, Param, Saved, Shape, flat, table
from nntrain.layers.dropout import random_key
from nntrain.layers.fusable import Fusable
from nntrain.layers.layer import Activation
from nntrain.layers.require import require, require_last_axis


class Relu(Activation, name="relu"):
    """Rectified linear unit (ReLU): `y = max(x, 0)`.

    The usual choice: cheap, and its gradient does not vanish for large values. A unit that is negative for every sample stops
    learning ("dying ReLU"); `leaky_relu` and `elu` avoid that.

    Source: Nair & Hinton 2010, Rectified linear units improve restricted Boltzmann machines.
    """

    reads = "y"
    preferred_initializer = "he_normal"
    fusable_as = Fusable.ACTIVATION

    def epilogue(self) -> tuple[int, float]:
        return kernels.matmul.RELU, 0.0

    def forward(self, ctx: LayerContext) -> None:
        kernels.activations.relu(flat(ctx.y), flat(ctx.x))

    def backward_input(self, ctx: LayerContext) -> None:
        kernels.activations.relu_backward(flat(ctx.dx), flat(ctx.dy), flat(ctx.y))


class LeakyRelu(Activation, name="leaky_relu"):
    """Leaky ReLU: `y = x` above 0, `y = slope x` below. Negative units keep a gradient.

    Source: Maas, Hannun & Ng 2013, Rectifier nonlinearities improve neural network acoustic models.
    """

    slope: float = Field(0.01, ge=0, description="slope for negative values")

    reads = "y"
    preferred_initializer = "he_normal"
    fusable_as = Fusable.ACTIVATION

    def epilogue(self) -> tuple[int, float]:
        return kernels.matmul.LEAKY_RELU, self.slope

    def forward(self, ctx: LayerContext) -> None:
        kernels.activations.leaky_relu(flat(ctx.y), flat(ctx.x), self.slope)

    def backward_input(self, ctx: LayerContext) -> None:
        kernels.activations.leaky_relu_backward(flat(ctx.dx), flat(ctx.dy), flat(ctx.y), self.slope)


class Prelu(Activation, name="prelu"):
    """Parametric ReLU: `y = x` above 0, `y = slope x` below, with a trainable slope.

    Source: He et al. 2015, Delving deep into rectifiers: surpassing human-level performance on ImageNet classification.
    """

    init: float = Field(0.25, description="initial slope")
    per_channel: bool = Field(
        False, description="train one slope per channel of the last axis, not one for all"
    )

    reads = "x"
    preferred_initializer = "he_normal"

    def parameters(self, x: Shape) -> dict[str, Param]:
        require_last_axis(x)
        return {
            "slope": Param(
                x[-1:] if self.per_channel else (1,), role="scale", initializer=Constant(value=self.init)
            )
        }

    def forward(self, ctx: LayerContext) -> None:
        kernels.activations.prelu(table(ctx.y), table(ctx.x), ctx.slope)

    def backward_parameters(self, ctx: LayerContext) -> None:
        kernels.activations.prelu_slope.run(ctx.x.size, ctx.dslope, table(ctx.dy), table(ctx.x))

    def backward_input(self, ctx: LayerContext) -> None:
        kernels.activations.prelu_backward(table(ctx.dx), table(ctx.dy), table(ctx.x), ctx.slope)


class Rrelu(Activation, name="rrelu"):
    """Randomized leaky ReLU: `y = x` above 0, `y = a x` below; training samples a for each value, uniformly from [lower, upper).

    Evaluation uses the mean of the two. The noise regularizes.

    Source: Xu et al. 2015, Empirical evaluation of rectified activations in convolutional network.
    """

    lower: float = Field(1 / 8, ge=0, description="lower bound of the slope")
    upper: float = Field(1 / 3, ge=0, description="upper bound of the slope")

    reads = ""
    preferred_initializer = "he_normal"

    def saved(self, x: Shape) -> dict[str, Saved]:
        return {"slopes": Saved(x)}

    def output_shape(self, x: Shape) -> Shape:
        require(
            self.lower <= self.upper,
            f"`lower` must not be greater than `upper`. Received: {self.lower:g} and {self.upper:g}",
        )
        return x

    def forward(self, ctx: LayerContext) -> None:
        lower, upper = (self.lower, self.upper) if ctx.info.training else 2 * ((self.lower + self.upper) / 2,)
        kernels.activations.rrelu(
            flat(ctx.y), flat(ctx.slopes), flat(ctx.x), random_key(ctx, "rrelu"), lower, upper
        )

    def backward_input(self, ctx: LayerContext) -> None:
        kernels.merge.multiply(flat(ctx.dx), flat(ctx.dy), flat(ctx.slopes))


class Elu(Activation, name="elu"):
    """Exponential linear unit: `y = x` above 0, `y = alpha (exp(x) - 1)` below.

    Negative values saturate at -alpha, which moves mean activations towards 0.

    Source: Clevert, Unterthiner & Hochreiter 2016, Fast and accurate deep network learning by exponential linear units.
    """

    alpha: float = Field(1.0, ge=0, description="negative values saturate at -alpha")

    reads = "y"
    preferred_initializer = "he_normal"

    def forward(self, ctx: LayerContext) -> None:
        kernels.activations.elu(flat(ctx.y), flat(ctx.x), self.alpha, 1.0)

    def backward_input(self, ctx: LayerContext) -> None:
        kernels.activations.elu_backward(flat(ctx.dx), flat(ctx.dy), flat(ctx.y), self.alpha, 1.0)


class Selu(Activation, name="selu"):
    """Scaled exponential linear unit: `y = 1.0507 elu(x)` with alpha 1.6733.

    Activations keep zero mean and unit variance from layer to layer, without normalization. It needs weights initialized by
    `lecun_normal`, which `auto` chooses.

    Source: Klambauer et al. 2017, Self-normalizing neural networks.
    """

    ALPHA: ClassVar[float] = 1.6732632423543772848170429916717  # Klambauer 2017, eq. 14
    SCALE: ClassVar[float] = 1.0507009873554804934193349852946

    reads = "y"
    preferred_initializer = "lecun_normal"

    def forward(self, ctx: LayerContext) -> None:
        kernels.activations.elu(flat(ctx.y), flat(ctx.x), self.ALPHA, self.SCALE)

    def backward_input(self, ctx: LayerContext) -> None:
        kernels.activations.elu_backward(flat(ctx.dx), flat(ctx.dy), flat(ctx.y), self.ALPHA, self.SCALE)


class Softplus(Activation, name="softplus"):
    """Softplus, a smooth ReLU: `y = log(1 + exp(beta x)) / beta`.

    Source: Dugas et al. 2001, Incorporating second-order functional knowledge for better option pricing.
    """

    beta: float = Field(1.0, gt=0, description="sharpness; large values approach ReLU")

    reads = "y"
    preferred_initializer = "he_normal"

    def forward(self, ctx: LayerContext) -> None:
        kernels.activations.softplus(flat(ctx.y), flat(ctx.x), self.beta)

    def backward_input(self, ctx: LayerContext) -> None:
        kernels.activations.softplus_backward(flat(ctx.dx), flat(ctx.dy), flat(ctx.y), self.beta)
