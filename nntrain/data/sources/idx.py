"""IDX files, the format of MNIST: a magic number, the sizes big-endian, then the values."""

import math
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from nntrain.data.dataset import Dataset, Reader, Splits
from nntrain.data.files.opening import opened
from nntrain.data.finite import require_finite
from nntrain.errors import UserError
from nntrain.options import mistake

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


class Idx(Reader, name="idx"):
    """Images and labels in IDX files, plain or gzip-compressed.

    The classes are the labels that occur, in order. Images of bytes stay bytes, 0 to 255 for 0 to 1.
    """

    example: ClassVar = {"images": "images.idx3", "labels": "labels.idx1"}

    images: str = Field(description="the file of images (count, height, width), with more axes or fewer")
    labels: str = Field(description="the file of their labels")
    test_images: str | None = Field(None, description="the file of images to test with")
    test_labels: str | None = Field(None, description="the file of their labels")
    as_: Literal["image", "vector"] = Field(
        "image", alias="as", description="images (height, width, 1), or vectors"
    )

    @model_validator(mode="after")
    def _test_files_together(self):
        if (self.test_images is None) != (self.test_labels is None):
            raise mistake("expected both `test_images` and `test_labels`. Received one of them.")
        return self

    def load(self, folder: Path) -> Splits:
        files = {"train": (self.images, self.labels)}
        if self.test_images is not None and self.test_labels is not None:
            files["test"] = (self.test_images, self.test_labels)
        return load_pairs(folder, files, self.as_)


def load_pairs(
    folder: Path, files: dict[str, tuple[str, str]], as_: str, classes: tuple[str, ...] | None = None
) -> Splits:
    """Parts from their (images, labels) files. `classes`: their names, by label; None takes the labels that occur."""
    images = {part: _images(read_idx(folder, names[0]), as_) for part, names in files.items()}
    labels = {part: _labels(folder, *names, len(images[part])) for part, names in files.items()}
    occurring = np.unique(np.concatenate(list(labels.values())))
    if classes is not None and (occurring[0] < 0 or occurring[-1] >= len(classes)):
        wrong = occurring[0] if occurring[0] < 0 else occurring[-1]
        part = next(part for part in files if wrong in labels[part])
        raise UserError(f"{files[part][1]}: expected labels from 0 to {len(classes) - 1}. Received: {wrong}.")
    values = np.arange(len(classes)) if classes is not None else occurring
    names = classes or tuple(str(value) for value in values)
    return Splits(
        **{
            part: Dataset(images[part], np.searchsorted(values, labels[part]).astype(np.int32), names)
            for part in files
        }
    )


def read_idx(folder: Path, name: str) -> np.ndarray:
    """The array of an IDX file. Raises UserError for another format, a wrong size, NaN or infinity."""
    with opened(folder, name) as file:
        head = file.read(4)
        if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in TYPES or head[3] == 0:
            raise UserError(
                f"{name}: not an IDX file: expected it to start with 00 00, a type from 08 to 0e and the number of "
                f"axes. Received: {head.hex(' ') or 'an empty file'}."
            )
        sizes = file.read(4 * head[3])
        if len(sizes) < 4 * head[3]:
            raise UserError(f"{name}: the file is cut short within its header.")
        shape = tuple(int(size) for size in np.frombuffer(sizes, ">u4"))
        if 0 in shape:
            raise UserError(f"{name}: the file holds no values: its sizes are {' x '.join(map(str, shape))}.")
        dtype = np.dtype(TYPES[head[2]])
        expected = math.prod(shape) * dtype.itemsize
        data = bytearray()
        while len(data) <= expected and (
            piece := file.read(1 << 20)
        ):  # in pieces: the sizes may promise far too much
            data += piece
    if len(data) != expected:
        came = f"{len(data):,}" if len(data) < expected else "more than that"
        raise UserError(
            f"{name}: expected {expected:,} bytes for {' x '.join(map(str, shape))} values. Received: {came}."
        )
    array = np.frombuffer(data, dtype).reshape(shape)
    require_finite(name, array)
    return array


def _images(array: np.ndarray, as_: str) -> np.ndarray:
    """(count, height, width, channels) or (count, values), as uint8, float32 or float64."""
    if array.dtype != np.uint8:
        array = array.astype(
            np.float32 if array.dtype.itemsize == 4 and array.dtype.kind == "f" else np.float64
        )
    if as_ == "vector" or array.ndim == 1:
        return array.reshape(len(array), -1)
    return array[..., None] if array.ndim == 3 else array


def _labels(folder: Path, images: str, labels: str, count: int) -> np.ndarray:
    """(count,) whole numbers."""
    array = read_idx(folder, labels)
    if array.ndim != 1 or array.dtype.kind == "f":
        raise UserError(
            f"{labels}: expected labels, one axis of whole numbers. "
            f"Received: {array.ndim} of {array.dtype.name}."
        )
    if len(array) != count:
        raise UserError(
            f"{labels}: expected {count} labels, one for each image of {images}. Received: {len(array)}."
        )
    return array.astype(np.int32)
