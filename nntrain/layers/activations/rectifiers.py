"""Rectifiers: activations that let positive values pass and hold negative ones back."""

from typing import ClassVar

from pydantic import Field

from nntrain import kernels
from nntrain.initializers import Constant
from nntrain.layers.dropout import moment
from nntrain.layers.layer import Activation, Param, Saved, flat, require, require_last_axis, table


class Relu(Activation, name="relu"):
    """Sets negative values to 0: `y = max(x, 0)`.

    Cheap, and its slope of 1 does not vanish for large values. A unit that is below 0 for every sample learns no more;
    `leaky_relu` and `elu` keep such units alive.

    Source: Nair & Hinton 2010, Rectified linear units improve restricted Boltzmann machines.
    """

    reads = "y"
    preferred_initializer = "he_normal"
    epilogue_code = 1  # kernels.matmul.RELU

    def forward(self, ctx):
        kernels.activations.relu(flat(ctx.y), flat(ctx.x))

    def backward_input(self, ctx):
        kernels.activations.relu_backward(flat(ctx.dx), flat(ctx.dy), flat(ctx.y))


class LeakyRelu(Activation, name="leaky_relu"):
    """Makes negative values small: `y = x` above 0, `y = slope x` below.

    Source: Maas, Hannun & Ng 2013, Rectifier nonlinearities improve neural network acoustic models.
    """

    slope: float = Field(0.01, ge=0, description="the slope below 0")

    reads = "y"
    preferred_initializer = "he_normal"
    epilogue_code = 2  # kernels.matmul.LEAKY_RELU

    def epilogue(self):
        return self.epilogue_code, self.slope

    def forward(self, ctx):
        kernels.activations.leaky_relu(flat(ctx.y), flat(ctx.x), self.slope)

    def backward_input(self, ctx):
        kernels.activations.leaky_relu_backward(flat(ctx.dx), flat(ctx.dy), flat(ctx.y), self.slope)


class Prelu(Activation, name="prelu"):
    """A leaky_relu that learns its slope, one for all or one for each channel: `y = x` above 0, `y = slope x` below.

    Source: He et al. 2015, Delving deep into rectifiers: surpassing human-level performance on ImageNet classification.
    """

    init: float = Field(0.25, description="the slope that it starts from")
    per_channel: bool = Field(False, description="learn a slope for each place of the last axis")

    reads = "x"
    preferred_initializer = "he_normal"

    def parameters(self, x):
        require_last_axis(x)
        return {
            "slope": Param(
                x[-1:] if self.per_channel else (1,), role="scale", initializer=Constant(value=self.init)
            )
        }

    def forward(self, ctx):
        kernels.activations.prelu(table(ctx.y), table(ctx.x), ctx.slope)

    def backward_parameters(self, ctx):
        kernels.activations.prelu_slope.run(ctx.x.size, ctx.dslope, table(ctx.dy), table(ctx.x))

    def backward_input(self, ctx):
        kernels.activations.prelu_backward(table(ctx.dx), table(ctx.dy), table(ctx.x), ctx.slope)


class Rrelu(Activation, name="rrelu"):
    """A leaky_relu whose slope is random: `y = x` above 0, `y = a x` below, a drawn for each value between `lower` and `upper`.

    That holds for training; evaluation takes the mean of the two. The noise holds back overfitting.

    Source: Xu et al. 2015, Empirical evaluation of rectified activations in convolutional network.
    """

    lower: float = Field(1 / 8, ge=0, description="the smallest slope")
    upper: float = Field(1 / 3, ge=0, description="the largest slope")

    reads = ""
    random = True
    preferred_initializer = "he_normal"

    def saved(self, x):
        return {"slopes": Saved(x)}

    def output_shape(self, x):
        require(
            self.lower <= self.upper,
            f"`lower` must not lie above `upper`. Received: {self.lower:g} and {self.upper:g}.",
        )
        return x

    def forward(self, ctx):
        lower, upper = (self.lower, self.upper) if ctx.info.training else 2 * ((self.lower + self.upper) / 2,)
        kernels.activations.rrelu(
            flat(ctx.y), flat(ctx.slopes), flat(ctx.x), moment(ctx, "rrelu"), lower, upper
        )

    def backward_input(self, ctx):
        kernels.merge.multiply(flat(ctx.dx), flat(ctx.dy), flat(ctx.slopes))


class Elu(Activation, name="elu"):
    """Bends negative values towards -alpha: `y = x` above 0, `y = alpha (exp(x) - 1)` below.

    Source: Clevert, Unterthiner & Hochreiter 2016, Fast and accurate deep network learning by exponential linear units.
    """

    alpha: float = Field(1.0, ge=0, description="how far below 0 the values can fall")

    reads = "y"
    preferred_initializer = "he_normal"

    def forward(self, ctx):
        kernels.activations.elu(flat(ctx.y), flat(ctx.x), self.alpha, 1.0)

    def backward_input(self, ctx):
        kernels.activations.elu_backward(flat(ctx.dx), flat(ctx.dy), flat(ctx.y), self.alpha, 1.0)


class Selu(Activation, name="selu"):
    """An elu scaled so that layer after layer keeps mean 0 and variance 1: `y = 1.0507 elu(x)` with alpha 1.6733.

    It needs weights from `lecun_normal`, which `auto` chooses for it, and no normalisation.

    Source: Klambauer et al. 2017, Self-normalizing neural networks.
    """

    ALPHA: ClassVar[float] = 1.6732632423543772848170429916717  # Klambauer 2017, eq. 14
    SCALE: ClassVar[float] = 1.0507009873554804934193349852946

    reads = "y"
    preferred_initializer = "lecun_normal"

    def forward(self, ctx):
        kernels.activations.elu(flat(ctx.y), flat(ctx.x), self.ALPHA, self.SCALE)

    def backward_input(self, ctx):
        kernels.activations.elu_backward(flat(ctx.dx), flat(ctx.dy), flat(ctx.y), self.ALPHA, self.SCALE)


class Softplus(Activation, name="softplus"):
    """A smooth relu: `y = log(1 + exp(beta x)) / beta`.

    Source: Dugas et al. 2001, Incorporating second-order functional knowledge for better option pricing.
    """

    beta: float = Field(1.0, gt=0, description="how sharp the bend is: a large one comes close to relu")

    reads = "y"
    preferred_initializer = "he_normal"

    def forward(self, ctx):
        kernels.activations.softplus(flat(ctx.y), flat(ctx.x), self.beta)

    def backward_input(self, ctx):
        kernels.activations.softplus_backward(flat(ctx.dx), flat(ctx.dy), flat(ctx.y), self.beta)
