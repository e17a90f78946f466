"""Layers that merge several inputs or move values."""

import math

from nntrain.export.c.blocks import Cut
from nntrain.export.c.calls.call import Code, Site, call, in_place
from nntrain.layers.merge import Add, Concat, Multiply
from nntrain.layers.shape import Permute

SIGNS = {Add: "+", Multiply: "*"}


@in_place.register(Add)
@in_place.register(Multiply)
def _(layer: Add | Multiply) -> bool:
    return True


@call.register(Add)
@call.register(Multiply)
def _(layer: Add | Multiply, site: Site) -> Code:
    function, count = layer.yaml_name, site.count(site.shape)
    first, second, *others = site.xs
    pairs = [(first, second), *((site.y, other) for other in others)]
    names = f" {SIGNS[type(layer)]} ".join(f"x{number}" for number in range(1, len(site.xs) + 1))
    lines = (f"{function}({site.y}, {left}, {right}, {count});" for left, right in pairs)
    return Code(f"y = {names}", tuple(lines))


@call.register
def _(layer: Concat, site: Site) -> Code:
    lines, start, wide = [], 0, site.block.shape[-1]
    for x, shape in zip(site.xs, site.block.input_shapes, strict=True):
        place = f"{site.y} + {start}" if start else site.y
        lines.append(f"copy_columns({place}, {x}, {site.rows(shape)}, {shape[-1]}, {wide});")
        start += shape[-1]
    return Code("y = the inputs side by side", tuple(lines))


@call.register
def _(layer: Cut, site: Site) -> Code:
    count, place = site.block.shape[-1], f"{site.x} + {layer.start}" if layer.start else site.x
    formula = (
        f"y = x[{layer.start}] to x[{layer.start + count - 1}]" if count > 1 else f"y = x[{layer.start}]"
    )
    return Code(formula, (f"copy_columns({site.y}, {place}, 1, {count}, {count});",))


@call.register
def _(layer: Permute, site: Site) -> Code:
    shape, axes = site.block.shape, [axis - 1 for axis in layer.axes]
    strides = [math.prod(site.shape[axis + 1 :]) for axis in axes]
    indices = [f"i{axis}" for axis in range(len(axes))]
    lines = []
    for depth, (index, size) in enumerate(zip(indices, shape, strict=True)):
        end = "steps" if site.steps and depth == 0 else size
        lines.append(f"{'    ' * depth}for (int {index} = 0; {index} < {end}; {index}++)")
    weights = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    to = " + ".join(f"{index} * {weight}" for index, weight in zip(indices, weights, strict=True))
    source = " + ".join(f"{index} * {stride}" for index, stride in zip(indices, strides, strict=True))
    lines.append(f"{'    ' * len(axes)}{site.y}[{to}] = {site.x}[{source}];")
    return Code(f"y = x with its axes in the order {', '.join(map(str, layer.axes))}", tuple(lines))
