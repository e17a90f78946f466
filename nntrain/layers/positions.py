"""Positions: layers that tell attention, which is invariant to the order of the steps, where each step is."""

from functools import cache
from typing import ClassVar

import numpy as np
from pydantic import Field

from nntrain import kernels
from nntrain.initializers import Initializer, Normal
from nntrain.layers.context import LayerContext, Param, Saved, Shape
from nntrain.layers.layer import Layer
from nntrain.layers.require import require_sequence


class Positions(Layer):
    """Base: adds to each step of a sequence what tells its position."""

    reads = ""
    passes_gradient = True
    limits_steps = True
    initializer_from_next = True
    example_inputs: ClassVar = ((5, 6),)

    def output_shape(self, x: Shape) -> Shape:
        require_sequence(x)
        return x


class PositionalEncoding(Positions, name="positional_encoding"):
    """Sinusoidal positional encoding: adds `sin(t / base^(2i / features))` to feature 2i of step t, the cosine to feature 2i + 1.

    Attention itself is invariant to the order of the steps; this gives it their positions.

    Source: Vaswani et al. 2017, Attention is all you need, sect. 3.5.
    """

    base: float = Field(10000.0, gt=1, description="the longest wavelength is 2 pi base")

    def forward(self, ctx: LayerContext) -> None:
        np.add(ctx.x, positions(*ctx.x.shape[1:], self.base, ctx.x.dtype), out=ctx.y)

    def memory(self, x: Shape) -> dict[str, Saved]:
        return {"encoding": Saved(x, per="batch")}

    def forward_next(self, ctx: LayerContext) -> None:
        done, new = ctx.info.done, ctx.x.shape[1]
        if done == 0:
            ctx.encoding[...] = positions(*ctx.encoding.shape, self.base, ctx.x.dtype)
        np.add(ctx.x, ctx.encoding[done : done + new], out=ctx.y)


class LearnedPositions(Positions, name="learned_positions"):
    """Learned positional embedding: adds a trainable vector to each step, row t of weight (steps, features) to step t.

    The usual alternative to `positional_encoding`, as in BERT and GPT-2. It has as many positions as the training data has steps.

    Source: Gehring et al. 2017, Convolutional sequence to sequence learning.
    """

    weight_initializer: Initializer = Field(Normal(std=0.02), description="initializer of the weight")

    def parameters(self, x: Shape) -> dict[str, Param]:
        return {"weight": Param(x, (x[0], x[1]), "weight", self.weight_initializer, table=True)}

    def forward(self, ctx: LayerContext) -> None:
        np.add(ctx.x, ctx.weight, out=ctx.y)

    def memory(self, x: Shape) -> dict[str, Saved]:
        return {}

    def forward_next(self, ctx: LayerContext) -> None:
        done, new = ctx.info.done, ctx.x.shape[1]
        np.add(ctx.x, ctx.weight[done : done + new], out=ctx.y)

    def backward_parameters(self, ctx: LayerContext) -> None:
        kernels.reduce.column_sums(ctx.dweight.reshape(-1), ctx.dy.reshape(ctx.rows, -1))


@cache
def positions(steps: int, features: int, base: float, dtype: np.dtype) -> np.ndarray:
    """(steps, features)"""
    pair = np.arange(features) // 2
    angle = np.arange(steps)[:, None] / base ** (2 * pair / features)
    return np.where(np.arange(features) % 2 == 0, np.sin(angle), np.cos(angle)).astype(dtype)


@cache
def rotations(steps: int, size: int, base: float, dtype: np.dtype) -> np.ndarray:
    """(steps, size), of rotary positions: cosine and sine, side by side, of the angle `t / base^(2i / size)` of each pair."""
    angle = np.arange(steps)[:, None] / base ** (np.arange(0, size, 2) / size)
    return np.stack([np.cos(angle), np.sin(angle)], axis=2).reshape(steps, size).astype(dtype)
