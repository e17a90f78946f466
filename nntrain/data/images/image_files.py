"""Image files: what Pillow reads, as arrays of bytes of one size."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nntrain.errors import UserError

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")
SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp")
ORIENTATION, TURNED = 0x0112, (5, 6, 7, 8)  # a tag of EXIF, and its values for images on their side


@dataclass(frozen=True)
class Look:
    """What a file says of its image, before its pixels are read."""

    height: int
    width: int
    colour: bool


def look(path: Path) -> Look:
    """Raises UserError for a file that is no image."""
    with opened(path) as image:
        width, height = image.size
        if image.getexif().get(ORIENTATION) in TURNED:
            height, width = width, height
        return Look(height, width, not (image.mode in ("1", "L", "LA") or image.mode.startswith("I")))


def read(path: Path, size: tuple[int, int], channels: int) -> np.ndarray:
    """(height, width, channels) uint8: the image upright, stretched to `size`; of several its first. Raises UserError.

    Transparency is dropped; 16 bits become 8.
    """
    from PIL import Image, ImageOps

    with opened(path) as image:
        if image.mode.startswith("I"):
            image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        image = ImageOps.exif_transpose(image).convert("L" if channels == 1 else "RGB")
        if image.size != (size[1], size[0]):
            image = image.resize(
                (size[1], size[0]), Image.Resampling.BILINEAR
            )  # over all pixels below one, so without moiré
        return np.asarray(image).reshape(*size, channels)


@contextmanager
def opened(path: Path) -> Iterator["Image"]:
    """The file as Pillow sees it. Raises UserError, also while its pixels are read."""
    from PIL import Image

    try:
        with Image.open(path, formats=FORMATS) as image:
            yield image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UserError(
            f"{path}: expected an image of at most {Image.MAX_IMAGE_PIXELS:,} pixels. Received: a larger one. "
            "Make it smaller, or remove it."
        ) from None
    except Image.UnidentifiedImageError:
        raise UserError(
            f"{path}: this is no image of a kind that can be read ({', '.join(FORMATS)}). Remove it, or convert "
            "it."
        ) from None
    except Exception as error:  # what a broken file makes Pillow raise is of many kinds
        reason = getattr(error, "strerror", None) or str(error).rstrip(".") or type(error).__name__
        raise UserError(f"{path}: the image is broken: {reason}. Remove it, or get it anew.") from None


@contextmanager
def strict_about_size() -> Iterator[None]:
    """Within it, an image of suspiciously many pixels is an error; of what else Pillow finds odd nothing is said."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield
