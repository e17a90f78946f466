"""Recurrent layers: simple_rnn, lstm and gru, which read a sequence step by step and update a hidden state."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from nntrain import kernels, randomness
from nntrain.errors import ConfigError
from nntrain.initializers import Constant, Initializer, Orthogonal, Pretrained
from nntrain.layers.context import LayerContext, Param, Saved, Shape, State, flat, table
from nntrain.layers.fusable import Fusable
from nntrain.layers.layer import Layer
from nntrain.layers.require import require_sequence
from nntrain.options import mistake


@dataclass(frozen=True)
class PerGate:
    """Initializer of a weight of several gates side by side: each gate is initialized on its own."""

    gates: int
    one: Initializer

    def sample(self, key: int, shape: Shape, fans: tuple[int, int]) -> np.ndarray:
        rows, columns = shape
        return np.hstack(
            [
                self.one.sample(randomness.key(key, gate), (rows, columns // self.gates), fans)
                for gate in range(self.gates)
            ]
        )

    def fill(self, out: np.ndarray, key: int, fans: tuple[int, int]) -> None:
        for gate, columns in enumerate(np.split(out, self.gates, axis=1)):
            self.one.fill(columns, randomness.key(key, gate), fans)


@dataclass(frozen=True)
class Raised:
    """Initializer `base`, plus `value` from `start` to `stop`."""

    base: Initializer
    start: int
    stop: int
    value: float

    def sample(self, key: int, shape: Shape, fans: tuple[int, int]) -> np.ndarray:
        drawn = np.array(self.base.sample(key, shape, fans))
        drawn[self.start : self.stop] += self.value
        return drawn

    def fill(self, out: np.ndarray, key: int, fans: tuple[int, int]) -> None:
        out[...] = self.sample(key, out.shape, fans)


class Recurrent(Layer):
    """Base of the recurrent layers. Each declares `units` first, so that a bare value sets them."""

    return_sequences: bool = Field(
        False,
        description="return the hidden state of every step, (steps, units), not of the last alone, (units,)",
    )
    reverse: bool = Field(
        False,
        description="read the sequence backward; the outputs keep the order of the inputs",
    )
    stateful: bool = Field(
        False,
        description="carry the hidden state over from the previous window, for each row of the batch, for data of consecutive "
        "windows; gradients are truncated at the window",
    )
    use_bias: bool = Field(True, description="add a trainable bias")
    weight_initializer: Initializer | None = Field(
        None, description="initializer of the input weight; none: the model's `initializer`"
    )
    recurrent_initializer: Initializer = Field(
        Orthogonal(), description="initializer of the recurrent weight, for each gate on its own"
    )
    bias_initializer: Initializer | None = Field(None, description="initializer of the bias; none: zeros")

    reads = "x"
    preferred_initializer = "glorot_uniform"
    fuses = (Fusable.EMBEDDING,)
    example: ClassVar = {"units": 4}
    example_inputs: ClassVar = ((5, 3),)

    gates: ClassVar[int] = 1
    saved_per_unit: ClassVar[int] = 1  # values that the cell keeps for backward
    carries: ClassVar[tuple[str, ...]] = ("hidden",)  # the states of a stateful layer

    if TYPE_CHECKING:
        units: int

    @model_validator(mode="after")
    def _check_direction(self) -> Self:
        if self.stateful and self.reverse:
            raise mistake("`stateful` cannot be combined with `reverse`", "Remove one of the two.")
        return self

    def in_reverse(self) -> Layer:
        if self.reverse or self.stateful:
            option = "reverse" if self.reverse else "stateful"
            raise ConfigError(
                f"reads whole sequences in both directions; `{option}` cannot be set on its {self.yaml_name}",
                f"Remove `{option}`.",
            )
        return self.model_copy(update={"reverse": True})

    @property
    def sees_future_steps(self) -> bool:
        return self.reverse

    def output_shape(self, x: Shape) -> Shape:
        require_sequence(x)
        return (x[0], self.units) if self.return_sequences else (self.units,)

    def parameters(self, x: Shape) -> dict[str, Param]:
        wide = self.gates * self.units
        recurrent: Initializer | PerGate = self.recurrent_initializer
        if not isinstance(self.recurrent_initializer, Pretrained):
            recurrent = PerGate(gates=self.gates, one=self.recurrent_initializer)
        found = {
            "weight": Param((x[1], wide), (x[1], self.units), "weight", self.weight_initializer),
            "recurrent_weight": Param((self.units, wide), (self.units, self.units), "weight", recurrent),
        }
        if self.use_bias:
            found["bias"] = Param((wide,), (x[1], self.units), "bias", self.bias_initializer)
        return found

    def state(self, x: Shape) -> dict[str, State]:
        return {name: State((self.units,), per_row=True) for name in self.carries} if self.stateful else {}

    def saved(self, x: Shape) -> dict[str, Saved]:
        return {
            "before": Saved((x[0], self.units)),
            "saved": Saved((x[0], self.saved_per_unit * self.units)),
            # The input's part of the gates; backward replaces it by the gradient of the gates.
            "dgate": Saved((x[0], self.gates * self.units)),
            "token_gates": Saved((self.gates * self.units,), per="token"),
            **{
                f"evaluation_{name}": Saved((self.units,), lasting=True)
                for name in self.carries
                if self.stateful
            },
        }

    def flops(self, x: Shape) -> int:
        return 2 * x[0] * (x[1] + self.units) * self.gates * self.units

    def memory(self, x: Shape) -> dict[str, Saved] | None:
        if self.reverse or not self.return_sequences:
            return None
        return {
            "added_by_token": Saved((self.gates * self.units,), per="token"),
            **{f"next_{name}": Saved((self.units,)) for name in self.carries},
        }

    def forward(self, ctx: LayerContext) -> None:
        added = self.added(ctx)
        self._add_input(added, ctx)
        self._run(ctx, added, self.carried(ctx))

    def forward_next(self, ctx: LayerContext) -> None:
        added = self.added(ctx) if ctx.tokens is None else ctx.added_by_token
        states = [getattr(ctx, f"next_{name}") for name in self.carries]
        if ctx.tokens is None or ctx.info.done == 0:  # those of the tokens stay the same
            self._add_input(added, ctx)
        if ctx.info.done == 0:
            for state in states:
                state.fill(0)
        self._run(ctx, added, states)

    def _add_input(self, added: np.ndarray, ctx: LayerContext) -> None:
        """Writes the input's part of the gates."""
        bias = ctx.bias if self.use_bias else ctx.empty
        kernels.matmul.forward(added, table(ctx.x), ctx.weight, bias, bfloat16=ctx.bfloat16)

    def _run(self, ctx: LayerContext, added: np.ndarray, states: list[np.ndarray]) -> None:
        """Writes y, by the input's part of the gates, from these states on, which become those of the last step."""
        places = kernels.recurrent.IN_ORDER if ctx.tokens is None else ctx.tokens
        hidden, memory = (*states, ctx.empty.reshape(0, 0))[:2]
        run = kernels.recurrent.Forward(
            self.sequences(ctx.y),
            ctx.before,
            ctx.saved,
            added,
            places,
            hidden,
            memory,
            lengths_of(ctx),
            self.reverse,
        )
        kernels.recurrent.forward(self.cell(ctx), run, ctx.recurrent_weight, ctx.bfloat16)

    def cell(self, ctx: LayerContext) -> tuple:
        """The cell's own arguments, a `Cell` of its module in kernels.recurrent."""
        raise NotImplementedError

    def prepare_backward(self, ctx: LayerContext) -> None:
        run = kernels.recurrent.Backward(
            ctx.dgate,
            self.drecurrent(ctx),
            self.sequences(ctx.dy),
            ctx.before,
            ctx.saved,
            lengths_of(ctx),
            self.reverse,
        )
        kernels.recurrent.backward(self.cell(ctx), run, ctx.recurrent_weight, ctx.bfloat16)
        if ctx.tokens is not None:
            kernels.embedding.sum_by_token(self.added(ctx), table(ctx.dgate), flat(ctx.tokens))

    def backward_parameters(self, ctx: LayerContext) -> None:
        dadded = self.added(ctx)
        kernels.matmul.weight_gradient(ctx.dweight, table(ctx.x), dadded, ctx.bfloat16)
        drecurrent = self.drecurrent(ctx)
        drecurrent = table(drecurrent if drecurrent.size else ctx.dgate)
        kernels.matmul.weight_gradient(ctx.drecurrent_weight, table(ctx.before), drecurrent, ctx.bfloat16)
        if self.use_bias:
            kernels.reduce.column_sums(ctx.dbias, dadded)

    def added(self, ctx: LayerContext) -> np.ndarray:
        """The input's part of the gates, in backward its gradient: a row for each step, or for each token."""
        if ctx.tokens is None:
            return table(ctx.dgate)
        return ctx.token_gates

    def drecurrent(self, ctx: LayerContext) -> np.ndarray:
        """The gradients of the state's part of the gates, (rows, steps, gates*units); empty where it is dgate."""
        return ctx.empty.reshape(0, 0, 0)

    def backward_input(self, ctx: LayerContext) -> None:
        kernels.matmul.input_gradient(table(ctx.dx), self.added(ctx), ctx.weight, bfloat16=ctx.bfloat16)

    def sequences(self, array: np.ndarray) -> np.ndarray:
        """y or dy in the layout of the kernels: (rows, steps, units) or (rows, 1, units)."""
        return array if self.return_sequences else array.reshape(len(array), 1, -1)

    def carried(self, ctx: LayerContext) -> list[np.ndarray]:
        """The states carried over from the previous window, which the last step updates; empty where there are none."""
        if not self.stateful:
            return [ctx.empty.reshape(0, 0)] * len(self.carries)
        states = [getattr(ctx, name if ctx.info.training else f"evaluation_{name}") for name in self.carries]
        if ctx.info.fresh:
            for state in states:
                state.fill(0)
        return states


