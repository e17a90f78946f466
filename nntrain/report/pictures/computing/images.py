"""Images: which data are images, and their samples as images to show."""

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nntrain.data.dataset import Dataset

SMALLEST = 5  # pixels along the side of a vector that is taken as an image
LOOKED_AT = 256  # samples


def image_shape(data: "Dataset") -> tuple[int, int, int] | None:
    """(height, width, channels) of images; None for other data.

    A vector is an image if it has a square number of values from 0 to 1, without names, as those of the packaged digits.
    """
    from nntrain.data.sequences.windows import Windows

    shape = data.input_shape
    if data.vocabulary or isinstance(data.x, Windows):
        return None
    if len(shape) == 3:
        return shape[0], shape[1], shape[2]
    if len(shape) != 1 or data.feature_names:
        return None
    side = math.isqrt(shape[0])
    if side**2 != shape[0] or side < SMALLEST:
        return None
    some = np.asarray(data.x[:LOOKED_AT])
    brightness = data.is_bytes or (some.min() >= 0 and some.max() <= 1)
    return (side, side, 1) if brightness else None


def as_images(data: "Dataset", indices: np.ndarray) -> np.ndarray:
    """(samples, height, width, 1 or 3) in [0, 1]: samples of data that are images; of other numbers of channels the mean."""
    shape = image_shape(data)
    assert shape is not None
    images = np.asarray(data.x[indices], np.float64).reshape(-1, *shape)
    if shape[2] not in (1, 3):
        images = images.mean(axis=3, keepdims=True)
    low, high = (0.0, 255.0) if data.is_bytes else (min(images.min(), 0.0), max(images.max(), 1.0))
    return (images - low) / (high - low)


def plain(image: np.ndarray) -> np.ndarray:
    """An image as matplotlib shows it: (rows, columns, 3), or (rows, columns) for one channel."""
    return image if image.shape[-1] == 3 else image[..., 0]
