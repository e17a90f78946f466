"""Time-distributed: one layer at every step of a sequence, with the same parameters."""

from copy import copy
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from nntrain.layers.layer import Layer, LayerContext, Saved, require, stray_option
from nntrain.layers.norm import BatchNorm


class TimeDistributed(Layer, name="time_distributed"):
    """The same layer at every step of a sequence, as if each step were a sample of its own.

    For layers that want a whole sample: `flatten`, or a convolution over the images of a film. `dense`, activations and norms
    act on the last axis and treat every step alike anyway.
    """

    layer: Layer = Field(description="the layer; not one that holds others")

    example: ClassVar[dict[str, Any]] = {"layer": {"dense": 4}}
    example_inputs: ClassVar = ((5, 3),)

    # It is to the network what its layer is.
    @property
    def reads(self):
        return self.layer.reads

    @property
    def aliases_input(self):
        return self.layer.aliases_input

    @property
    def passes_gradient(self):
        return self.layer.passes_gradient

    @property
    def random(self):
        return self.layer.random

    @property
    def preferred_initializer(self):
        return self.layer.preferred_initializer

    @property
    def initializer_from_next(self):
        return self.layer.initializer_from_next

    @property
    def activation(self):
        return getattr(self.layer, "activation", None)

    def output_shape(self, x):
        require(
            type(self.layer).build is Layer.build and not self.layer.merges,
            f"takes one layer that computes by itself. Received: {self.layer.yaml_name}.",
        )
        stray = stray_option(self.layer)
        require(not stray, f"say `{stray}` of it, not of the {self.layer.yaml_name} in it.")
        require(len(x) >= 2, f"it takes sequences, of shape (steps, ...). Received: the shape {x}.")
        require(
            not any(state.per_row for state in self.layer.state(x[1:]).values()),
            f"each step is a sample of its own. Remove `stateful` from its {self.layer.yaml_name}.",
        )
        return (x[0], *self.layer.output_shape(x[1:]))

    def parameters(self, x):
        return self.layer.parameters(x[1:])

    def state(self, x):
        return self.layer.state(x[1:])

    def saved(self, x):
        return {
            name: Saved((x[0], *saved.shape) if saved.per_row else saved.shape, saved.dtype, saved.per_row)
            for name, saved in self.layer.saved(x[1:]).items()
        }

    def minimum_rows(self, x):
        return -(-self.layer.minimum_rows(x[1:]) // x[0])

    def flops(self, x):
        return x[0] * self.layer.flops(x[1:])

    def padding_problem(self, x):
        return self.layer.padding_problem(x) if isinstance(self.layer, BatchNorm) else ""

    def forward(self, ctx):
        inner = self._inner(ctx)
        inner.info = copy(ctx.info)
        inner.info.lengths = None  # which tell how many steps a row has, not what there is in a step
        self.layer.forward(inner)

    def prepare_backward(self, ctx):
        self.layer.prepare_backward(self._inner(ctx))

    def backward_parameters(self, ctx):
        self.layer.backward_parameters(self._inner(ctx))

    def backward_input(self, ctx):
        self.layer.backward_input(self._inner(ctx))

    def _inner(self, ctx: LayerContext) -> LayerContext:
        """The arrays of `at` with rows and steps as one axis; made once."""
        inner = getattr(ctx, "inner", None)
        if inner is not None:
            return inner
        steps = ctx.x.shape[1]
        inner = ctx.inner = LayerContext()
        per_row = {name for name, saved in self.layer.saved(ctx.x.shape[2:]).items() if saved.per_row}
        for name, value in vars(ctx).items():
            if name in ("x", "y", "dy", "dx", *per_row) and value is not None:
                setattr(inner, name, merged(value))
            elif name in ("xs", "dxs"):
                setattr(inner, name, [None if array is None else merged(array) for array in value])
            elif name != "inner":
                setattr(inner, name, value)
        inner.rows = ctx.rows * steps
        return inner


def merged(array: np.ndarray) -> np.ndarray:
    """(rows, steps, ...) as (rows * steps, ...), without a copy."""
    return array.reshape(-1, *array.shape[2:])
