"""Recurrent layers: simple_rnn, lstm and gru, which read a sequence step by step and keep a state."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from nntrain import kernels, randomness
from nntrain.initializers import Constant, Initializer, Orthogonal, Pretrained
from nntrain.layers.layer import Layer, LayerContext, Param, Saved, State, flat, require_sequence, table
from nntrain.options import mistake


@dataclass(frozen=True)
class PerGate:
    """A weight of several gates side by side, each drawn as a square matrix of its own."""

    gates: int
    one: Initializer

    def sample(self, key, shape, fans):
        rows, columns = shape
        return np.hstack(
            [
                self.one.sample(randomness.key(key, gate), (rows, columns // self.gates), fans)
                for gate in range(self.gates)
            ]
        )


@dataclass(frozen=True)
class Raised:
    """As `base` says, and from `start` to `stop` higher by `value`."""

    base: Initializer
    start: int
    stop: int
    value: float

    def sample(self, key, shape, fans):
        drawn = np.array(self.base.sample(key, shape, fans))
        drawn[self.start : self.stop] += self.value
        return drawn


class Recurrent(Layer):
    """Base of the layers that read a sequence step by step. Each declares `units`, so that a bare value sets them."""

    return_sequences: bool = Field(
        False,
        description="give the state after each step, (steps, units); else after the last one alone, (units,)",
    )
    reverse: bool = Field(
        False,
        description="read the steps from the last real one to the first; a step's result stands where "
        "its input does",
    )
    stateful: bool = Field(
        False,
        description="go on from where the window before ended, row by row of the batch, for data "
        "whose windows follow each other; no gradient reaches beyond a window",
    )
    use_bias: bool = Field(True, description="add a bias that is learned")
    weight_initializer: Initializer | None = Field(
        None, description="where the weight on the input starts; none: as the model's `initializer` says"
    )
    recurrent_initializer: Initializer = Field(
        Orthogonal(), description="where the weight on the state starts, each gate for itself"
    )
    bias_initializer: Initializer | None = Field(None, description="where the bias starts; none: at 0")

    reads = "x"
    preferred_initializer = "glorot_uniform"
    looks_up = True
    example: ClassVar = {"units": 4}
    example_inputs: ClassVar = ((5, 3),)

    gates: ClassVar[int] = 1
    carries: ClassVar[tuple[str, ...]] = ("hidden",)  # the states of a stateful layer

    @model_validator(mode="after")
    def _one_way(self):
        if self.stateful and self.reverse:
            raise mistake(
                "`stateful` goes on where the window before ended, `reverse` begins at the end. Leave one out."
            )
        return self

    @property
    def sees_future_steps(self):
        return self.reverse

    def output_shape(self, x):
        require_sequence(x)
        return (x[0], self.units) if self.return_sequences else (self.units,)

    def parameters(self, x):
        wide = self.gates * self.units
        recurrent = self.recurrent_initializer
        if not isinstance(recurrent, Pretrained):
            recurrent = PerGate(gates=self.gates, one=recurrent)
        found = {
            "weight": Param((x[1], wide), (x[1], self.units), "weight", self.weight_initializer),
            "recurrent_weight": Param((self.units, wide), (self.units, self.units), "weight", recurrent),
        }
        if self.use_bias:
            found["bias"] = Param((wide,), (x[1], self.units), "bias", self.bias_initializer)
        return found

    def state(self, x):
        return {name: State((self.units,), per_row=True) for name in self.carries} if self.stateful else {}

    def saved(self, x):
        return {
            "before": Saved((x[0], self.units)),
            "gate": Saved((x[0], self.gates * self.units)),
            # What the input adds to the gates; backward puts their gradients in its place.
            "dgate": Saved((x[0], self.gates * self.units)),
            **{f"evaluation_{name}": Saved((self.units,)) for name in self.carries if self.stateful},
        }

    def flops(self, x):
        return 2 * x[0] * (x[1] + self.units) * self.gates * self.units

    def forward(self, ctx):
        added = self.added(ctx)
        kernels.matmul.forward(added, table(ctx.x), ctx.weight, ctx.bias if self.use_bias else ctx.empty)
        places = kernels.recurrent.IN_ORDER if ctx.tokens is None else ctx.tokens
        hidden, memory = (*self.carried(ctx), ctx.empty.reshape(0, 0))[:2]
        run = kernels.recurrent.Forward(
            self.sequences(ctx.y),
            ctx.before,
            ctx.gate,
            added,
            places,
            hidden,
            memory,
            lengths_of(ctx),
            self.reverse,
        )
        kernels.recurrent.forward(self.cell(ctx), run, ctx.recurrent_weight)

    def cell(self, ctx: LayerContext) -> tuple:
        """The cell's own arguments, a `Cell` of its module in kernels.recurrent."""
        raise NotImplementedError

    def prepare_backward(self, ctx):
        run = kernels.recurrent.Backward(
            ctx.dgate,
            self.drecurrent(ctx),
            self.sequences(ctx.dy),
            ctx.before,
            ctx.gate,
            lengths_of(ctx),
            self.reverse,
        )
        kernels.recurrent.backward(self.cell(ctx), run, ctx.recurrent_weight)
        if ctx.tokens is not None:
            kernels.embedding.sum_by_token(self.added(ctx), table(ctx.dgate), flat(ctx.tokens))

    def backward_parameters(self, ctx):
        dadded = self.added(ctx)
        kernels.matmul.weight_gradient(ctx.dweight, table(ctx.x), dadded)
        drecurrent = self.drecurrent(ctx)
        drecurrent = table(drecurrent if drecurrent.size else ctx.dgate)
        kernels.matmul.weight_gradient(ctx.drecurrent_weight, table(ctx.before), drecurrent)
        if self.use_bias:
            kernels.reduce.column_sums(ctx.dbias, dadded)

    def added(self, ctx: LayerContext) -> np.ndarray:
        """What the input adds to the gates, and in backward the gradient of that: a row for each step, or for each token."""
        if ctx.tokens is None:
            return table(ctx.dgate)
        if not hasattr(ctx, "by_token"):
            ctx.by_token = np.empty((len(ctx.x), self.gates * self.units), ctx.empty.dtype)
        return ctx.by_token

    def drecurrent(self, ctx: LayerContext) -> np.ndarray:
        """The gradients of the state's part of the gates, (rows, steps, gates*units); empty where it is dgate."""
        return ctx.empty.reshape(0, 0, 0)

    def backward_input(self, ctx):
        kernels.matmul.input_gradient(table(ctx.dx), self.added(ctx), ctx.weight)

    def sequences(self, array: np.ndarray) -> np.ndarray:
        """y or dy as the kernels take it: (rows, steps, units) or (rows, 1, units)."""
        return array if self.return_sequences else array.reshape(len(array), 1, -1)

    def carried(self, ctx: LayerContext) -> list[np.ndarray]:
        """The states that the first step starts from and the last one leaves; empty where there are none."""
        if not self.stateful:
            return [ctx.empty.reshape(0, 0)] * len(self.carries)
        states = [getattr(ctx, name if ctx.info.training else f"evaluation_{name}") for name in self.carries]
        if ctx.info.fresh:
            for state in states:
                state.fill(0)
        return states


