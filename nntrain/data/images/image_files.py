"""Image files: opened by Pillow, and read as uint8 arrays of one form."""

import hashlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nntrain.data.images import pixels, sixteen
from nntrain.data.images.form import ImageForm
from nntrain.data.images.formats import formats
from nntrain.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

ORIENTATION, ROTATED = 0x0112, (5, 6, 7, 8)  # EXIF tag, and its values for images rotated by 90 degrees
REPLACE = "Replace the file, or remove it."


@dataclass(frozen=True)
class ImageInfo:
    """The size and colour of an image, from its header."""

    height: int
    width: int
    colour: bool
    deep: bool  # more than 8 bits, which are read
    coarse: bool  # 16 bits per channel, of which the upper 8 are read


def read_info(path: Path, sized: bool = True) -> ImageInfo:
    """Raises DataError for a file that is not an image. Without `sized` the size may be that before the image is set upright."""
    with opened(path) as image:
        deep, size = pixels.is_deep(image), image.size
        coarse = not deep and sixteen.is_halved(image)
        # PNG keeps its orientation behind the pixels, so that asking for it reads them all.
        if sized and size[0] != size[1] and image.getexif().get(ORIENTATION) in ROTATED:
            # Pillow turns TIFF itself: the size is already that after it, or not, depending on the version.
            size = pixels.upright(image).size if image.format == "TIFF" else size[::-1]
        return ImageInfo(size[1], size[0], pixels.in_colour(image), deep, coarse)


def read_range(path: Path) -> tuple[float, float]:
    """The smallest and the largest value of an image with more than 8 bits. Raises DataError."""
    with _halves(path, read_content(path)) as (image, lower):
        values = pixels.deep_values(image, lower, str(path))
        if values.ndim == 3:
            values = values[..., :3]  # without transparency
        return float(values.min()), float(values.max())


def read(path: Path, content: bytes, form: ImageForm) -> np.ndarray:
    """(height, width, channels) uint8: the image upright, resized to `form`; the first of several frames. Raises DataError.

    `content` are the bytes of the file `path`.
    """
    from PIL import Image

    with _halves(path, content) as (opened_image, lower):
        image = pixels.in_bytes(opened_image, lower, form, str(path))
        if image.size != (form.width, form.height):
            # Pillow's filters average over all source pixels when they shrink, so there is no aliasing.
            image = image.resize((form.width, form.height), Image.Resampling.BILINEAR)
        return np.asarray(image).reshape(form.shape)


@contextmanager
def _halves(path: Path, content: bytes) -> Iterator[tuple["Image", "Image | None"]]:
    """The image, and the same with the lower halves of its values where Pillow keeps the upper ones only."""
    with opened(path, content) as image:
        if not sixteen.can_be_whole(image):
            yield image, None
            return
        with opened(path, content) as lower:
            sixteen.keep_lower_half(lower)
            yield image, lower


def read_content(path: Path) -> bytes:
    """The bytes of the file. Raises DataError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", place=str(path)) from None


def digest(content: bytes) -> str:
    """A hash that tells apart the contents of files."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


@contextmanager
def opened(path: Path, content: bytes | None = None) -> Iterator["Image"]:
    """The file, or its `content`, opened by Pillow. Raises DataError, also while its pixels are read."""
    from PIL import Image

    place = str(path)
    try:
        # Not the path: Pillow would memory-map some files, and turn TIFF files wrongly.
        with (
            open(path, "rb") if content is None else BytesIO(content) as file,
            Image.open(file, formats=formats()) as image,
        ):
            yield image
    except DataError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise DataError(
            f"expected an image of at most {Image.MAX_IMAGE_PIXELS:,} pixels. Received: a larger one.",
            "Shrink the image, or remove it.",
            place,
        ) from None
    except Image.UnidentifiedImageError:
        raise DataError(
            "not an image of a supported format, such as PNG, JPEG or TIFF",
            "Convert the file, or remove it.",
            place,
        ) from None
    except MemoryError:
        raise DataError("the image does not fit into memory", "Shrink the image.", place) from None
    except FileNotFoundError:
        raise DataError("no such file", place=place) from None
    except Exception as error:  # corrupt files make Pillow raise many kinds of errors
        reason = getattr(error, "strerror", None) or str(error).rstrip(".") or type(error).__name__
        raise DataError(f"the image is corrupt: {reason}", REPLACE, place) from None


@contextmanager
def strict_about_size() -> Iterator[None]:
    """Within it, an image with suspiciously many pixels is an error, and Pillow's other warnings are ignored."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield
