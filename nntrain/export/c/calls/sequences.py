"""Layers of sequences: embedding, recurrent layers, attention, positions, a layer for each step."""

import math
from dataclasses import replace

import numpy as np

from nntrain.export.c.blocks import Block
from nntrain.export.c.calls.call import Code, Site, call, code_of, in_place, scratch
from nntrain.layers.attention import MultiHeadAttention
from nntrain.layers.embedding import Embedding
from nntrain.layers.positions import LearnedPositions, PositionalEncoding, Positions, positions, rotations
from nntrain.layers.recurrent import Gru, Lstm, Recurrent, SimpleRnn
from nntrain.layers.time_distributed import TimeDistributed

SCRATCH_UNITS = {SimpleRnn: 2, Lstm: 6, Gru: 7}  # floats per unit, as helpers.c says
DOUBLE = np.dtype(np.float64)


@call.register
def _(layer: Embedding, site: Site) -> Code:
    weight = site.array("weight")
    vocabulary = site.block.arrays["weight"].shape[0]
    steps = "steps" if site.steps else str(math.prod(site.shape))
    line = f"embedding({site.y}, {site.x}, {weight}, {steps}, {vocabulary}, {layer.units});"
    return Code("y = the token's row of weight", (line,))


@scratch.register
def _(layer: Recurrent, block: Block) -> int:
    return SCRATCH_UNITS[type(layer)] * layer.units


@call.register
def _(layer: SimpleRnn, site: Site) -> Code:
    formula = f"h = {layer.activation}(x @ weight + h @ recurrent_weight + bias)"
    return recurrent(site, "simple_rnn", formula, [int(layer.activation == "relu")])


@call.register
def _(layer: Lstm, site: Site) -> Code:
    formula = "c = f * c + i * g, h = o * tanh(c); i f g o = x @ weight + h @ recurrent_weight + bias"
    return recurrent(site, "lstm", formula)


@call.register
def _(layer: Gru, site: Site) -> Code:
    formula = "h = (1 - z) * n + z * h; r z n = x @ weight + bias + h @ recurrent_weight, n's state by r"
    return recurrent(site, "gru", formula)


def recurrent(site: Site, function: str, formula: str, options: list[int] | None = None) -> Code:
    layer: Recurrent = site.layer
    arrays = ["weight", "recurrent_weight", "bias"] + ["recurrent_bias"] * isinstance(layer, Gru)
    sizes = [site.first(site.shape), site.shape[1], layer.units, *(options or [])]
    arguments = [site.y, site.x, *map(site.array, arrays), site.scratch, *sizes]
    arguments += [int(layer.reverse), int(layer.return_sequences)]
    order = ", from the last step to the first" if layer.reverse else ""
    return Code(formula + order, (f"{function}({', '.join(map(str, arguments))});",))


@scratch.register
def _(layer: MultiHeadAttention, block: Block) -> int:
    steps, features = block.input_shapes[0]
    return steps * 4 * features + steps


@call.register
def _(layer: MultiHeadAttention, site: Site) -> Code:
    arrays = [*map(site.array, ("weight", "bias", "output_weight", "output_bias"))]
    function, more = "multi_head_attention", ""
    if layer.rotary:
        steps, features = site.shape
        size = features // layer.heads
        table = rotations(steps, size, layer.rotary_base, np.dtype(np.float32))
        function, more = "rotary_attention", ", with rotary positions"
        arrays.append(site.array("rotations", table))
    sizes = (site.first(site.shape), site.shape[1], layer.heads, int(layer.causal))
    arguments = ", ".join(map(str, (site.y, site.x, *arrays, site.scratch, *sizes)))
    causal = more + (", over the steps up to its own" if layer.causal else "")
    formula = f"y = softmax(q k^T / sqrt(size)) v @ output_weight + output_bias for each step{causal}"
    return Code(formula, (f"{function}({arguments});",))


@in_place.register
def _(layer: Positions) -> bool:
    return True


@call.register
def _(layer: PositionalEncoding, site: Site) -> Code:
    return add_positions(site, positions(*site.shape, layer.base, DOUBLE))


@call.register
def _(layer: LearnedPositions, site: Site) -> Code:
    return add_positions(site, site.block.arrays["weight"])


def add_positions(site: Site, values: np.ndarray) -> Code:
    table = site.array("positions", values)
    return Code("y = x + positions", (f"add({site.y}, {site.x}, {table}, {site.count(site.shape)});",))


def of_step(block: Block) -> Block:
    """What time_distributed computes for one step."""
    return replace(
        block, layer=block.layer.layer, input_shapes=(block.input_shapes[0][1:],), shape=block.shape[1:]
    )


@scratch.register
def _(layer: TimeDistributed, block: Block) -> int:
    return scratch(layer.layer, of_step(block))


@in_place.register
def _(layer: TimeDistributed) -> bool:
    return in_place(layer.layer)


@call.register
def _(layer: TimeDistributed, site: Site) -> Code | None:
    inner = of_step(site.block)
    y = f"({site.y} + t * {math.prod(inner.shape)})"
    x = f"({site.x} + t * {math.prod(inner.input_shapes[0])})"
    code = code_of(layer.layer, replace(site, block=inner, y=y, xs=(x,), steps=False))
    if code is None:
        return None
    loop = f"for (int t = 0; t < {site.first(site.shape)}; t++) {{"
    body = (f"    {line}" for line in code.lines)
    return Code(f"for each step: {code.formula}", (loop, *body, "}"))
