"""Dense layers, and the preparation of the data."""

import numpy as np

from nntrain.export.c.blocks import Bend, Block, Copy, FillGaps, MarkGaps, Standardize
from nntrain.export.c.calls.call import Code, Site, call, in_place, scratch
from nntrain.layers.dense import Dense
from nntrain.layers.embed_columns import EmbedColumns
from nntrain.layers.maxout import Maxout


@in_place.register(FillGaps)
@in_place.register(Standardize)
@in_place.register(Bend)
def _(layer: FillGaps | Standardize | Bend) -> bool:
    return True


@call.register
def _(layer: Copy, site: Site) -> Code:
    return Code("y = x", (f"copy({site.y}, {site.x}, {site.count(site.shape)});",))


@call.register
def _(layer: MarkGaps, site: Site) -> Code:
    lines = [f"copy({site.y}, {site.x}, {site.count(site.shape)});"]
    lines += [f"{site.y}[{place}] = isnan({site.x}[{place - 1}]) ? 1.0f : 0.0f;" for place in layer.places]
    return Code("y = x, and 1 or 0 where the number before is NaN or not", tuple(lines))


@call.register
def _(layer: FillGaps, site: Site) -> Code:
    fill = site.array("fill")
    return Code(
        "y = x, and fill where x is NaN",
        (f"fill_gaps({site.y}, {site.x}, {fill}, {channels(site, 'fill')});",),
    )


@call.register
def _(layer: Bend, site: Site) -> Code:
    lines = [f"copy({site.y}, {site.x}, {site.count(site.shape)});"] if site.y != site.x else []
    for number, curve in enumerate(layer.curves, 1):
        value = f"{site.y}[{curve.place}]"
        if curve.x:
            x, y = (
                site.array(f"{what}_{number}", np.array(values))
                for what, values in (("knots", curve.x), ("heights", curve.y))
            )
            lines.append(f"{value} = interpolated({value}, {x}, {y}, {len(curve.x)});")
        else:
            lines.append(f"{value} = signed_log({value});")
    return Code("y = x, and the curves of some columns", tuple(lines))


@call.register
def _(layer: Standardize, site: Site) -> Code:
    arrays = site.block.arrays
    if "shift" not in arrays:
        scale = site.array("scale")
        line = f"scale_inputs({site.y}, {site.x}, {scale}, {channels(site, 'scale')});"
        return Code("y = x * scale", (line,))
    shift, scale = (site.array(name, kind="double") for name in ("shift", "scale"))
    line = f"standardize({site.y}, {site.x}, {shift}, {scale}, {channels(site, 'scale')});"
    return Code("y = (x - shift) * scale", (line,))


def channels(site: Site, array: str) -> str:
    """Rows and channels, as arguments; an array of a single value serves all channels."""
    if len(site.block.arrays[array]) == 1:
        return f"{site.count(site.shape)}, 1"
    return f"{site.rows(site.shape)}, {site.shape[-1]}"


@call.register
def _(layer: Dense, site: Site) -> Code:
    weight, bias, shape = site.array("weight"), site.array("bias"), site.shape
    sizes = f"{site.rows(shape)}, {shape[-1]}, {layer.units}"
    formula = "y = x @ weight" + ("" if bias == "NULL" else " + bias")
    return Code(formula, (f"dense({site.y}, {site.x}, {weight}, {bias}, {sizes});",))


@call.register
def _(layer: Maxout, site: Site) -> Code:
    weight, bias, shape = site.array("weight"), site.array("bias"), site.shape
    sizes = f"{site.rows(shape)}, {shape[-1]}, {layer.units}, {layer.pieces}"
    line = f"maxout({site.y}, {site.x}, {weight}, {bias}, {site.scratch}, {sizes});"
    return Code(f"y = max of {layer.pieces} linear functions", (line,))


@scratch.register
def _(layer: Maxout, block: Block) -> int:
    return layer.units * layer.pieces


@call.register
def _(layer: EmbedColumns, site: Site) -> Code:
    features, lines = site.shape[0], []
    if numbers := layer.numbers(features):
        positions = site.array("numbers", np.array(numbers), "int32_t")
        lines.append(f"copy_numbers({site.y}, {site.x}, {positions}, {len(numbers)});")
    for (name, position, start), column in zip(layer.places(features), layer.tables or (), strict=True):
        to = f"{site.y} + {start}" if start else site.y
        sizes = f"{column.categories}, {column.units}"
        lines.append(f"embed_category({to}, {site.x}[{position}], {site.array(name)}, {sizes});")
    return Code("y = the numbers, then the vector of each category", tuple(lines))
