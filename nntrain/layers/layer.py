"""Layer: what every layer declares and computes. `LayerContext` holds its arrays."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from nntrain.component import Component
from nntrain.errors import ConfigError, UserError
from nntrain.layers.context import LayerContext, Param, Saved, Shape, State
from nntrain.layers.fusable import Fusable
from nntrain.layers.scope import Output, Scope
from nntrain.options import Several


class Layer(Component, family="layer"):
    """One step of the network: maps the output of the layer above, or of the layers that `inputs` names, to its own output.

    A layer holds options only, never an array. Methods that take shapes get one for each input, without the rows of the batch.
    Kernels never change x or dy; backward writes dx and the gradients of the parameters.
    """

    name: str | None = Field(
        None,
        min_length=1,
        description="the layer's name, for other layers' `inputs` and in checkpoints; none: its kind and number, such as dense_1",
    )
    inputs: Several[str] | None = Field(
        None,
        min_length=1,
        description="names of the layers whose outputs it takes; `previous` is the layer above, `input` the data; none: the layer "
        "above",
    )
    freeze: bool = Field(False, description="freeze the parameters: training does not change them")

    # What the network has to know of it.
    takes_tokens: ClassVar[bool] = False  # its input is token ids (int32), which have no gradient
    follows_data: ClassVar[bool] = (
        False  # its input must be the data, or the layer that embeds their categories
    )
    takes_categories: ClassVar[bool] = (
        False  # columns of its input can be numbers of categories, which have no gradient
    )
    merges: ClassVar[bool] = False  # takes several inputs
    reads: ClassVar[str] = "xy"  # what backward reads: inputs "x", output "y"; other buffers may be reused
    aliases_input: ClassVar[bool] = False  # y is a view of x, and dx of dy: nothing to compute
    passes_gradient: ClassVar[bool] = False  # every dx equals dy: no backward_input
    fuses: ClassVar[tuple[Fusable, ...]] = ()  # work of its neighbours that it can do
    fusable_as: ClassVar[Fusable | None] = None  # the work that it is, for a neighbour that fuses it
    only_in_training: ClassVar[bool] = False  # in evaluation it is the identity, as dropout
    depends_on_batch: ClassVar[bool] = False  # a row's output depends on the other rows, as with batch norm

    # What `initializer: auto` asks: which initializer suits the weights before this activation (or of this layer), and whether
    # to ask the layer after this one instead.
    preferred_initializer: ClassVar[str | None] = None
    initializer_from_next: ClassVar[bool] = False

    # What other parts of nntrain ask.
    applies_gradient: ClassVar[bool] = (
        False  # whether backward_parameters may update `weight` by info.updates
    )
    acts_per_step: ClassVar[bool] = False  # in evaluation a step of y depends on that step of x alone
    limits_steps: ClassVar[bool] = False  # reads no more steps than the data have, also piece by piece
    acts_per_position: ClassVar[bool] = False  # y shows x place by place: activations, batch norm
    bounds: ClassVar[tuple[float, float] | None] = None  # of its outputs, near which its gradient vanishes
    normalizes_logits: ClassVar[bool] = False  # turns logits into probabilities or their logarithms

    example_inputs: ClassVar[tuple[Shape, ...]] = ((6,),)  # shapes that gradcheck tries `example` with

    @property
    def output_activation(self) -> "Layer | None":
        """The activation that follows it in the network."""
        return None

    @property
    def tied_name(self) -> str | None:
        """The name of the embedding whose weight it uses."""
        return None

    @property
    def is_composite(self) -> bool:
        """Whether it becomes several nodes of the network."""
        return type(self).build is not Layer.build or self.output_activation is not None

    @property
    def sees_future_steps(self) -> bool:
        """Whether a step of its output depends on later steps of its input."""
        return False

    def build(self, scope: Scope, *inputs: Any) -> Output | None:
        """Adds the layer to the network. Layers that only hold others add those instead."""
        return scope.node(self, inputs)

    def for_tokens(self, vocabulary: int) -> "Layer":
        """The layer for a vocabulary of this size, where it takes tokens. Raises ConfigError."""
        return self

    def for_columns(self, columns: Sequence[Any]) -> "Layer":
        """The layer for these columns of numbers of categories (`OneHot`), where it takes them. Raises ConfigError."""
        return self

    def for_numbers(self, count: int) -> "Layer":
        """The layer after one that embeds categories, of whose outputs the first `count` are the data's columns of numbers.

        Raises ConfigError.
        """
        return self

    def numbers(self, features: int) -> list[int]:
        """The positions of the data's columns of numbers, where it embeds those of categories."""
        return list(range(features))

    def tied(self, weight: Shape, x: Shape) -> "Layer":
        """The layer for a weight (vocabulary, units) of the embedding that it names. Raises ConfigError."""
        return self

    def in_reverse(self) -> "Layer":
        """The layer that reads a sequence from its end to its start. Raises ConfigError where there is none."""
        raise ConfigError(f"expected a recurrent layer: gru, lstm or simple_rnn. Received: {self.yaml_name}")

    def output_shape(self, *inputs: Shape) -> Shape:
        """Raises ConfigError when the inputs don't fit."""
        return inputs[0]

    def parameters(self, *inputs: Shape) -> dict[str, Param]:
        return {}

    def state(self, *inputs: Shape) -> dict[str, State]:
        return {}

    def measured(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """The fixed states, computed on training data x (rows, *input shape), float64, where its input is the data."""
        return {}

    def saved(self, *inputs: Shape) -> dict[str, Saved]:
        """The arrays that forward keeps for backward."""
        return {}

    def scratch(self, *inputs: Shape) -> dict[str, Saved]:
        """Working memory of backward, whose contents do not outlive it."""
        return {}

    def memory(self, *inputs: Shape) -> dict[str, Saved] | None:
        """The arrays that keep what later steps need of earlier ones, where a sequence is read piece by piece.

        None: the layer needs all steps at once. Shapes are those of the whole sequence.
        """
        return {} if self.acts_per_step or self.only_in_training else None

    def minimum_rows(self, *inputs: Shape) -> int:
        """The smallest training batch."""
        return 1

    def padding_problem(self, *inputs: Shape) -> tuple[str, ...]:
        """Why it cannot take padded sequences, of different lengths: the message and the hint; empty where it can."""
        return ()

    def flops(self, *inputs: Shape) -> int:
        """Floating-point operations of the forward pass per sample; a multiply-add counts 2."""
        return 0

    def algorithm(self, *inputs: Shape) -> str | None:
        """The algorithm by which it takes fewer operations than `flops` counts, such as Winograd's."""
        return None

    def filters_parameter(self, *inputs: Shape) -> str | None:
        """The parameter whose values are filters to show as images (rows, columns, channels, filters), channels 1 or 3."""
        return None

    def epilogue(self) -> tuple[int, float]:
        """The code and the slope of an activation that is `fusable_as` ACTIVATION or CURVE, as kernels.matmul takes them."""
        raise NotImplementedError

    def bind(self, ctx: LayerContext) -> None:
        """Prepares what it derives from the arrays of a new context, once."""

    def forward(self, ctx: LayerContext) -> None:
        """Writes y."""
        raise self._lacks("forward")

    def forward_next(self, ctx: LayerContext) -> None:
        """Writes y for the steps that follow the `ctx.info.done` ones that it has read, in evaluation."""
        self.forward(ctx)

    def prepare_backward(self, ctx: LayerContext) -> None:
        """Computes what both parts of backward need, before either: sums over the batch, gradients of gates."""

    def backward_parameters(self, ctx: LayerContext) -> None:
        """Writes the gradient of every parameter. Runs only where the parameters are trained."""
        raise self._lacks("backward_parameters")

    def backward_input(self, ctx: LayerContext) -> None:
        """Writes dx (or dxs). Runs only where a layer before it is trained."""
        raise self._lacks("backward_input")

    def _lacks(self, method: str) -> UserError:
        return UserError(
            f"the class {type(self).__name__} defines no `{method}`",
            f"Define `{method}(self, ctx)` in the plugin.",
            place=self.yaml_name,
        )


class Activation(Layer):
    """A nonlinear function of each value, or of each row of values. Without activations, stacked linear layers would be a single
    linear function. An activation is a layer, and can also be the `activation` of another layer.
    """

    acts_per_step: ClassVar[bool] = True
    acts_per_position: ClassVar[bool] = True
    preferred_initializer: ClassVar[str | None] = "glorot_uniform"  # he_normal for rectifiers
