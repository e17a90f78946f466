"""Dense layers, and the preparation of the data."""

from nntrain.export.c.blocks import Block, Copy, FillGaps, Standardize
from nntrain.export.c.calls.call import Code, Site, call, in_place, scratch
from nntrain.layers.dense import Dense
from nntrain.layers.maxout import Maxout


@in_place.register(FillGaps)
@in_place.register(Standardize)
def _(layer: FillGaps | Standardize) -> bool:
    return True


@call.register
def _(layer: Copy, site: Site) -> Code:
    return Code("y = x", (f"copy({site.y}, {site.x}, {site.count(site.shape)});",))


@call.register
def _(layer: FillGaps, site: Site) -> Code:
    fill = site.array("fill")
    return Code(
        "y = x, and fill where x is NaN",
        (f"fill_gaps({site.y}, {site.x}, {fill}, {channels(site, 'fill')});",),
    )


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
