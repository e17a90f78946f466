"""Normalization layers: over the batch, or within each sample."""

import math
from typing import ClassVar

import numpy as np
from pydantic import Field

from nntrain import kernels
from nntrain.errors import UserError
from nntrain.layers.context import LayerContext, Param, Saved, Shape, State, flat, table
from nntrain.layers.fusable import Fusable
from nntrain.layers.layer import Layer
from nntrain.layers.require import require, require_last_axis

COUNTS_PADDING = (
    "includes padding in its statistics, where sequences have different lengths",
    "Use `layer_norm` or `rms_norm`.",
)


class BatchNorm(Layer, name="batch_norm"):
    """Batch normalization: `y = scale (x - mean) / sqrt(variance + eps) + shift`, with statistics of each channel over the batch.

    Scale and shift are trainable. Channels are on the last axis; all other axes count as batch. It stabilizes and speeds up the
    training of deep networks; the layer before it needs no bias. Evaluation uses running statistics: `running = (1 - momentum)
    running + momentum new`, with the unbiased variance.

    Source: Ioffe & Szegedy 2015, Batch normalization: accelerating deep network training by reducing internal covariate shift.
    """

    momentum: float = Field(
        0.1, ge=0, le=1, description="weight of the new batch in the running mean and variance"
    )
    eps: float = Field(1e-5, gt=0, description="added to the variance, against division by zero")
    affine: bool = Field(True, description="train a scale, initially 1, and a shift, initially 0")

    reads = "x"
    fuses = (Fusable.ACTIVATION, Fusable.SUM, Fusable.ACTIVATION_GRADIENT)
    depends_on_batch = True
    acts_per_step = True
    acts_per_position = True
    initializer_from_next = True

    def output_shape(self, x: Shape) -> Shape:
        require_last_axis(x)
        return x

    def parameters(self, x: Shape) -> dict[str, Param]:
        return (
            {"scale": Param(x[-1:], role="scale"), "shift": Param(x[-1:], role="bias")} if self.affine else {}
        )

    def state(self, x: Shape) -> dict[str, State]:
        return {"running_mean": State(x[-1:]), "running_variance": State(x[-1:], 1.0)}

    def saved(self, x: Shape) -> dict[str, Saved]:
        return {"statistics": Saved((4, *x[-1:]), per="batch")}  # as kernels.batch_norm defines it

    def minimum_rows(self, x: Shape) -> int:
        return 2 if math.prod(x[:-1]) == 1 else 1

    def padding_problem(self, x: Shape) -> tuple[str, ...]:
        return COUNTS_PADDING if len(x) > 1 else ()

    def forward(self, ctx: LayerContext) -> None:
        x = flat(ctx.x)
        if ctx.info.training:
            if x.size == ctx.x.shape[-1]:
                raise UserError(
                    "a batch of one row has a single value per channel, and no variance",
                    "Choose a `batch_size` that leaves no single row over, or another normalization layer.",
                    place=ctx.name,
                )
            kernels.batch_norm.measure(
                ctx.statistics, ctx.running_mean, ctx.running_variance, x, self.momentum, self.eps
            )
        else:
            ctx.statistics[0] = ctx.running_mean
            ctx.statistics[1] = 1 / np.sqrt(ctx.running_variance + self.eps)
        kernels.batch_norm.forward(
            flat(ctx.y), x, ctx.statistics, *self._affine(ctx), flat(ctx.addend), ctx.epilogue
        )

    def prepare_backward(self, ctx: LayerContext) -> None:
        kernels.batch_norm.gradient_sums(
            ctx.statistics, flat(ctx.dy), flat(ctx.x), *self._affine(ctx), ctx.dy_slope
        )

    def backward_parameters(self, ctx: LayerContext) -> None:
        ctx.dshift[:] = ctx.statistics[2]
        ctx.dscale[:] = ctx.statistics[3]

    def backward_input(self, ctx: LayerContext) -> None:
        kernels.batch_norm.backward(
            flat(ctx.dx),
            flat(ctx.dy),
            flat(ctx.x),
            ctx.statistics,
            *self._affine(ctx),
            float(ctx.info.training),
            ctx.dy_slope,
        )

    def _affine(self, ctx: LayerContext) -> tuple[np.ndarray, np.ndarray]:
        return (ctx.scale, ctx.shift) if self.affine else (ctx.empty, ctx.empty)


