"""Layer: what every layer declares, and `LayerContext`, the place where it stands in a network, with its arrays."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.component import Component
from nntrain.errors import ConfigError, UserError
from nntrain.options import Several

if TYPE_CHECKING:
    from nntrain.network.graph import Scope

Shape = tuple[int, ...]  # of one sample, without the rows of the batch


@dataclass(frozen=True)
class Param:
    """An array that learns. `fans` are the numbers of inputs and outputs that one value of the layer's output sees."""

    shape: Shape
    fans: tuple[int, int] = (1, 1)
    role: Literal["weight", "bias", "scale"] = (
        "weight"  # weights are decayed; the others only under `decay_all`
    )
    initializer: Any = (
        None  # an Initializer; None leaves it to the model's (weight) or means zeros (bias) or ones (scale)
    )


@dataclass(frozen=True)
class State:
    """An array that training keeps but no gradient reaches: a running mean. It is in the checkpoint.

    `per_row`: one for each row of a batch, in which one window of the data leaves it to the next. Such a one belongs to
    training alone: the trained network does not have it.
    """

    shape: Shape  # without the rows
    value: float = 0.0
    per_row: bool = False


@dataclass(frozen=True)
class Saved:
    """An array that forward leaves for backward: a mask, the winner's position, statistics. Shape without the rows."""

    shape: Shape
    dtype: Literal["real", "uint8", "int32"] = "real"  # real: the network's float type
    per_row: bool = True  # false: one for the whole batch


class PassInfo:
    """What all layers of a network share during one pass: the mode, the step that seeds randomness, the real lengths."""

    def __init__(self, seed: int):
        self.seed = seed
        self.training = False
        self.step = 0  # counts from the start of training; seed, layer name and step determine every mask
        self.lengths: np.ndarray | None = None  # (rows,) int32: real steps of each row; None: all are real
        self.fresh = True  # stateful layers start from zero; False: they carry over each row's state


class LayerContext:
    """What a layer's forward and backward work on: the arrays of one layer for one number of rows.

    x, y: input and output (rows, *shape); xs: all inputs of a merging layer. dy, dx, dxs: gradients of the loss with respect to
    them. A parameter `p` is `ctx.p` with its gradient `ctx.dp`; states and saved arrays are attributes of their own names.
    `name` is the layer's name in the network, `info` the state of the pass, `empty` an array without elements for the optional
    arguments of kernels.

    Fusion sets the rest. `epilogue`: the activation (code, slope) that forward applies to its result. `addend`, like y, or empty:
    the other term of a sum, which forward adds before that. `dy_slope`: backward multiplies by it where the activation's output
    is not positive. `tokens` (rows, steps): the layer stands in for the embedding before it too; x is then the embedding's weight
    (vocabulary, features), whose row tokens[r, t] is the input at step t, and dx that weight's gradient.
    """

    name: str
    rows: int
    info: PassInfo
    x: np.ndarray
    xs: list[np.ndarray]
    y: np.ndarray
    dy: np.ndarray
    dx: np.ndarray
    dxs: list[np.ndarray]
    empty: np.ndarray
    tokens: np.ndarray | None = None
    addend: np.ndarray
    epilogue: tuple[int, float] = (0, 0.0)  # as kernels.matmul takes it
    dy_slope: float = 1.0


