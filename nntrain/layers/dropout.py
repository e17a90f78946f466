"""Dropout and noise: random changes of the values in training, none in evaluation."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from nntrain import kernels, randomness
from nntrain.layers.context import LayerContext, Saved, Shape, flat
from nntrain.layers.layer import Layer


def random_key(ctx: LayerContext, purpose: str) -> np.uint64:
    """The key of this layer's random numbers at this step, for this shard of the batch."""
    info = ctx.info
    shard = (info.shard,) if info.shard else ()  # an uncut batch is one of a single shard
    return np.uint64(randomness.key(info.seed, purpose, ctx.name, info.step, *shard))


class Dropout(Layer, name="dropout"):
    """Dropout: in training, sets each value to 0 with probability `rate` and divides the others by `1 - rate`.

    Evaluation is the identity. Units cannot co-adapt, which reduces overfitting. Usual rates are 0.5 in wide layers and 0.1 to 0.2
    near the input.

    Source: Srivastava et al. 2014, Dropout: a simple way to prevent neural networks from overfitting.
    """

    rate: float = Field(ge=0, lt=1, description="probability that a value is set to 0")

    reads = ""
    acts_per_step = True
    initializer_from_next = True
    only_in_training = True
    example: ClassVar = {"rate": 0.5}

    def saved(self, x: Shape) -> dict[str, Saved]:
        return {"kept": Saved(x, "uint8")}

    def forward(self, ctx: LayerContext) -> None:
        if ctx.info.training:
            kernels.dropout.dropout(
                flat(ctx.y), flat(ctx.kept), flat(ctx.x), random_key(ctx, "dropout"), self.rate
            )
        else:
            np.copyto(ctx.y, ctx.x)

    def backward_input(self, ctx: LayerContext) -> None:
        if ctx.info.training:
            kernels.dropout.dropout_backward(flat(ctx.dx), flat(ctx.dy), flat(ctx.kept), self.rate)
        else:
            np.copyto(ctx.dx, ctx.dy)


class GaussianNoise(Layer, name="gaussian_noise"):
    """Gaussian noise: in training, `y = x + std n` with standard normal n. Evaluation is the identity.

    On the input it acts as a Tikhonov regularizer: it makes the network's function smooth.

    Source: Bishop 1995, Training with noise is equivalent to Tikhonov regularization.
    """

    std: float = Field(ge=0, description="standard deviation of the noise, in the unit of the values")

    reads = ""
    passes_gradient = True
    initializer_from_next = True
    only_in_training = True
    example: ClassVar = {"std": 0.1}

    def forward(self, ctx: LayerContext) -> None:
        if ctx.info.training:
            kernels.dropout.add_noise(flat(ctx.y), flat(ctx.x), random_key(ctx, "noise"), self.std)
        else:
            np.copyto(ctx.y, ctx.x)