def lengths_of(ctx: LayerContext) -> np.ndarray:
    """The real steps of each row, in the form that the kernels take."""
    return kernels.recurrent.ALL_STEPS if ctx.info.lengths is None else ctx.info.lengths


class SimpleRnn(Recurrent, name="simple_rnn"):
    """Simple (Elman) recurrent layer: `h = f(x @ weight + h @ recurrent_weight + bias)`.

    weight (features, units), recurrent_weight (units, units), bias (units,). Its gradient vanishes or explodes over many steps;
    `lstm` and `gru` remember for longer. With relu, `recurrent_initializer: identity` helps.

    Source: Elman 1990, Finding structure in time.
    """

    units: int = Field(ge=1, description="size of the hidden state")
    activation: Literal["tanh", "relu"] = Field("tanh", description="the activation f")

    def cell(self, ctx: LayerContext) -> tuple:
        simple_rnn = kernels.recurrent.simple_rnn
        return simple_rnn.Cell(simple_rnn.RELU if self.activation == "relu" else simple_rnn.TANH)


class Lstm(Recurrent, name="lstm"):
    """Long short-term memory (LSTM): `c = f c + i g`, `h = o tanh(c)`, a cell with input, forget and output gates.

    `i f g o = x @ weight + h @ recurrent_weight + bias`, through sigmoid, sigmoid, tanh, sigmoid. The cell keeps information over
    many steps. weight (features, 4 units), recurrent_weight (units, 4 units), bias (4 units,), the gates in the order i f g o.

    Source: Hochreiter & Schmidhuber 1997, Long short-term memory; for the bias Jozefowicz et al. 2015, An empirical exploration
    of recurrent network architectures.
    """

    units: int = Field(ge=1, description="size of the hidden state")
    forget_bias: float = Field(
        1.0,
        description="initial bias of the forget gate, so that the cell remembers at first; added to `bias_initializer`",
    )

    gates = 4
    saved_per_unit = 6
    carries = ("hidden", "cell")

    def parameters(self, x: Shape) -> dict[str, Param]:
        found = super().parameters(x)
        if self.use_bias and not isinstance(self.bias_initializer, Pretrained):
            base = self.bias_initializer or Constant(value=0.0)
            raised = Raised(base=base, start=self.units, stop=2 * self.units, value=self.forget_bias)
            found["bias"] = Param((4 * self.units,), (x[1], self.units), "bias", raised)
        return found

    def cell(self, ctx: LayerContext) -> tuple:
        return kernels.recurrent.lstm.Cell()


