"""Normalizations."""

from nntrain.export.c.calls.call import Code, Site, call, in_place
from nntrain.export.c.constants import literal
from nntrain.export.c.folding import scale_and_shift
from nntrain.layers.norm import BatchNorm, GroupNorm, LayerNorm, RmsNorm


@in_place.register(BatchNorm)
@in_place.register(LayerNorm)
@in_place.register(RmsNorm)
@in_place.register(GroupNorm)
def _(layer: BatchNorm | LayerNorm | RmsNorm | GroupNorm) -> bool:
    return True


@call.register
def _(layer: BatchNorm, site: Site) -> Code:
    values = scale_and_shift(layer, dict(site.block.arrays))
    scale, shift = (site.array(name, array) for name, array in zip(("scale", "shift"), values, strict=True))
    sizes = f"{site.rows(site.shape)}, {site.shape[-1]}"
    return Code("y = scale * x + shift", (f"scale_shift({site.y}, {site.x}, {scale}, {shift}, {sizes});",))


@call.register
def _(layer: LayerNorm, site: Site) -> Code:
    scale, shift, eps = site.array("scale"), site.array("shift"), literal(layer.eps)
    line = (
        f"layer_norm({site.y}, {site.x}, {scale}, {shift}, {eps}, {site.rows(site.shape)}, {site.shape[-1]});"
    )
    return Code("y = scale * (x - mean) / sqrt(variance + eps) + shift, over the last axis", (line,))


@call.register
def _(layer: RmsNorm, site: Site) -> Code:
    scale, eps = site.array("scale"), literal(layer.eps)
    line = f"rms_norm({site.y}, {site.x}, {scale}, {eps}, {site.rows(site.shape)}, {site.shape[-1]});"
    return Code("y = scale * x / sqrt(mean of x^2 + eps), over the last axis", (line,))


@call.register
def _(layer: GroupNorm, site: Site) -> Code:
    scale, shift, eps = site.array("scale"), site.array("shift"), literal(layer.eps)
    sizes = f"{site.rows(site.shape)}, {site.shape[-1]}, {layer.groups}"
    line = f"group_norm({site.y}, {site.x}, {scale}, {shift}, {eps}, {sizes});"
    return Code("y = scale * (x - mean) / sqrt(variance + eps) + shift, for each group of channels", (line,))
