"""Blocks: what the C file computes in order: the preparation of the data, the layers, and what makes the outcome of the last one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from nntrain.data.tables.curves import Curve
from nntrain.data.tables.features import indicators
from nntrain.export.c.folding import folded
from nntrain.export.program import Program
from nntrain.layers.context import Shape
from nntrain.layers.merge import Concat
from nntrain.losses.outcome import Scaled, Sliced, Step
from nntrain.network.graph import INPUT

Element = Literal["float", "int8_t"]


@dataclass(frozen=True, eq=False)
class Block:
    """One step of the file. `layer`: a layer of nntrain, or one of the classes below."""

    name: str
    layer: Any
    inputs: tuple[str, ...]  # names of blocks, or INPUT
    input_shapes: tuple[Shape, ...]
    shape: Shape
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    remark: str = ""
    element: Element = "float"  # the type of the output


@dataclass(frozen=True)
class MarkGaps:
    """1 in these places where the number before is NaN, else 0."""

    places: tuple[int, ...]


@dataclass(frozen=True)
class FillGaps:
    """A number in place of NaN, for each channel: `fill`."""


@dataclass(frozen=True)
class Standardize:
    """`(x - shift) * scale` for each channel; without `shift`, `x * scale`."""


@dataclass(frozen=True)
class Bend:
    """The curves of some columns."""

    curves: tuple[Curve, ...]


@dataclass(frozen=True)
class Copy:
    """y = x, where nothing is computed."""


@dataclass(frozen=True)
class Cut:
    """Neighbouring values of a sample, from one place on."""

    start: int


@dataclass(frozen=True)
class Function:
    """One of losses.outcome."""

    name: str


def blocks_of(program: Program) -> list[Block]:
    """The blocks of a program, with batch normalization folded into the layer before it where that is linear."""
    blocks = preparation(program)
    source = blocks[-1].name if blocks else INPUT
    steps, norms = folded(program.steps)
    for step in steps:
        inputs = tuple(source if name == INPUT else name for name in step.inputs)
        remark = f"with {norms[step.name]} in its weights" if step.name in norms else ""
        blocks.append(
            Block(step.name, step.layer, inputs, step.input_shapes, step.shape, step.arrays, remark)
        )
    output = blocks[-1].name if blocks else INPUT
    shape = blocks[-1].shape if blocks else program.data.input_shape
    blocks += outcome(program.outcome.functions, output, shape)
    if all(is_view(block) for block in blocks):
        blocks.append(Block("copy", Copy(), (output,), (shape,), shape))
    return blocks


def outcome(functions: Sequence[Step], output: str, shape: Shape, of: str = "") -> list[Block]:
    """The blocks of functions that are applied in order to an output of this shape; `of`: what their names end in."""
    blocks: list[Block] = []
    for function in functions:
        if isinstance(function, Sliced):
            blocks += sliced(function, output, shape)
        elif isinstance(function, Scaled):
            name = f"outputs in the unit of the targets{of}"
            blocks.append(Block(name, Standardize(), (output,), (shape,), shape, inverse(function)))
        else:
            after = (*shape[:-1], 2) if function in ("two_classes", "side") else shape
            blocks.append(Block(f"outcome {function}{of}", Function(function), (output,), (shape,), after))
        output, shape = blocks[-1].name, blocks[-1].shape
    return blocks


def sliced(function: Sliced, output: str, shape: Shape) -> list[Block]:
    """The blocks of functions of parts of an output, side by side."""
    blocks: list[Block] = []
    ends: list[Block] = []
    start = 0
    for number, (count, steps) in enumerate(function.parts, start=1):
        of = f" of target {number}"
        blocks.append(Block(f"outputs{of}", Cut(start), (output,), (shape,), (count,)))
        blocks += outcome(steps, blocks[-1].name, (count,), of)
        ends.append(blocks[-1])
        start += count
    inputs = tuple(block.name for block in ends), tuple(block.shape for block in ends)
    return [*blocks, Block("outcome of all targets", Concat(), *inputs, (start,))]


def inverse(function: Scaled) -> dict[str, np.ndarray]:
    """The arrays of `Standardize` by which y * factor + shift is (y - shift) * scale."""
    factor, shift = np.array(function.factor), np.array(function.shift)
    return {"shift": -shift / factor, "scale": factor} if shift.any() else {"scale": factor}


def is_view(block: Block) -> bool:
    """Whether its output is its input, with another shape at most."""
    return bool(getattr(block.layer, "aliases_input", False))


def preparation(program: Program) -> list[Block]:
    """What turns the data in their own units into the network's input; tokens stay as they are."""
    data, shape = program.data, program.data.input_shape
    if data.vocabulary:
        return []
    assert data.scale is not None  # see Dataset.__post_init__
    blocks = []
    if data.fill is not None:
        source = INPUT
        if places := indicators(data.feature_names):
            source = "indicators"
            blocks.append(Block(source, MarkGaps(tuple(places)), (INPUT,), (shape,), shape))
        arrays = {"fill": np.asarray(data.fill).reshape(-1)}
        blocks.append(Block("missing values", FillGaps(), (source,), (shape,), shape, arrays))
    if data.curves:
        source = blocks[-1].name if blocks else INPUT
        blocks.append(Block("curves", Bend(data.curves), (source,), (shape,), shape))
    if np.any(data.shift != 0) or np.any(data.scale != 1):
        shift, scale = np.broadcast_arrays(np.atleast_1d(data.shift), np.atleast_1d(data.scale))
        arrays = {"shift": shift, "scale": scale} if np.any(shift != 0) else {"scale": scale}
        source = blocks[-1].name if blocks else INPUT
        blocks.append(Block("preparation", Standardize(), (source,), (shape,), shape, arrays))
    return blocks
