"""Image files: read by Pillow as uint8 arrays of one size."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nntrain.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")
SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp")
ORIENTATION, ROTATED = 0x0112, (5, 6, 7, 8)  # EXIF tag, and its values for images rotated by 90 degrees


@dataclass(frozen=True)
class ImageInfo:
    """The size and colour of an image, from its header."""

    height: int
    width: int
    colour: bool


def read_info(path: Path) -> ImageInfo:
    """Raises DataError for a file that is not an image."""
    with opened(path) as image:
        width, height = image.size
        if image.getexif().get(ORIENTATION) in ROTATED:
            height, width = width, height
        return ImageInfo(height, width, not (image.mode in ("1", "L", "LA") or image.mode.startswith("I")))


def read(path: Path, size: tuple[int, int], channels: int) -> np.ndarray:
    """(height, width, channels) uint8: the image upright, resized to `size`; the first of several frames. Raises DataError.

    Transparency is dropped; 16 bits become 8.
    """
    from PIL import Image, ImageOps

    with opened(path) as opened_image:
        image = opened_image
        if image.mode.startswith("I"):
            image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        image = ImageOps.exif_transpose(image).convert("L" if channels == 1 else "RGB")
        if image.size != (size[1], size[0]):
            # Pillow's filters average over all source pixels when they shrink, so there is no aliasing.
            image = image.resize((size[1], size[0]), Image.Resampling.BILINEAR)
        return np.asarray(image).reshape(*size, channels)


@contextmanager
def opened(path: Path) -> Iterator["Image"]:
    """The file, opened by Pillow. Raises DataError, also while its pixels are read."""
    from PIL import Image

    place = str(path)
    try:
        with Image.open(path, formats=FORMATS) as image:
            yield image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise DataError(
            f"expected an image of at most {Image.MAX_IMAGE_PIXELS:,} pixels. Received: a larger one.",
            "Shrink the image, or remove it.",
            place,
        ) from None
    except Image.UnidentifiedImageError:
        raise DataError(
            f"not an image of a supported format ({', '.join(FORMATS)})",
            "Convert the file, or remove it.",
            place,
        ) from None
    except Exception as error:  # corrupt files make Pillow raise many kinds of errors
        reason = getattr(error, "strerror", None) or str(error).rstrip(".") or type(error).__name__
        raise DataError(f"the image is corrupt: {reason}", "Replace the file, or remove it.", place) from None


@contextmanager
def strict_about_size() -> Iterator[None]:
    """Within it, an image with suspiciously many pixels is an error, and Pillow's other warnings are ignored."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield
