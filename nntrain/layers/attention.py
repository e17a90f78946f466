"""Attention: every step of a sequence attends to the others."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from nntrain import kernels
from nntrain.initializers import Initializer
from nntrain.layers.context import LayerContext, Param, Saved, Shape, table
from nntrain.layers.layer import Layer
from nntrain.layers.positions import rotations
from nntrain.layers.recurrent import lengths_of
from nntrain.layers.require import require, require_sequence


class MultiHeadAttention(Layer, name="multi_head_attention"):
    """Multi-head self-attention: `softmax(q k^T / sqrt(size)) v` for each head, with `size = features / heads`.

    `q k v = x @ weight + bias`, weight (features, 3 features); `y = concat(heads) @ output_weight + output_bias`. Each step takes a
    weighted mean of the values v of all steps, which relates distant steps directly. Padded steps are masked. With `rotary`, the
    features 2i and 2i + 1 of each head's q and k at step t are turned by the angle `t / base^(2i / size)`.

    Source: Vaswani et al. 2017, Attention is all you need; Su et al. 2021, RoFormer: enhanced transformer with rotary position
    embedding.
    """

    heads: int = Field(ge=1, description="number of attention heads; must divide the features")
    causal: bool = Field(
        False,
        description="causal mask: a step attends to itself and earlier steps only, as a language model needs",
    )
    use_bias: bool = Field(True, description="add trainable biases")
    rotary: bool = Field(
        False,
        description="rotary positions: turn queries and keys by angles that grow with the step, so that scores depend on "
        "distances; in place of a layer that adds positions",
    )
    rotary_base: float = Field(
        10000.0, gt=1, description="base of the rotary positions: the longest wavelength is 2 pi base"
    )
    weight_initializer: Initializer | None = Field(
        None, description="initializer of both weights; none: the model's `initializer`"
    )
    bias_initializer: Initializer | None = Field(None, description="initializer of both biases; none: zeros")

    reads = "x"
    limits_steps = True
    preferred_initializer = "glorot_uniform"
    example: ClassVar = {"heads": 2}
    example_inputs: ClassVar = ((5, 6),)

    @property
    def sees_future_steps(self) -> bool:
        return not self.causal

    def output_shape(self, x: Shape) -> Shape:
        require_sequence(x)
        require(
            x[1] % self.heads == 0,
            f"`heads` must divide the features. Received: {x[1]} features, {self.heads} heads",
        )
        size = x[1] // self.heads
        require(
            not self.rotary or size % 2 == 0,
            f"`rotary` turns pairs of features, so each head needs an even number of them. Received: {size}",
        )
        return x

    def parameters(self, x: Shape) -> dict[str, Param]:
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

    def saved(self, x: Shape) -> dict[str, Saved]:
        steps, features = x
        return {
            "qkv": Saved((steps, 3 * features)),
            "dqkv": Saved((steps, 3 * features)),
            "share": Saved((self.heads, steps, steps)),  # attention weights
            "mixed": Saved(x),
            "dmixed": Saved(x),
        }

    def scratch(self, x: Shape) -> dict[str, Saved]:
        return {"real_dy": Saved(x)}

    def flops(self, x: Shape) -> int:
        steps, features = x
        return 8 * steps * features**2 + 4 * steps**2 * features

    def forward(self, ctx: LayerContext) -> None:
        self._queries_keys_values(ctx, 0, ctx.x.shape[1])
        kernels.attention.attention(ctx.mixed, ctx.share, ctx.qkv, lengths_of(ctx), self.causal, ctx.bfloat16)
        self._output(ctx)
        silence_padding(ctx.y, ctx)

    def _queries_keys_values(self, ctx: LayerContext, first: int, steps: int) -> None:
        """Of the steps from `first` on, of so many."""
        bias = ctx.bias if self.use_bias else ctx.empty
        kernels.matmul.forward(table(ctx.qkv), table(ctx.x), ctx.weight, bias, bfloat16=ctx.bfloat16)
        if self.rotary:
            angles = self._rotations(ctx, steps)[first : first + ctx.x.shape[1]]
            kernels.rotary.rotate(ctx.qkv, angles, self.heads)

    def _rotations(self, ctx: LayerContext, steps: int) -> np.ndarray:
        return rotations(steps, ctx.x.shape[2] // self.heads, self.rotary_base, ctx.x.dtype)

    def _output(self, ctx: LayerContext) -> None:
        bias = ctx.output_bias if self.use_bias else ctx.empty
        kernels.matmul.forward(table(ctx.y), table(ctx.mixed), ctx.output_weight, bias, bfloat16=ctx.bfloat16)

    def memory(self, x: Shape) -> dict[str, Saved] | None:
        return {"past": Saved((x[0], 3 * x[1]))} if self.causal else None

    def forward_next(self, ctx: LayerContext) -> None:
        done, new = ctx.info.done, ctx.x.shape[1]
        self._queries_keys_values(ctx, done, len(ctx.past[0]))
        ctx.past[:, done : done + new] = ctx.qkv
        kernels.attention.attention_next(ctx.mixed, ctx.past, done, self.heads, ctx.bfloat16)
        self._output(ctx)

    def prepare_backward(self, ctx: LayerContext) -> None:
        kernels.matmul.input_gradient(
            table(ctx.dmixed), self._dy(ctx), ctx.output_weight, bfloat16=ctx.bfloat16
        )
        kernels.attention.attention_backward(
            ctx.dqkv, ctx.dmixed, ctx.share, ctx.qkv, lengths_of(ctx), self.causal, ctx.bfloat16
        )
        if self.rotary:
            kernels.rotary.rotate_back(ctx.dqkv, self._rotations(ctx, ctx.x.shape[1]), self.heads)

    def backward_parameters(self, ctx: LayerContext) -> None:
        kernels.matmul.weight_gradient(ctx.dweight, table(ctx.x), table(ctx.dqkv), ctx.bfloat16)
        kernels.matmul.weight_gradient(ctx.doutput_weight, table(ctx.mixed), self._dy(ctx), ctx.bfloat16)
        if self.use_bias:
            kernels.reduce.column_sums(ctx.dbias, table(ctx.dqkv))
            kernels.reduce.column_sums(ctx.doutput_bias, self._dy(ctx))

    def backward_input(self, ctx: LayerContext) -> None:
        kernels.matmul.input_gradient(table(ctx.dx), table(ctx.dqkv), ctx.weight, bfloat16=ctx.bfloat16)

    def _dy(self, ctx: LayerContext) -> np.ndarray:
        """(rows * steps, features): dy, 0 where a step is padding."""
        if ctx.info.lengths is None:
            return table(ctx.dy)
        np.copyto(ctx.real_dy, ctx.dy)
        return table(silence_padding(ctx.real_dy, ctx))


def silence_padding(y: np.ndarray, ctx: LayerContext) -> np.ndarray:
    """Sets the padded steps of y (rows, steps, features) to 0."""
    if ctx.info.lengths is not None:
        for row, length in zip(y, ctx.info.lengths, strict=True):
            row[length:] = 0
    return y
