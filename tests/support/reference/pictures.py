"""The colours of images of each mode of Pillow by slow, obvious formulas."""

import colorsys

import numpy as np
from PIL import Image

# CIE XYZ of the white point D50, and from there to linear sRGB (Bradford adaptation; Lindbloom, RGB/XYZ Matrices).
D50 = np.array([0.9642, 1.0, 0.8249])
XYZ_TO_RGB = np.array(
    [
        [3.1338561, -1.6168667, -0.4906146],
        [-0.9787684, 1.9161415, 0.0334540],
        [0.0719453, -0.2289914, 1.4052427],
    ]
)
GREY = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601


def colours(image: Image.Image) -> tuple[np.ndarray, np.ndarray]:
    """Red, green and blue (height, width, 3) from 0 to 255, and the opacity (height, width) from 0 to 1."""
    values = np.asarray(image).astype(float)
    mode = image.mode
    opaque = np.ones(values.shape[:2])
    if mode in ("LA", "RGBA"):
        values, opaque = values[..., :-1], values[..., -1] / 255
    if mode in ("La", "RGBa"):  # multiplied by the opacity
        opaque = values[..., -1] / 255
        values = values[..., :-1] / np.where(opaque == 0, 1, opaque)[..., None]
    if mode in ("P", "PA"):
        index = (values if mode == "P" else values[..., 0]).astype(int)
        opaque = opaque if mode == "P" else values[..., 1] / 255
        values = np.array(image.getpalette("RGB"), float).reshape(-1, 3)[index]
    functions = {"CMYK": _from_cmyk, "YCbCr": _from_ycbcr, "HSV": _from_hsv, "LAB": _from_lab}
    if mode in functions:
        values = functions[mode](values)
    if mode == "1":
        values = values * 255
    if values.ndim == 2 or values.shape[2] == 1:
        values = np.repeat(values.reshape(*values.shape[:2], 1), 3, axis=2)
    transparent = image.info.get("transparency")
    if isinstance(transparent, bytes):  # of each palette entry
        opaque = np.array([*transparent, *[255] * 256])[index] / 255
    elif transparent is not None:
        same = (
            index == transparent
            if mode == "P"
            else (np.asarray(image).reshape(*opaque.shape, -1) == transparent).all(-1)
        )
        opaque = np.where(same, 0.0, opaque)
    return values[..., :3], opaque


def over(image: Image.Image, background: tuple[int, int, int], channels: int) -> np.ndarray:
    """(height, width, channels) from 0 to 255: the image over a background."""
    rgb, opaque = colours(image)
    mixed = rgb * opaque[..., None] + np.array(background) * (1 - opaque[..., None])
    return mixed if channels == 3 else (mixed @ GREY)[..., None]


def upright(values: np.ndarray, orientation: int) -> np.ndarray:
    """As the EXIF orientation says."""
    turned = {
        2: values[:, ::-1],
        3: values[::-1, ::-1],
        4: values[::-1],
        5: values.swapaxes(0, 1),
        6: np.rot90(values, -1),
        7: values[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(values, 1),
    }
    return turned.get(orientation, values)


def _from_cmyk(values: np.ndarray) -> np.ndarray:
    return (255 - values[..., :3]) * (255 - values[..., 3:]) / 255


def _from_ycbcr(values: np.ndarray) -> np.ndarray:
    y, cb, cr = np.moveaxis(values, -1, 0)
    red, blue = y + 1.402 * (cr - 128), y + 1.772 * (cb - 128)
    green = (y - GREY[0] * red - GREY[2] * blue) / GREY[1]
    return np.clip(np.stack([red, green, blue], axis=-1), 0, 255)


def _from_hsv(values: np.ndarray) -> np.ndarray:
    return 255 * np.apply_along_axis(lambda pixel: colorsys.hsv_to_rgb(*pixel / 255), -1, values)


def _from_lab(values: np.ndarray) -> np.ndarray:
    light, a, b = np.moveaxis(values, -1, 0)
    light = light * 100 / 255
    a, b = (np.where(part > 127, part - 256, part) for part in (a, b))  # NumPy gets their bytes with a sign
    y = (light + 16) / 116
    f = np.stack([y + a / 500, y, y - b / 200], axis=-1)
    xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * D50
    linear = np.clip(xyz @ XYZ_TO_RGB.T, 0, 1)
    return 255 * np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)
