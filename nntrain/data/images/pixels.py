"""Pixels: an image of any mode of Pillow as bytes, grey or RGB, upright and opaque."""

from typing import TYPE_CHECKING

import numpy as np

from nntrain.data.images import sixteen
from nntrain.data.images.form import ImageForm
from nntrain.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

WITH_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
SIXTEEN_BITS = (0.0, 65535.0)


def is_deep(image: "Image") -> bool:
    """Whether its values are read with more than 8 bits: grey of 16 or 32 bits or floats, colours of 16 bits."""
    return _is_deep_grey(image) or sixteen.can_be_whole(image)


def _is_deep_grey(image: "Image") -> bool:
    return image.mode == "F" or image.mode.startswith("I")


def in_colour(image: "Image") -> bool:
    return not (_is_deep_grey(image) or image.mode in ("1", "L", "LA", "La"))


def upright(image: "Image") -> "Image":
    """The same image, turned as its EXIF orientation says."""
    from PIL import ImageOps

    ImageOps.exif_transpose(image, in_place=True)
    return image


def deep_values(image: "Image", lower: "Image | None", place: str) -> np.ndarray:
    """(height, width), or (height, width, channels): the values of an image with more than 8 bits.

    `lower` has the lower halves of the values. Raises DataError for NaN and infinity.
    """
    values = np.asarray(image) if lower is None else sixteen.whole(image, lower)
    if not np.isfinite(values).all():
        raise DataError("the image has values that are not finite numbers", "Replace the file.", place)
    return values


def in_bytes(image: "Image", lower: "Image | None", form: ImageForm, place: str) -> "Image":
    """The image upright, opaque, and of the channels of `form`; of its own size. Raises DataError."""
    image = upright(image)
    if _is_deep_grey(image) or lower is not None:
        values = deep_values(image, None if lower is None else upright(lower), place)
        image = _scaled(values, image.info.get("transparency"), form, place)
    elif image.mode in WITH_ALPHA or "transparency" in image.info:
        image = _over_background(image, form)
    if image.mode == "LAB":
        image = _from_lab(image)
    mode = "L" if form.channels == 1 else "RGB"
    return image if image.mode == mode else image.convert(mode)  # which copies


def _scaled(values: np.ndarray, transparent: object, form: ImageForm, place: str) -> "Image":
    """Values from the lower to the upper end of `form.range` as 0 to 255, those outside cut off; over the background.

    `transparent` is the value that a PNG declares transparent.
    """
    from PIL import Image

    opaque: np.ndarray | None = None  # 0 to 255
    if values.ndim == 3 and values.shape[2] == 4:
        values, opaque = values[..., :3], (values[..., 3] >> 8).astype(np.uint8)
    elif isinstance(transparent, (int, tuple)):
        differs = values != np.asarray(transparent)
        opaque = (differs if values.ndim == 2 else differs.any(axis=2)).astype(np.uint8) * 255
    low, high = form.range or SIXTEEN_BITS
    if form.range is None and (values.dtype.kind == "f" or values.min() < low or values.max() > high):
        raise DataError(
            "expected 8 or 16 bits per value, as in training. Received: 32 bits.",
            "Convert the image to 8 bits.",
            place,
        )
    if low == high:
        scaled = np.where(values > high, 255.0, 0.0)
    else:
        scaled = values.astype(np.float64)
        scaled -= low  # in place: images can be large
        scaled /= high - low
        scaled *= 255
        np.clip(scaled + 0.5, 0, 255, out=scaled)
    result = Image.fromarray(scaled.astype(np.uint8))
    if opaque is not None:
        result = result.convert("RGB")
        result.paste(form.background, mask=Image.fromarray(255 - opaque))
    return result


def _over_background(image: "Image", form: ImageForm) -> "Image":
    from PIL import Image

    base = Image.new("RGBA", image.size, (*form.background, 255))
    if image.mode == "La":  # which becomes nothing else
        image = image.convert("LA")
    return Image.alpha_composite(base, image.convert("RGBA"))


def _from_lab(image: "Image") -> "Image":
    from PIL import ImageCms

    transform = ImageCms.buildTransform(
        ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB"
    )
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None  # not in place
    return converted
