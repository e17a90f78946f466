"""Pixels: an image of any mode of Pillow as bytes, grey or RGB, upright and opaque."""

from typing import TYPE_CHECKING

import numpy as np

from nntrain.data.images.form import ImageForm
from nntrain.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

WITH_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
SIXTEEN_BITS = (0.0, 65535.0)


def is_deep(image: "Image") -> bool:
    """Whether its values have more than 8 bits: 16 or 32, or floats. They are grey."""
    return image.mode == "F" or image.mode.startswith("I")


def in_colour(image: "Image") -> bool:
    return not (is_deep(image) or image.mode in ("1", "L", "LA", "La"))


def upright(image: "Image") -> "Image":
    """The same image, turned as its EXIF orientation says."""
    from PIL import ImageOps

    ImageOps.exif_transpose(image, in_place=True)
    return image


def deep_values(image: "Image", place: str) -> np.ndarray:
    """(height, width): the values of an image with more than 8 bits. Raises DataError for NaN and infinity."""
    values = np.asarray(image)
    if not np.isfinite(values).all():
        raise DataError("the image has values that are not finite numbers", "Replace the file.", place)
    return values


def in_bytes(image: "Image", form: ImageForm, place: str) -> "Image":
    """The image upright, opaque, and of the channels of `form`; of its own size. Raises DataError."""
    image = upright(image)
    if is_deep(image):
        image = _scaled(image, form, place)
    elif image.mode in WITH_ALPHA or "transparency" in image.info:
        image = _over_background(image, form)
    if image.mode == "LAB":
        image = _from_lab(image)
    mode = "L" if form.channels == 1 else "RGB"
    return image if image.mode == mode else image.convert(mode)  # which copies


def _scaled(image: "Image", form: ImageForm, place: str) -> "Image":
    """Values from the lower to the upper end of `form.range` as 0 to 255, those outside cut off."""
    from PIL import Image

    values = deep_values(image, place)
    low, high = form.range or SIXTEEN_BITS
    if form.range is None and (image.mode == "F" or values.min() < low or values.max() > high):
        raise DataError(
            "expected 8 or 16 bits per value, as in training. Received: 32 bits.",
            "Convert the image to 8 bits.",
            place,
        )
    if low == high:
        scaled = np.where(values > high, 255.0, 0.0)
    else:
        scaled = np.clip((values.astype(np.float64) - low) / (high - low) * 255 + 0.5, 0, 255)
    result = Image.fromarray(scaled.astype(np.uint8))
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        result = result.convert("RGB")
        result.paste(form.background, mask=Image.fromarray((values == transparent).astype(np.uint8) * 255))
    return result


def _over_background(image: "Image", form: ImageForm) -> "Image":
    from PIL import Image

    transparent = image.info.get("transparency")
    if isinstance(transparent, tuple) and max(transparent) > 255:  # of 16 bits; Pillow read the upper 8
        image.info["transparency"] = tuple(value >> 8 for value in transparent)
    base = Image.new("RGBA", image.size, (*form.background, 255))
    return Image.alpha_composite(base, image.convert("RGBA"))


def _from_lab(image: "Image") -> "Image":
    from PIL import ImageCms

    transform = ImageCms.buildTransform(
        ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB"
    )
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None  # not in place
    return converted
