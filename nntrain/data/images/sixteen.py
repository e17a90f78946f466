"""Sixteen bits per channel: of images in colour Pillow keeps the upper half of each value; this finds the lower half."""

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

# With the other order of bytes a decoder keeps the other half. N is the order of this machine.
OTHER_ORDER = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}


def is_halved(image: "Image") -> bool:
    """Whether Pillow will drop the lower half of its values."""
    deep = image.mode == "F" or image.mode.startswith("I")
    return not deep and any(";16" in mode for mode in _raw_modes(image))


def can_be_whole(image: "Image") -> bool:
    """Whether `whole` finds the lower half too."""
    known = {f"{image.mode};16{order}" for order in OTHER_ORDER}
    return image.mode in ("RGB", "RGBA") and bool(modes := _raw_modes(image)) and modes <= known


def keep_lower_half(image: "Image") -> None:
    """Makes an image that is not loaded yet keep the lower half of its values instead of the upper."""
    untyped: Any = image
    untyped.tile = [_other(tile) for tile in untyped.tile]


def whole(upper: "Image", lower: "Image") -> np.ndarray:
    """(height, width, channels) uint16."""
    return np.asarray(upper).astype(np.uint16) << 8 | np.asarray(lower)


def _other(tile: Any) -> Any:
    """The tile with the other order of bytes in the arguments of its decoder."""
    arguments = tile[3]
    mode = _raw_mode(arguments)
    mode = mode[:-1] + OTHER_ORDER[mode[-1]]
    changed = (mode, *arguments[1:]) if isinstance(arguments, tuple) else mode
    return tile._replace(args=changed) if hasattr(tile, "_replace") else (*tile[:3], changed)


def _raw_modes(image: "Image") -> set[str]:
    return {_raw_mode(tile[3]) for tile in getattr(image, "tile", ())}


def _raw_mode(arguments: Any) -> str:
    """How a tile's pixels are stored, such as RGB;16B, from the arguments for its decoder."""
    return str(arguments[0] if isinstance(arguments, tuple) and arguments else arguments)
