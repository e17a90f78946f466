"""Attention: each step of a sequence looks at all the others; and the positions that it needs to tell them apart."""

from functools import cache
from typing import ClassVar

import numpy as np
from pydantic import Field

from nntrain import kernels
from nntrain.initializers import Initializer
from nntrain.layers.layer import Layer, Param, Saved, require, require_sequence, table
from nntrain.layers.recurrent import lengths_of


class MultiHeadAttention(Layer, name="multi_head_attention"):
    """Self-attention: each step asks, each step answers by how well its key fits, and what comes is a mixture of their values.

    `q k v = x @ weight + bias`, weight (features, 3 features); for each head, `softmax(q k^T / sqrt(size)) v` with
    `size = features / heads`; then `y = (the heads side by side) @ output_weight + output_bias`. Padded steps are not looked at.

    Source: Vaswani et al. 2017, Attention is all you need.
    """

    heads: int = Field(ge=1, description="how many heads share the features; each looks in its own way")
    causal: bool = Field(
        False, description="a step sees itself and earlier ones only, as a model that predicts the next must"
    )
    use_bias: bool = Field(True, description="add biases that are learned")
    weight_initializer: Initializer | None = Field(
        None, description="where both weights start; none: as the model's `initializer` says"
    )
    bias_initializer: Initializer | None = Field(None, description="where both biases start; none: at 0")

    reads = "x"
    preferred_initializer = "glorot_uniform"
    example: ClassVar = {"heads": 2}
    example_inputs: ClassVar = ((5, 6),)

    @property
    def sees_future_steps(self):
        return not self.causal

    def output_shape(self, x):
        require_sequence(x)
        require(
            x[1] % self.heads == 0,
            f"the features must divide evenly over the heads. Received: {x[1]} features, {self.heads} heads.",
        )
        return x

    def parameters(self, x):
        features = x[1]
        found = {
            "weight": Param(
                (features, 3 * features), (features, features), "weight", self.weight_initializer
            ),
            "output_weight": Param(
                (features, features), (features, features), "weight", self.weight_initializer
            ),
        }
        if self.use_bias:
            found |= {
                "bias": Param((3 * features,), (features, features), "bias", self.bias_initializer),
                "output_bias": Param((features,), (features, features), "bias", self.bias_initializer),
            }
        return found

    def saved(self, x):
        steps, features = x
        return {
            "qkv": Saved((steps, 3 * features)),
            "dqkv": Saved((steps, 3 * features)),
            "share": Saved((self.heads, steps, steps)),  # how much a step takes of each other one
            "mixed": Saved(x),
            "dmixed": Saved(x),
        }

    def flops(self, x):
        steps, features = x
        return 8 * steps * features**2 + 4 * steps**2 * features

    def forward(self, ctx):
        kernels.matmul.forward(
            table(ctx.qkv), table(ctx.x), ctx.weight, ctx.bias if self.use_bias else ctx.empty
        )
        kernels.attention.attention(ctx.mixed, ctx.share, ctx.qkv, lengths_of(ctx), self.causal)
        kernels.matmul.forward(
            table(ctx.y), table(ctx.mixed), ctx.output_weight, ctx.output_bias if self.use_bias else ctx.empty
        )
        silence_padding(ctx.y, ctx)

    def prepare_backward(self, ctx):
        kernels.matmul.input_gradient(table(ctx.dmixed), self._dy(ctx), ctx.output_weight)
        kernels.attention.attention_backward(ctx.dqkv, ctx.dmixed, ctx.share, ctx.qkv, lengths_of(ctx))

    def backward_parameters(self, ctx):
        kernels.matmul.weight_gradient(ctx.dweight, table(ctx.x), table(ctx.dqkv))
        kernels.matmul.weight_gradient(ctx.doutput_weight, table(ctx.mixed), self._dy(ctx))
        if self.use_bias:
            kernels.reduce.column_sums(ctx.dbias, table(ctx.dqkv))
            kernels.reduce.column_sums(ctx.doutput_bias, self._dy(ctx))

    def backward_input(self, ctx):
        kernels.matmul.input_gradient(table(ctx.dx), table(ctx.dqkv), ctx.weight)

    def _dy(self, ctx):
        """(rows * steps, features): dy, 0 where a step is padding."""
        if ctx.info.lengths is None:
            return table(ctx.dy)
        return table(silence_padding(ctx.dy.copy(), ctx))


def silence_padding(y: np.ndarray, ctx) -> np.ndarray:
    """Sets the padded steps of y (rows, steps, features) to 0."""
    if ctx.info.lengths is not None:
        for row, length in zip(y, ctx.info.lengths, strict=True):
            row[length:] = 0
    return y


class PositionalEncoding(Layer, name="positional_encoding"):
    """Adds to each step where it stands, as waves of many lengths, for attention does not see the order.

    Step t gets `sin(t / base^(2i / features))` in feature 2i and the cosine of the same in feature 2i + 1.

    Source: Vaswani et al. 2017, Attention is all you need, sect. 3.5.
    """

    base: float = Field(10000.0, gt=1, description="the longest wave is 2 pi times as long")

    reads = ""
    passes_gradient = True
    initializer_from_next = True
    example_inputs: ClassVar = ((5, 6),)

    def output_shape(self, x):
        require_sequence(x)
        return x

    def forward(self, ctx):
        np.add(ctx.x, positions(*ctx.x.shape[1:], self.base, ctx.x.dtype), out=ctx.y)


@cache
def positions(steps: int, features: int, base: float, dtype: np.dtype) -> np.ndarray:
    """(steps, features)"""
    pair = np.arange(features) // 2
    angle = np.arange(steps)[:, None] / base ** (2 * pair / features)
    return np.where(np.arange(features) % 2 == 0, np.sin(angle), np.cos(angle)).astype(dtype)
