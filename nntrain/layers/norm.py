"""Normalisation layers: over the batch, or within each sample."""

import math
from typing import ClassVar

import numpy as np
from pydantic import Field

from nntrain import kernels
from nntrain.errors import UserError
from nntrain.layers.layer import Layer, Param, Saved, State, flat, require, require_last_axis, table

COUNTS_PADDING = (
    "it would count the padding of sequences of different lengths. Take `layer_norm` or `rms_norm`."
)


class BatchNorm(Layer, name="batch_norm"):
    """Brings each channel to mean 0 and variance 1 over the batch, then to a scale and a shift that are learned.

    `y = scale (x - mean) / sqrt(variance + eps) + shift`. A channel is one place of the last axis; all axes before it count as
    batch. Evaluation takes running values instead, so that no sample depends on its neighbours: `running = (1 - momentum) running
    + momentum new`, the variance divided by n - 1. The layer before it needs no bias.

    Source: Ioffe & Szegedy 2015, Batch normalization: accelerating deep network training by reducing internal covariate shift.
    """

    momentum: float = Field(
        0.1, ge=0, le=1, description="the weight of the new batch in the running mean and variance"
    )
    eps: float = Field(
        1e-5, gt=0, description="added to the variance, so that a constant channel divides by more than 0"
    )
    affine: bool = Field(True, description="learn a scale (from 1) and a shift (from 0)")

    reads = "x"
    fuses_epilogue = True
    fuses_sum = True
    fuses_gradient = True
    initializer_from_next = True

    def output_shape(self, x):
        require_last_axis(x)
        return x

    def parameters(self, x):
        return (
            {"scale": Param(x[-1:], role="scale"), "shift": Param(x[-1:], role="bias")} if self.affine else {}
        )

    def state(self, x):
        return {"running_mean": State(x[-1:]), "running_variance": State(x[-1:], 1.0)}

    def saved(self, x):
        return {"statistics": Saved((4, *x[-1:]), per_row=False)}  # as kernels.batch_norm has it

    def minimum_rows(self, x):
        return 2 if math.prod(x[:-1]) == 1 else 1

    def padding_problem(self, x):
        return COUNTS_PADDING if len(x) > 1 else ""

    def forward(self, ctx):
        x = flat(ctx.x)
        if ctx.info.training:
            if x.size == ctx.x.shape[-1]:
                raise UserError(
                    f"{ctx.name}: a batch of one row leaves one value a channel, and nothing to normalise by. "
                    "Choose a batch_size that leaves no single row over, or another norm."
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

    def prepare_backward(self, ctx):
        kernels.batch_norm.gradient_sums(
            ctx.statistics, flat(ctx.dy), flat(ctx.x), *self._affine(ctx), ctx.dy_slope
        )

    def backward_parameters(self, ctx):
        ctx.dshift[:] = ctx.statistics[2]
        ctx.dscale[:] = ctx.statistics[3]

    def backward_input(self, ctx):
        kernels.batch_norm.backward(
            flat(ctx.dx),
            flat(ctx.dy),
            flat(ctx.x),
            ctx.statistics,
            *self._affine(ctx),
            float(ctx.info.training),
            ctx.dy_slope,
        )

    def _affine(self, ctx):
        return (ctx.scale, ctx.shift) if self.affine else (ctx.empty, ctx.empty)


class LayerNorm(Layer, name="layer_norm"):
    """Brings the last axis of each sample to mean 0 and variance 1, then to a scale and a shift that are learned.

    `y = scale (x - mean) / sqrt(variance + eps) + shift`. No batch is needed, and training and evaluation do the same.

    Source: Ba, Kiros & Hinton 2016, Layer normalization.
    """

    eps: float = Field(
        1e-5, gt=0, description="added to the variance, so that a constant row divides by more than 0"
    )
    affine: bool = Field(True, description="learn a scale (from 1) and a shift (from 0)")

    reads = "x"
    initializer_from_next = True

    def output_shape(self, x):
        require_last_axis(x)
        return x

    def parameters(self, x):
        return (
            {"scale": Param(x[-1:], role="scale"), "shift": Param(x[-1:], role="bias")} if self.affine else {}
        )

    def saved(self, x):
        return {"mean": Saved(x[:-1]), "inverse": Saved(x[:-1])}

    def forward(self, ctx):
        scale, shift = (ctx.scale, ctx.shift) if self.affine else (ctx.empty, ctx.empty)
        kernels.norm.layer_norm(
            table(ctx.y), flat(ctx.mean), flat(ctx.inverse), table(ctx.x), scale, shift, self.eps
        )

    def backward_parameters(self, ctx):
        kernels.norm.row_norm_sums(
            ctx.dscale, ctx.dshift, table(ctx.dy), table(ctx.x), flat(ctx.mean), flat(ctx.inverse)
        )

    def backward_input(self, ctx):
        scale = ctx.scale if self.affine else ctx.empty
        kernels.norm.row_norm_backward(
            table(ctx.dx), table(ctx.dy), table(ctx.x), flat(ctx.mean), flat(ctx.inverse), scale
        )


class RmsNorm(Layer, name="rms_norm"):
    """Divides the last axis of each sample by its root mean square, then scales it: a `layer_norm` without the shifts.

    `y = scale x / sqrt(mean of x^2 + eps)`.

    Source: Zhang & Sennrich 2019, Root mean square layer normalization.
    """

    eps: float = Field(
        1e-5, gt=0, description="added to the mean square, so that a row of zeros divides by more than 0"
    )
    affine: bool = Field(True, description="learn a scale (from 1)")

    reads = "x"
    initializer_from_next = True

    def output_shape(self, x):
        require_last_axis(x)
        return x

    def parameters(self, x):
        return {"scale": Param(x[-1:], role="scale")} if self.affine else {}

    def saved(self, x):
        return {"inverse": Saved(x[:-1])}

    def forward(self, ctx):
        kernels.norm.rms_norm(
            table(ctx.y), flat(ctx.inverse), table(ctx.x), ctx.scale if self.affine else ctx.empty, self.eps
        )

    def backward_parameters(self, ctx):
        kernels.norm.row_norm_sums(
            ctx.dscale, ctx.empty, table(ctx.dy), table(ctx.x), ctx.empty, flat(ctx.inverse)
        )

    def backward_input(self, ctx):
        scale = ctx.scale if self.affine else ctx.empty
        kernels.norm.row_norm_backward(
            table(ctx.dx), table(ctx.dy), table(ctx.x), ctx.empty, flat(ctx.inverse), scale
        )


class GroupNorm(Layer, name="group_norm"):
    """Brings each group of channels to mean 0 and variance 1 within each sample, then to a scale and a shift that are learned.

    `y = scale (x - mean) / sqrt(variance + eps) + shift`; scale and shift have a value for each channel, mean and variance are
    those of a group over all axes of a sample. No batch is needed, which suits small ones; training and evaluation do the same.

    Source: Wu & He 2018, Group normalization.
    """

    groups: int = Field(
        ge=1,
        description="into how many groups the channels are cut; 1 takes all of them together, as many as "
        "there are channels takes each alone",
    )
    eps: float = Field(
        1e-5, gt=0, description="added to the variance, so that a constant group divides by more than 0"
    )
    affine: bool = Field(True, description="learn a scale (from 1) and a shift (from 0)")

    reads = "x"
    fuses_epilogue = True
    fuses_gradient = True
    initializer_from_next = True
    example: ClassVar = {"groups": 2}
    example_inputs: ClassVar = ((3, 2, 4),)

    def output_shape(self, x):
        require_last_axis(x)
        require(
            x[-1] % self.groups == 0,
            f"`groups` must divide the input's channels, {x[-1]}. Received: {self.groups}.",
        )
        require(
            math.prod(x) > self.groups,
            f"each of {self.groups} groups holds a single value of the input, of shape {x}, and "
            "nothing to normalise by. Choose fewer `groups`.",
        )
        return x

    def parameters(self, x):
        return (
            {"scale": Param(x[-1:], role="scale"), "shift": Param(x[-1:], role="bias")} if self.affine else {}
        )

    def saved(self, x):
        groups = (self.groups,)
        return {
            "mean": Saved(groups),
            "inverse": Saved(groups),
            "shift_sum": Saved(x[-1:]),
            "scale_sum": Saved(x[-1:]),
        }

    def padding_problem(self, x):
        return COUNTS_PADDING if len(x) > 1 else ""

    def forward(self, ctx):
        kernels.group_norm.forward(
            _samples(ctx.y),
            ctx.mean,
            ctx.inverse,
            _samples(ctx.x),
            *self._affine(ctx),
            self.eps,
            ctx.epilogue,
        )

    def prepare_backward(self, ctx):
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

    def backward_parameters(self, ctx):
        kernels.reduce.column_sums(ctx.dscale, ctx.scale_sum)
        kernels.reduce.column_sums(ctx.dshift, ctx.shift_sum)

    def backward_input(self, ctx):
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

    def _affine(self, ctx):
        channels = ctx.x.shape[-1]
        return (
            (ctx.scale, ctx.shift)
            if self.affine
            else (np.ones(channels, ctx.x.dtype), np.zeros(channels, ctx.x.dtype))
        )


def _samples(array):
    """(rows, values): all values of a sample in one row, without a copy."""
    return array if array.ndim == 2 else array.reshape(len(array), -1)