class LayerNorm(Layer, name="layer_norm"):
    """Layer normalization: `y = scale (x - mean) / sqrt(variance + eps) + shift`, with statistics over the last axis.

    Scale and shift are trainable. Independent of the batch, and the same in training and evaluation; usual in transformers.

    Source: Ba, Kiros & Hinton 2016, Layer normalization.
    """

    eps: float = Field(1e-5, gt=0, description="added to the variance, against division by zero")
    affine: bool = Field(True, description="train a scale, initially 1, and a shift, initially 0")

    reads = "x"
    acts_per_step = True
    initializer_from_next = True

    def output_shape(self, x: Shape) -> Shape:
        require_last_axis(x)
        return x

    def parameters(self, x: Shape) -> dict[str, Param]:
        return (
            {"scale": Param(x[-1:], role="scale"), "shift": Param(x[-1:], role="bias")} if self.affine else {}
        )

    def saved(self, x: Shape) -> dict[str, Saved]:
        return {"mean": Saved(x[:-1]), "inverse": Saved(x[:-1])}

    def forward(self, ctx: LayerContext) -> None:
        scale, shift = (ctx.scale, ctx.shift) if self.affine else (ctx.empty, ctx.empty)
        kernels.norm.layer_norm(
            table(ctx.y), flat(ctx.mean), flat(ctx.inverse), table(ctx.x), scale, shift, self.eps
        )

    def backward_parameters(self, ctx: LayerContext) -> None:
        kernels.norm.row_norm_sums(
            ctx.dscale, ctx.dshift, table(ctx.dy), table(ctx.x), flat(ctx.mean), flat(ctx.inverse)
        )

    def backward_input(self, ctx: LayerContext) -> None:
        scale = ctx.scale if self.affine else ctx.empty
        kernels.norm.row_norm_backward(
            table(ctx.dx), table(ctx.dy), table(ctx.x), flat(ctx.mean), flat(ctx.inverse), scale
        )


class RmsNorm(Layer, name="rms_norm"):
    """RMS normalization: `y = scale x / sqrt(mean of x^2 + eps)`, over the last axis.

    A cheaper `layer_norm`, without mean and shift. The scale is trainable.

    Source: Zhang & Sennrich 2019, Root mean square layer normalization.
    """

    eps: float = Field(1e-5, gt=0, description="added to the mean square, against division by zero")
    affine: bool = Field(True, description="train a scale, initially 1")

    reads = "x"
    acts_per_step = True
    initializer_from_next = True

    def output_shape(self, x: Shape) -> Shape:
        require_last_axis(x)
        return x

    def parameters(self, x: Shape) -> dict[str, Param]:
        return {"scale": Param(x[-1:], role="scale")} if self.affine else {}

    def saved(self, x: Shape) -> dict[str, Saved]:
        return {"inverse": Saved(x[:-1])}

    def forward(self, ctx: LayerContext) -> None:
        kernels.norm.rms_norm(
            table(ctx.y), flat(ctx.inverse), table(ctx.x), ctx.scale if self.affine else ctx.empty, self.eps
        )

    def backward_parameters(self, ctx: LayerContext) -> None:
        kernels.norm.row_norm_sums(
            ctx.dscale, ctx.empty, table(ctx.dy), table(ctx.x), ctx.empty, flat(ctx.inverse)
        )

    def backward_input(self, ctx: LayerContext) -> None:
        scale = ctx.scale if self.affine else ctx.empty
        kernels.norm.row_norm_backward(
            table(ctx.dx), table(ctx.dy), table(ctx.x), ctx.empty, flat(ctx.inverse), scale
        )