class Layer(Component, family="layer"):
    """One step of the network: takes the output of the layer above, or what `inputs` names, and hands on its own.

    Options only, never an array. Kernels never change x or dy; backward writes dx and the parameters' gradients.
    """

    name: str | None = Field(
        None,
        min_length=1,
        description="what other layers' `inputs` call it, and checkpoints its "
        "parameters; none: its kind and number, such as dense_1",
    )
    inputs: Several[str] | None = Field(
        None,
        min_length=1,
        description="where its inputs come from, by name; `previous` is the "
        "layer above, `input` the data; none: the layer above",
    )
    freeze: bool = Field(False, description="keep the parameters as they start: they don't learn")

    takes_tokens: ClassVar[bool] = (
        False  # its input is whole numbers below a vocabulary (int32), and has no gradient
    )
    reads: ClassVar[str] = (
        "xy"  # what backward looks at: of its inputs "x", of its output "y"; the rest may be gone by then
    )
    merges: ClassVar[bool] = False  # takes several inputs
    aliases_input: ClassVar[bool] = False  # y is x in another shape and dx is dy: no work is done
    passes_gradient: ClassVar[bool] = False  # every dx is dy itself: nothing to compute
    random: ClassVar[bool] = False  # draws random numbers in training
    looks_up: ClassVar[bool] = False  # can take an embedding's place too: see `LayerContext.tokens`
    fuses_epilogue: ClassVar[bool] = False  # forward applies `ctx.epilogue`
    fuses_sum: ClassVar[bool] = False  # and before that adds `ctx.addend`
    fuses_gradient: ClassVar[bool] = (
        False  # backward applies `ctx.dy_slope`, for an activation that was fused into it
    )
    gates_gradient: ClassVar[bool] = (
        False  # or for one right before it: backward_input applies it to dx, where x <= 0
    )
    keeps_sign: ClassVar[bool] = (
        False  # or for one right before it: where dx takes values of dy, x and y are the same
    )

    # What `initializer: auto` goes by: the initializer that suits weights before this activation (or of this layer), and
    # whether to look through this layer to the next.
    preferred_initializer: ClassVar[str | None] = None
    initializer_from_next: ClassVar[bool] = False

    # The shapes that its inputs have where gradcheck tries `example`.
    example_inputs: ClassVar[tuple[Shape, ...]] = ((6,),)

    def build(self, scope: "Scope", *inputs: Any) -> Any:
        """Puts the layer into the graph. Layers that hold layers only expand into them: see network.graph.Scope."""
        return scope.node(self, inputs)

    def for_tokens(self, vocabulary: int) -> "Layer":
        """Of a layer that takes tokens: itself, for data of so many. Raises ConfigError with the reason when they don't fit."""
        return self

    def output_shape(self, *inputs: Shape) -> Shape:
        """Shape of the output of one sample. Raises ConfigError with the reason when the inputs don't fit."""
        return inputs[0]

    def parameters(self, *inputs: Shape) -> dict[str, Param]:
        return {}

    def state(self, *inputs: Shape) -> dict[str, State]:
        return {}

    def saved(self, *inputs: Shape) -> dict[str, Saved]:
        return {}

    @property
    def sees_future_steps(self) -> bool:
        """Whether what it says of a step depends on later ones."""
        return False

    def minimum_rows(self, *inputs: Shape) -> int:
        """The fewest rows that a training batch can have."""
        return 1

    def padding_problem(self, *inputs: Shape) -> str:
        """Why sequences of different lengths cannot pass, whose padding nothing may be made of; empty where they can."""
        return ""

    def flops(self, *inputs: Shape) -> int:
        """Floating-point operations of one sample's forward pass; a multiply-add counts 2."""
        return 0

    def forward(self, ctx: LayerContext) -> None:
        """Writes y."""
        raise self._lacks("forward")

    def prepare_backward(self, ctx: LayerContext) -> None:
        """What both halves of backward need, computed once, before either: sums over the batch, gates' gradients."""

    def backward_parameters(self, ctx: LayerContext) -> None:
        """Writes the gradient of every parameter. Called only where the layer has parameters that learn."""
        raise self._lacks("backward_parameters")

    def backward_input(self, ctx: LayerContext) -> None:
        """Writes dx (or dxs). Not called where nothing below learns."""
        raise self._lacks("backward_input")

    def _lacks(self, method: str) -> UserError:
        """What the author of a plugin may have forgotten."""
        return UserError(f"{self.yaml_name}: the class {type(self).__name__} defines no `{method}`.")


class Activation(Layer):
    """A function of each value, or of each row of values. It bends what is otherwise a chain of linear functions, which would be
    no more than one. An activation is a layer, and can also be the `activation` of another.
    """

    preferred_initializer: ClassVar[str | None] = (
        "glorot_uniform"  # relu-like ones: he_normal; selu: lecun_normal
    )

    epilogue_code: ClassVar[int] = 0  # kernels.matmul can apply it to a tile in registers

    def epilogue(self) -> tuple[int, float]:
        """The code and the slope for kernels.matmul; only with an `epilogue_code`."""
        return self.epilogue_code, 0.0


def flat(array: np.ndarray) -> np.ndarray:
    """(n,): all values of a C-contiguous array, without a copy."""
    return array.reshape(-1)


def table(array: np.ndarray) -> np.ndarray:
    """(n, channels): a C-contiguous array as rows of its last axis, without a copy."""
    return array if array.ndim == 2 else array.reshape(-1, array.shape[-1])


def stray_option(held: Layer, options: tuple[str, ...] = ("name", "inputs", "freeze")) -> str:
    """Which of these options, that only the layer around it can have, a held layer says; empty where it says none."""
    return next((option for option in options if getattr(held, option)), "")


def require(condition: bool, message: str) -> None:
    """Raises ConfigError(message) unless `condition` holds."""
    if not condition:
        raise ConfigError(message)


def require_last_axis(shape: Shape) -> None:
    require(len(shape) >= 1, "it acts on the last axis of its input. Received: single numbers, of shape ().")


def require_image(shape: Shape) -> None:
    require(
        len(shape) == 3,
        f"it takes images, of shape (height, width, channels). Received: {_kind(shape)}. A source can bring "
        "images, as `{digits: {as: image}}` does, and `reshape: [height, width, channels]` makes them.",
    )


def require_sequence(shape: Shape) -> None:
    way_out = {
        1: " `return_sequences: true` on a recurrent layer before gives a sequence; `reshape: [-1, 1]` makes each feature "
        "a step.",
        3: " `reshape` makes a sequence of an image.",
    }
    require(
        len(shape) == 2,
        f"it takes sequences, of shape (steps, features). Received: {_kind(shape)}.{way_out.get(len(shape), '')}",
    )


def _kind(shape: Shape) -> str:
    kinds = {0: "single numbers", 1: "tables", 2: "sequences", 3: "images"}
    return f"{kinds[len(shape)]}, of shape {shape}" if len(shape) in kinds else f"the shape {shape}"
