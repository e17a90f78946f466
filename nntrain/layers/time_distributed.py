"""Time-distributed: applies one layer to every step of a sequence."""

from copy import copy
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from nntrain.layers.context import LayerContext, Param, Saved, Shape, State
from nntrain.layers.layer import Layer
from nntrain.layers.require import described, require, stray_option


class TimeDistributed(Layer, name="time_distributed"):
    """Applies a layer to every step of a sequence, with shared parameters: `y[t] = layer(x[t])`.

    Each step is a sample of its own. For layers that act on whole samples, such as `flatten` or a convolution over the frames of a
    video. `dense`, activations and norms act on the last axis and need no wrapper.
    """

    layer: Layer = Field(description="the layer; not one that holds other layers")

    example: ClassVar[dict[str, Any]] = {"layer": {"dense": 4}}
    example_inputs: ClassVar = ((5, 3),)

    acts_per_step = True

    # To the network it is what its layer is.
    @property
    def reads(self) -> str:
        return self.layer.reads

    @property
    def aliases_input(self) -> bool:
        return self.layer.aliases_input

    @property
    def passes_gradient(self) -> bool:
        return self.layer.passes_gradient

    @property
    def preferred_initializer(self) -> str | None:
        return self.layer.preferred_initializer

    @property
    def initializer_from_next(self) -> bool:
        return self.layer.initializer_from_next

    @property
    def depends_on_batch(self) -> bool:
        return self.layer.depends_on_batch

    @property
    def output_activation(self) -> Layer | None:
        return self.layer.output_activation

    def output_shape(self, x: Shape) -> Shape:
        require(
            type(self.layer).build is Layer.build and not self.layer.merges,
            f"expected a layer with one input that holds no other layers. Received: {self.layer.yaml_name}",
        )
        stray = stray_option(self.layer)
        require(
            not stray,
            f"`{stray}` cannot be set on the {self.layer.yaml_name} that it holds",
            f"Set `{stray}` on time_distributed.",
        )
        require(len(x) >= 2, f"expected sequences, of shape (steps, ...). Received: {described(x)}")
        require(
            not any(state.per_row for state in self.layer.state(x[1:]).values()),
            f"`stateful` cannot be set on its {self.layer.yaml_name}: each step is a sample of its own",
            "Remove `stateful`.",
        )
        return (x[0], *self.layer.output_shape(x[1:]))

    def parameters(self, x: Shape) -> dict[str, Param]:
        return self.layer.parameters(x[1:])

    def state(self, x: Shape) -> dict[str, State]:
        return self.layer.state(x[1:])

    def saved(self, x: Shape) -> dict[str, Saved]:
        return self._of_steps(x, self.layer.saved(x[1:]))

    def scratch(self, x: Shape) -> dict[str, Saved]:
        return self._of_steps(x, self.layer.scratch(x[1:]))

    @staticmethod
    def _of_steps(x: Shape, arrays: dict[str, Saved]) -> dict[str, Saved]:
        return {
            name: replace(array, shape=(x[0], *array.shape)) if array.per == "row" else array
            for name, array in arrays.items()
        }

    def minimum_rows(self, x: Shape) -> int:
        return -(-self.layer.minimum_rows(x[1:]) // x[0])

    def flops(self, x: Shape) -> int:
        return x[0] * self.layer.flops(x[1:])

    def algorithm(self, x: Shape) -> str | None:
        return self.layer.algorithm(x[1:])

    def padding_problem(self, x: Shape) -> tuple[str, ...]:
        return self.layer.padding_problem(x) if self.depends_on_batch else ()

    def bind(self, ctx: LayerContext) -> None:
        """Gives the layer the same arrays with rows and steps as one axis."""
        inner = ctx.inner = LayerContext()
        x = ctx.x.shape[1:]
        declared = {**self.saved(x), **self.scratch(x)}
        per_row = {name for name, array in declared.items() if array.per == "row"}
        for name, value in vars(ctx).items():
            if name in ("x", "y", "dy", "dx", *per_row) and value is not None:
                setattr(inner, name, merged(value))
            elif name in ("xs", "dxs"):
                setattr(inner, name, [None if array is None else merged(array) for array in value])
            elif name != "inner":
                setattr(inner, name, value)
        inner.rows = ctx.rows * ctx.x.shape[1]
        self.layer.bind(inner)

    def forward(self, ctx: LayerContext) -> None:
        ctx.inner.info = copy(ctx.info)
        ctx.inner.info.lengths = None  # they count the steps of a row, not what is in a step
        self.layer.forward(ctx.inner)

    def prepare_backward(self, ctx: LayerContext) -> None:
        self.layer.prepare_backward(ctx.inner)

    def backward_parameters(self, ctx: LayerContext) -> None:
        self.layer.backward_parameters(ctx.inner)

    def backward_input(self, ctx: LayerContext) -> None:
        self.layer.backward_input(ctx.inner)


def merged(array: np.ndarray) -> np.ndarray:
    """(rows, steps, ...) as (rows * steps, ...), without a copy."""
    return array.reshape(-1, *array.shape[2:])
