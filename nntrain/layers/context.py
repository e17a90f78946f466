"""Context: the arrays that a layer declares, and `LayerContext`, which holds them while the layer computes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

Update = Callable[[np.ndarray, np.ndarray], None]  # of a weight by the gradient x transposed @ dy
Shape = tuple[int, ...]  # of one sample, without the rows of the batch


@dataclass(frozen=True)
class Param:
    """A trainable array. `fans` are the fan-in and fan-out that initializers use."""

    shape: Shape
    fans: tuple[int, int] = (1, 1)
    role: Literal["weight", "bias", "scale"] = "weight"  # only weights decay, unless `decay_all` is set
    initializer: Any = None  # an Initializer; None: the model's (weight), zeros (bias) or ones (scale)
    table: bool = (
        False  # its rows are looked up or added, as those of an embedding: it is no matrix to multiply by
    )


@dataclass(frozen=True)
class State:
    """An array that training updates without a gradient, such as a running mean. Checkpoints hold it.

    `per_row`: one for each row of the batch, carried over from one window of the data to the next. Such a state belongs to
    training alone; the trained network does not have it. `fixed`: training does not change it; `Layer.measured` gives it.
    """

    shape: Shape  # without the rows
    value: float | tuple[float, ...] = 0.0  # initially; a tuple has one for each element of the last axis
    per_row: bool = False
    fixed: bool = False


@dataclass(frozen=True)
class Saved:
    """An array that forward keeps for backward, such as a mask, the position of a maximum or statistics.

    `per`: one for each "row" of the batch, one for the whole "batch", or one for each "token" of the vocabulary, which exists
    only where the layer computes the embedding before it (see `LayerContext.tokens`).
    """

    shape: Shape  # without the rows or tokens
    dtype: Literal["real", "uint8", "int32"] = "real"  # real: the network's float type
    per: Literal["row", "batch", "token"] = "row"
    lasting: bool = False  # kept from one pass to the next: no other array shares its memory


class PassInfo:
    """What all layers of a network share during one pass: the mode, the step that seeds randomness, the real lengths."""

    def __init__(self, seed: int):
        self.seed = seed
        self.training = False
        self.step = (
            0  # counts from the start of training; seed, layer name, step and shard determine every mask
        )
        self.shard = 0  # of the batch, where `train.shards` cuts it
        self.lengths: np.ndarray | None = None  # (rows,) int32: real steps of each row; None: all are real
        self.updates: dict[str, Update] = {}  # by name, of layers that apply the gradient of `weight`
        self.done = 0  # steps that were read before, where a sequence is read piece by piece
        self.fresh = True  # stateful layers start from zero; False: they carry over each row's state


class LayerContext:
    """What a layer's forward and backward work on: the arrays of one layer for one number of rows.

    x, y: input and output (rows, *shape); xs: all inputs of a merging layer. dy, dx, dxs: gradients of the loss with respect to
    them; None where nobody needs one. A parameter `p` is `ctx.p` with its gradient `ctx.dp`; states, saved and scratch arrays are
    attributes of their own names. `name` is the layer's name in the network, `info` the state of the pass, `empty` an array
    without elements for the optional arguments of kernels. `bfloat16`: the operands of matrix products and convolutions are
    rounded to it, as the kernels do if asked to; all arrays are float32 then.

    Fusion sets the rest (see layers.fusable). `epilogue`: the activation (code, slope) that forward applies to its result.
    `addend`, like y, or empty: the other term of a sum, which forward adds before that. `dy_slope`: what backward multiplies the
    gradient by where the activation's output is not positive. `dy_epilogue`: that activation, which may be tanh or sigmoid too.
    `tokens` (rows, steps): the layer computes the embedding before it too; x is then the embedding's weight (vocabulary,
    features), whose row tokens[r, t] is the input at step t, and dx that weight's gradient.
    """

    name: str
    rows: int
    info: PassInfo
    x: np.ndarray
    xs: list[np.ndarray]
    y: np.ndarray
    dy: np.ndarray
    dx: np.ndarray
    dxs: list[np.ndarray | None]
    empty: np.ndarray
    tokens: np.ndarray | None = None
    addend: np.ndarray
    epilogue: tuple[int, float] = (0, 0.0)  # as kernels.matmul takes it
    dy_slope: float = 1.0
    dy_epilogue: tuple[int, float] = (0, 0.0)
    bfloat16: bool = False
    inner: "LayerContext"  # of a layer that wraps another: the context of that one
    numbers: np.ndarray  # of embed_columns: the positions of the columns of numbers in x

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> np.ndarray: ...  # parameters, states, saved and scratch arrays


def flat(array: np.ndarray) -> np.ndarray:
    """(n,): all values of a C-contiguous array, without a copy."""
    return array.reshape(-1)


def table(array: np.ndarray) -> np.ndarray:
    """(n, channels): a C-contiguous array as rows of its last axis, without a copy."""
    return array if array.ndim == 2 else array.reshape(-1, array.shape[-1])