def lengths_of(ctx: LayerContext) -> np.ndarray:
    """As the kernels take them."""
    return kernels.recurrent.ALL_STEPS if ctx.info.lengths is None else ctx.info.lengths


class SimpleRnn(Recurrent, name="simple_rnn"):
    """A state that is computed anew in each step from the input and itself: `h = f(x @ weight + h @ recurrent_weight + bias)`.

    weight (features, units), recurrent_weight (units, units), bias (units,). Through many steps its gradient fades or explodes:
    `lstm` and `gru` remember for longer. With relu, `recurrent_initializer: identity` helps.

    Source: Elman 1990, Finding structure in time.
    """

    units: int = Field(ge=1, description="how many values the state has")
    activation: Literal["tanh", "relu"] = Field("tanh", description="the function f")

    def cell(self, ctx):
        simple_rnn = kernels.recurrent.simple_rnn
        return simple_rnn.Cell(simple_rnn.RELU if self.activation == "relu" else simple_rnn.TANH)


class Lstm(Recurrent, name="lstm"):
    """Long short-term memory: a cell c that gates write, keep and show.

    `i f g o = x @ weight + h @ recurrent_weight + bias`, through sigmoid, sigmoid, tanh, sigmoid; `c = f c + i g`,
    `h = o tanh(c)`. weight (features, 4 units), recurrent_weight (units, 4 units), bias (4 units,), the gates in the order
    i f g o.

    Source: Hochreiter & Schmidhuber 1997, Long short-term memory; for the bias Jozefowicz et al. 2015, An empirical exploration
    of recurrent network architectures.
    """

    units: int = Field(ge=1, description="how many values the state has")
    forget_bias: float = Field(
        1.0,
        description="where the bias of the gate f starts, so that the cell keeps what it has; added "
        "to what `bias_initializer` says",
    )

    gates = 4
    carries = ("hidden", "cell")

    def parameters(self, x):
        found = super().parameters(x)
        if self.use_bias and not isinstance(self.bias_initializer, Pretrained):
            base = self.bias_initializer or Constant(value=0.0)
            raised = Raised(base=base, start=self.units, stop=2 * self.units, value=self.forget_bias)
            found["bias"] = Param((4 * self.units,), (x[1], self.units), "bias", raised)
        return found

    def saved(self, x):
        return super().saved(x) | {"cells": Saved((x[0], self.units)), "squashed": Saved((x[0], self.units))}

    def cell(self, ctx):
        return kernels.recurrent.lstm.Cell(ctx.cells, ctx.squashed)


class Gru(Recurrent, name="gru"):
    """Gated recurrent unit: one gate mixes the old state with a proposed one, another says how much of the old one that sees.

    `r z = sigmoid(x @ weight + h @ recurrent_weight + bias)`, `n = tanh(x @ weight + bias + r (h @ recurrent_weight +
    recurrent_bias))`, `h = (1 - z) n + z h`: PyTorch's variant. weight (features, 3 units), recurrent_weight (units, 3 units),
    bias (3 units,), the gates in the order r z n; recurrent_bias (units,), of n alone.

    Source: Cho et al. 2014, Learning phrase representations using RNN encoder-decoder for statistical machine translation.
    """

    units: int = Field(ge=1, description="how many values the state has")

    gates = 3

    def parameters(self, x):
        found = super().parameters(x)
        if self.use_bias:
            found["recurrent_bias"] = Param((self.units,), (self.units, self.units), "bias")
        return found

    def saved(self, x):
        return super().saved(x) | {
            "proposed": Saved((x[0], self.units)),
            "drecurrent": Saved((x[0], 3 * self.units)),
        }

    def cell(self, ctx):
        return kernels.recurrent.gru.Cell(ctx.proposed, ctx.recurrent_bias if self.use_bias else ctx.empty)

    def drecurrent(self, ctx):
        return ctx.drecurrent

    def backward_parameters(self, ctx):
        super().backward_parameters(ctx)
        if self.use_bias:
            sums = np.empty(3 * self.units, ctx.empty.dtype)
            kernels.reduce.column_sums(sums, table(ctx.drecurrent))
            ctx.drecurrent_bias[:] = sums[2 * self.units :]