class Gru(Recurrent, name="gru"):
    """Gated recurrent unit (GRU): `h = (1 - z) n + z h`, with a reset gate r and an update gate z.

    `r z = sigmoid(x @ weight + h @ recurrent_weight + bias)`, `n = tanh(x @ weight + bias + r (h @ recurrent_weight +
    recurrent_bias))`: PyTorch's variant. It has fewer parameters than `lstm`, and often the same accuracy. weight (features,
    3 units), recurrent_weight (units, 3 units), bias (3 units,), the gates in the order r z n; recurrent_bias (units,), of n alone.

    Source: Cho et al. 2014, Learning phrase representations using RNN encoder-decoder for statistical machine translation.
    """

    units: int = Field(ge=1, description="size of the hidden state")

    gates = 3
    saved_per_unit = 4

    def parameters(self, x: Shape) -> dict[str, Param]:
        found = super().parameters(x)
        if self.use_bias:
            found["recurrent_bias"] = Param((self.units,), (self.units, self.units), "bias")
        return found

    def saved(self, x: Shape) -> dict[str, Saved]:
        return super().saved(x) | {"drecurrent": Saved((x[0], 3 * self.units))}

    def scratch(self, x: Shape) -> dict[str, Saved]:
        return {"bias_sums": Saved((3 * self.units,), per="batch")}

    def cell(self, ctx: LayerContext) -> tuple:
        return kernels.recurrent.gru.Cell(ctx.recurrent_bias.ctypes.data if self.use_bias else 0)

    def drecurrent(self, ctx: LayerContext) -> np.ndarray:
        return ctx.drecurrent

    def backward_parameters(self, ctx: LayerContext) -> None:
        super().backward_parameters(ctx)
        if self.use_bias:
            kernels.reduce.column_sums(ctx.bias_sums, table(ctx.drecurrent))
            ctx.drecurrent_bias[:] = ctx.bias_sums[2 * self.units :]
