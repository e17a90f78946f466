"""Quantized: the blocks of a program with dense layers and convolutions in int8.

Weights have a scale for each unit or filter, values between layers one for all, the largest absolute value on training samples
divided by 127; both are symmetric. Sums are int32. A value stays int8 from layer to layer where all that read it take int8; ReLU,
max pooling and views do.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nntrain.export.c.blocks import Block, is_view
from nntrain.export.c.int8.layers import Linear8, MaxPool8, Quantize, Relu8
from nntrain.layers.activations.rectifiers import Relu
from nntrain.layers.conv import Conv1d, Conv2d
from nntrain.layers.dense import Dense
from nntrain.layers.layer import Layer
from nntrain.layers.pool import MaxPool1d, MaxPool2d
from nntrain.network.graph import INPUT

MOST = 127  # of an int8, the same on both sides of 0
MOST_BIAS = 2.0**29  # of an int32, with room for the sum of
MOST_TERMS = 2**30 // MOST**2  # products
LINEAR = (Dense, Conv1d, Conv2d)
KEEPING = (Relu, MaxPool1d, MaxPool2d)  # layers that need no other scale


def quantized(blocks: Sequence[Block], ranges: Mapping[str, float]) -> tuple[list[Block], list[str]]:
    """The blocks, and the names of those with weights that stay float.

    ranges: the largest absolute value of each block's output, and of the data under INPUT.
    """
    readers = {block.name: [other for other in blocks if block.name in other.inputs] for block in blocks}
    whole = _carried(blocks, readers)
    scales = {INPUT: _scale(ranges.get(INPUT, 0.0))}
    for block in blocks:
        keeps = block.inputs[0] in whole and not _is_linear(block)
        scales[block.name] = (
            scales[block.inputs[0]] if keeps else _scale(ranges.get(_measured(block, readers), 0.0))
        )
    kept = [
        block.name
        for block in blocks
        if isinstance(block.layer, Layer) and block.arrays and not _is_linear(block)
    ]
    return list(_blocks(blocks, whole, scales)), kept


def _is_linear(block: Block) -> bool:
    if type(block.layer) not in LINEAR:
        return False
    weight = block.arrays["weight"]
    return bool(weight.size // weight.shape[-1] <= MOST_TERMS)


def _carried(blocks: Sequence[Block], readers: Mapping[str, list[Block]]) -> set[str]:
    """The names of the outputs that stay int8."""
    wanted: set[str] = set()  # by all that read them
    for block in reversed(blocks):
        taken = (_is_linear(one) or (_keeps(one) and one.name in wanted) for one in readers[block.name])
        if readers[block.name] and all(taken):
            wanted.add(block.name)
    found: set[str] = set()
    for block in blocks:
        if block.name in wanted and (_is_linear(block) or (_keeps(block) and block.inputs[0] in found)):
            found.add(block.name)
    return found


def _keeps(block: Block) -> bool:
    return type(block.layer) in KEEPING or is_view(block)


def _measured(block: Block, readers: Mapping[str, list[Block]]) -> str:
    """The output whose range counts: that of the ReLU after it, which removes the negative values."""
    after = readers[block.name]
    return after[0].name if len(after) == 1 and type(after[0].layer) is Relu else block.name


def _scale(largest: float) -> float:
    return largest / MOST if largest > 0 else 1.0


def _blocks(blocks: Sequence[Block], whole: set[str], scales: Mapping[str, float]) -> Iterator[Block]:
    rounded: dict[str, str] = {}  # the int8 version of a float output
    for block in blocks:
        source, shape = block.inputs[0], block.input_shapes[0]
        if _is_linear(block):
            if source not in whole and source not in rounded:
                rounded[source] = f"{source}, in int8"
                yield Block(
                    rounded[source], Quantize(scales[source]), (source,), (shape,), shape, element="int8_t"
                )
            yield _linear(
                block, rounded.get(source, source), scales[source], scales[block.name], block.name in whole
            )
        elif source in whole:
            yield replace(block, layer=_in_int8(block), element="int8_t")
        else:
            yield block


def _in_int8(block: Block) -> Any:
    """The layer that keeps the scale, for int8."""
    if type(block.layer) is Relu:
        return Relu8(block.layer)
    return block.layer if is_view(block) else MaxPool8(block.layer)


def _linear(block: Block, source: str, x_scale: float, y_scale: float, to_int8: bool) -> Block:
    weight = np.asarray(block.arrays["weight"], np.float64)
    weight = np.moveaxis(weight, -1, 0)  # units or filters first: each is a sum over what lies together
    bias = np.asarray(block.arrays.get("bias", np.zeros(len(weight))), np.float64)
    largest = np.abs(weight).reshape(len(weight), -1).max(axis=1)
    scale = np.maximum(largest / MOST, np.abs(bias) / x_scale / MOST_BIAS)
    scale = np.where(scale > 0, scale, 1.0)
    steps = weight / scale.reshape(-1, *[1] * (weight.ndim - 1))
    arrays: dict[str, np.ndarray] = {"weight": np.rint(steps).astype(np.int8)}
    if to_int8:
        multiplier, shift = _fixed_point(scale * x_scale / y_scale)
        arrays |= {
            "bias": np.rint(bias / (scale * x_scale)).astype(np.int32),
            "multiplier": multiplier,
            "shift": shift,
        }
    else:
        arrays |= {"scale": scale * x_scale, "bias": bias}
    return replace(
        block,
        layer=Linear8(block.layer),
        inputs=(source,),
        arrays=arrays,
        element="int8_t" if to_int8 else "float",
    )


def _fixed_point(factor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """factor = multiplier / 2^shift, with 31 bits where the shift allows."""
    _, exponent = np.frexp(factor)  # factor < 2^exponent
    shift = np.clip(31 - exponent, 1, 62)
    multiplier = np.minimum(np.rint(np.ldexp(factor, shift)), 2**31 - 1)
    return multiplier.astype(np.int32), shift.astype(np.int8)
