"""Encodings of numbers, and the cumulative link."""

import numpy as np

from nntrain.export.c.calls.call import Code, Site, call
from nntrain.layers.cumulative_link import CumulativeLink, thresholds
from nntrain.layers.encodings import PeriodicEncoding, PiecewiseLinearEncoding


@call.register
def _(layer: PiecewiseLinearEncoding, site: Site) -> Code:
    sizes = f"{site.rows(site.shape)}, {site.shape[-1]}, {layer.encoded(site.shape)}, {layer.bins}"
    line = f"piecewise_linear({site.y}, {site.x}, {site.array('edges')}, {sizes});"
    return Code(
        "y = (x - a) / (b - a) for each bin from a to b, within 0 and 1 but for the outer bins", (line,)
    )


@call.register
def _(layer: PeriodicEncoding, site: Site) -> Code:
    frequency = site.block.arrays["frequency"]
    angular = site.array("angular", frequency.dtype.type(2 * np.pi) * frequency)
    sizes = f"{site.rows(site.shape)}, {site.shape[-1]}, {layer.frequencies}"
    return Code(
        "y = (sin(2 pi c x), cos(2 pi c x)) for each frequency c",
        (f"periodic({site.y}, {site.x}, {angular}, {sizes});",),
    )


@call.register
def _(layer: CumulativeLink, site: Site) -> Code:
    found = site.array("thresholds", thresholds(site.block.arrays["threshold"]))
    line = f"cumulative_link({site.y}, {site.x}, {found}, {site.rows(site.shape)}, {layer.classes});"
    return Code("y = log(sigmoid(t_k - x) - sigmoid(t_(k-1) - x)) for thresholds t", (line,))
