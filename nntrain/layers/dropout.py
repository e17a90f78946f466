"""Dropout and noise: what training does to the values at random, and evaluation does not."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from nntrain import kernels, randomness
from nntrain.layers.layer import Layer, LayerContext, Saved, flat


def moment(ctx: LayerContext, purpose: str) -> np.uint64:
    """The key of this layer's random numbers at this step."""
    return np.uint64(randomness.key(ctx.info.seed, purpose, ctx.name, ctx.info.step))


class Dropout(Layer, name="dropout"):
    """In training sets each value to 0 with probability `rate` and divides the others by `1 - rate`; evaluation changes nothing.

    No unit can rely on another one, which holds back overfitting. 0.5 is usual in wide layers, 0.1 to 0.2 near the input.

    Source: Srivastava et al. 2014, Dropout: a simple way to prevent neural networks from overfitting.
    """

    rate: float = Field(ge=0, lt=1, description="the share of values set to 0")

    reads = ""
    random = True
    initializer_from_next = True
    example: ClassVar = {"rate": 0.5}

    def saved(self, x):
        return {"kept": Saved(x, "uint8")}

    def forward(self, ctx):
        if ctx.info.training:
            kernels.dropout.dropout(
                flat(ctx.y), flat(ctx.kept), flat(ctx.x), moment(ctx, "dropout"), self.rate
            )
        else:
            np.copyto(ctx.y, ctx.x)

    def backward_input(self, ctx):
        if ctx.info.training:
            kernels.dropout.dropout_backward(flat(ctx.dx), flat(ctx.dy), flat(ctx.kept), self.rate)
        else:
            np.copyto(ctx.dx, ctx.dy)


class GaussianNoise(Layer, name="gaussian_noise"):
    """In training adds noise to each value, `y = x + std n` with standard normal n; evaluation changes nothing.

    On the input it makes the network smooth, much as a penalty on its slopes would.

    Source: Bishop 1995, Training with noise is equivalent to Tikhonov regularization.
    """

    std: float = Field(ge=0, description="the standard deviation of the noise, in the unit of the values")

    reads = ""
    random = True
    passes_gradient = True
    initializer_from_next = True
    example: ClassVar = {"std": 0.1}

    def forward(self, ctx):
        if ctx.info.training:
            kernels.dropout.add_noise(flat(ctx.y), flat(ctx.x), moment(ctx, "noise"), self.std)
        else:
            np.copyto(ctx.y, ctx.x)