class GroupNorm(Layer, name="group_norm"):
    """Group normalization: `y = scale (x - mean) / sqrt(variance + eps) + shift`, with statistics of each group of channels.

    Mean and variance are over all positions of a sample and the channels of a group; the trainable scale and shift are per channel.
    Independent of the batch, so it suits small batches; the same in training and evaluation.

    Source: Wu & He 2018, Group normalization.
    """

    groups: int = Field(
        ge=1,
        description="number of groups of channels; 1: all channels together; the number of channels: instance normalization",
    )
    eps: float = Field(1e-5, gt=0, description="added to the variance, against division by zero")
    affine: bool = Field(True, description="train a scale, initially 1, and a shift, initially 0")

    reads = "x"
    fuses = (Fusable.ACTIVATION, Fusable.ACTIVATION_GRADIENT)
    initializer_from_next = True
    example: ClassVar = {"groups": 2}
    example_inputs: ClassVar = ((3, 2, 4),)

    def output_shape(self, x: Shape) -> Shape:
        require_last_axis(x)
        require(
            x[-1] % self.groups == 0,
            f"`groups` must divide the input's channels, {x[-1]}. Received: {self.groups}",
        )
        require(
            math.prod(x) > self.groups,
            f"each of {self.groups} groups holds a single value of the input, of shape {x}, and has no variance",
            "Choose fewer `groups`.",
        )
        return x

    def parameters(self, x: Shape) -> dict[str, Param]:
        return (
            {"scale": Param(x[-1:], role="scale"), "shift": Param(x[-1:], role="bias")} if self.affine else {}
        )

    def saved(self, x: Shape) -> dict[str, Saved]:
        groups = (self.groups,)
        return {
            "mean": Saved(groups),
            "inverse": Saved(groups),
            "shift_sum": Saved(x[-1:]),
            "scale_sum": Saved(x[-1:]),
        }

    def padding_problem(self, x: Shape) -> tuple[str, ...]:
        return COUNTS_PADDING if len(x) > 1 else ()

    def forward(self, ctx: LayerContext) -> None:
        kernels.group_norm.forward(
            _samples(ctx.y),
            ctx.mean,
            ctx.inverse,
            _samples(ctx.x),
            *self._affine(ctx),
            self.eps,
            ctx.epilogue,
        )

    def prepare_backward(self, ctx: LayerContext) -> None:
        kernels.group_norm.gradient_sums(
            ctx.shift_sum,
            ctx.scale_sum,
            _samples(ctx.dy),
            _samples(ctx.x),
            ctx.mean,
            ctx.inverse,
            *self._affine(ctx),
            ctx.dy_slope,
        )

    def backward_parameters(self, ctx: LayerContext) -> None:
        kernels.reduce.column_sums(ctx.dscale, ctx.scale_sum)
        kernels.reduce.column_sums(ctx.dshift, ctx.shift_sum)

    def backward_input(self, ctx: LayerContext) -> None:
        kernels.group_norm.backward(
            _samples(ctx.dx),
            _samples(ctx.dy),
            _samples(ctx.x),
            ctx.mean,
            ctx.inverse,
            *self._affine(ctx),
            ctx.shift_sum,
            ctx.scale_sum,
            ctx.dy_slope,
        )

    def _affine(self, ctx: LayerContext) -> tuple[np.ndarray, np.ndarray]:
        channels = ctx.x.shape[-1]
        return (
            (ctx.scale, ctx.shift)
            if self.affine
            else (np.ones(channels, ctx.x.dtype), np.zeros(channels, ctx.x.dtype))
        )


def _samples(array: np.ndarray) -> np.ndarray:
    """(rows, values): all values of a sample in one row, without a copy."""
    return array if array.ndim == 2 else array.reshape(len(array), -1)
