"""Images of every mode of Pillow, size, transparency and orientation are read as what they show."""

import os
import tempfile
from pathlib import Path
from unittest import mock

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageCms, ImageMode

from nntrain.data.images import pixels
from nntrain.data.images.form import ImageForm
from nntrain.data.images.image_files import ORIENTATION
from tests.support.images import of
from tests.support.reference import pictures as reference
from tests.support.scale import examples

# The formats that keep each mode as it is, by their suffixes.
FILES = {
    "1": ("bmp", "gif", "pbm", "png", "tif"),
    "L": ("bmp", "gif", "pgm", "png", "tif"),
    "LA": ("png", "tif"),
    "P": ("bmp", "gif", "png", "tif"),
    "RGB": ("bmp", "png", "ppm", "tif", "webp"),
    "RGBA": ("png", "tif", "webp"),
    "CMYK": ("tif",),
    "YCbCr": ("tif",),
    "LAB": ("tif",),
    "I": ("tif",),
    "I;16": ("pgm", "png", "tif"),
    "F": ("tif",),
}
DEEP = {"I": np.int32, "I;16": np.uint16, "F": np.float32}
IN_MEMORY = ("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV", "LAB")
RGB_TO_LAB = ImageCms.buildTransform(
    ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
)
WITH_EXIF = ("png", "tif", "webp")
# How far a value may be from the formula: some conversions of Pillow have tables of integers.
NEAR = {"HSV": 5, "LAB": 6, "YCbCr": 3, "La": 3, "RGBa": 3}
settings_of_modes = settings(
    max_examples=examples(80, 5000),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@st.composite
def images(draw: st.DrawFn, modes: tuple[str, ...]) -> Image.Image:
    """Of random values, and in many cases with transparency."""
    mode = draw(st.sampled_from(modes))
    height, width = draw(st.tuples(*[st.integers(1, 9)] * 2))
    if mode in DEEP:
        span = draw(st.sampled_from([1, 255, 4095, 65535]))
        values = draw(arrays(np.uint16, (height, width), elements=st.integers(0, span)))
        image = Image.fromarray(values.astype(DEEP[mode]))
        assert image.mode == mode
        return image
    if mode in ("LAB", "YCbCr"):  # of which not every value is a colour
        rgb = Image.fromarray(draw(arrays(np.uint8, (height, width, 3), elements=st.integers(70, 190))))
        return ImageCms.applyTransform(rgb, RGB_TO_LAB) if mode == "LAB" else rgb.convert(mode)
    bands = len(ImageMode.getmode(mode).bands)
    shape = (height, width, bands) if bands > 1 else (height, width)
    values = draw(arrays(np.uint8, shape))
    if mode in ("La", "RGBa"):  # no colour is brighter than its opacity
        values[..., :-1] = np.minimum(values[..., :-1], values[..., -1:])
    image = (
        Image.frombytes(mode, (width, height), values.tobytes())
        if mode != "1"
        else Image.fromarray(values > 127)
    )
    if mode in ("P", "PA"):
        image.putpalette(draw(st.binary(min_size=768, max_size=768)))
    if mode in ("L", "RGB", "P") and draw(st.booleans()):
        first = image.getpixel((0, 0))
        image.info["transparency"] = (
            draw(st.binary(min_size=1, max_size=256)) if mode == "P" and draw(st.booleans()) else first
        )
    return image


backgrounds = st.tuples(*[st.integers(0, 255)] * 3)


@settings_of_modes
@given(images(IN_MEMORY), backgrounds, st.sampled_from([1, 3]))
def test_every_mode_becomes_its_colours_over_the_background(image, background, channels):
    expected = reference.over(image, background, channels)
    form = ImageForm(image.height, image.width, channels, background)
    found = np.asarray(pixels.in_bytes(image.copy(), None, form, "x")).reshape(expected.shape)
    assert np.abs(found - expected).max() <= NEAR.get(image.mode, 1.5)


@settings_of_modes
@given(images(tuple(FILES)), backgrounds, st.data())
def test_every_mode_is_written_and_read_back(image, background, data):
    suffix = data.draw(st.sampled_from(FILES[image.mode]))
    transparency = image.info.get("transparency")
    if suffix != "png" and not (suffix == "gif" and isinstance(transparency, int)):
        image.info.pop("transparency", None)
    channels = 3 if image.mode not in ("1", "L", "LA", *DEEP) else data.draw(st.sampled_from([1, 3]))
    orientation = data.draw(st.integers(1, 8)) if suffix in WITH_EXIF else 1
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    options = {"webp": {"lossless": True, "exact": True}}.get(suffix, {})
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.dict(os.environ, NNTRAIN_CACHE=f"{folder}/cache"),
    ):
        for kind in "ab":
            place = Path(folder, "pets", kind, f"x.{suffix}")
            place.parent.mkdir(parents=True)
            image.save(place, **options, **({"exif": exif} if orientation > 1 else {}))
        found = of(Path(folder, "pets"), channels=channels, background=list(background)).train
        x = np.array(found.x, float)
    if image.mode in DEEP:
        values = np.asarray(image).astype(float)
        low, high = found.image_form.range
        assert (low, high) == (values.min(), values.max())
        grey = (values - low) / max(high - low, 1e-9) * 255
        expected = np.repeat(grey[..., None], channels, axis=2)
    else:
        expected = reference.over(image, background, channels)
    for row in x:
        assert np.abs(row - reference.upright(expected, orientation)).max() <= NEAR.get(image.mode, 1.5)
