"""Blocks: what the C file computes in order: the preparation of the data, the layers, and what makes the outcome of the last one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from nntrain.data.tables.curves import Curve
from nntrain.data.tables.features import indicators
from nntrain.export.c.folding import folded
from nntrain.export.program import Program
from nntrain.layers.context import Shape
from nntrain.losses.outcome import Scaled
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
    for function in program.outcome.functions:
        if isinstance(function, Scaled):
            block = Block(
                "outputs in the unit of the targets",
                Standardize(),
                (output,),
                (shape,),
                shape,
                inverse(function),
            )
        else:
            after = (*shape[:-1], 2) if function in ("two_classes", "side") else shape
            block = Block(f"outcome {function}", Function(function), (output,), (shape,), after)
        blocks.append(block)
        output, shape = block.name, block.shape
    if all(is_view(block) for block in blocks):
        blocks.append(Block("copy", Copy(), (output,), (shape,), shape))
    return blocks


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
