"""Pairs of IDX files, images and labels, as splits; and the readers of data sets in the form of MNIST."""

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from nntrain.data.dataset import Dataset, Reader, Splits
from nntrain.data.files.idx import read_idx
from nntrain.data.files.known import KnownFiles
from nntrain.errors import DataError
from nntrain.options import PathName
from nntrain.paths import resolved

Layout = Literal["image", "vector"]


def load_pairs(
    folder: Path, files: dict[str, tuple[str, str]], layout: Layout, classes: tuple[str, ...] | None = None
) -> Splits:
    """Splits from their (images, labels) files. `classes`: names by label; None: the labels that occur, in order."""
    images = {part: _images(read_idx(folder, names[0]), layout) for part, names in files.items()}
    labels = {part: _labels(folder, *names, len(images[part])) for part, names in files.items()}
    occurring = np.unique(np.concatenate(list(labels.values())))
    if classes is not None and (occurring[0] < 0 or occurring[-1] >= len(classes)):
        wrong = occurring[0] if occurring[0] < 0 else occurring[-1]
        part = next(part for part in files if wrong in labels[part])
        raise DataError(
            f"expected labels from 0 to {len(classes) - 1}. Received: {wrong}.", place=files[part][1]
        )
    values = np.arange(len(classes)) if classes is not None else occurring
    names = classes or tuple(str(value) for value in values)
    return Splits(
        **{
            part: Dataset(images[part], np.searchsorted(values, labels[part]).astype(np.int32), names)
            for part in files
        }
    )


def _images(array: np.ndarray, layout: Layout) -> np.ndarray:
    """(count, height, width, channels) or (count, values), as uint8, float32 or float64."""
    if array.dtype != np.uint8:
        single = array.dtype.itemsize == 4 and array.dtype.kind == "f"
        array = array.astype(np.float32 if single else np.float64)
    if layout == "vector" or array.ndim == 1:
        return array.reshape(len(array), -1)
    return array[..., None] if array.ndim == 3 else array


def _labels(folder: Path, images: str, labels: str, count: int) -> np.ndarray:
    """(count,) int32."""
    array = read_idx(folder, labels)
    if array.ndim != 1 or array.dtype.kind == "f":
        raise DataError(
            f"expected labels (count,) of whole numbers. Received: {array.dtype.name} of shape {array.shape}.",
            place=labels,
        )
    if len(array) != count:
        raise DataError(
            f"expected {count:,} labels, one per image of {images}. Received: {len(array):,}.", place=labels
        )
    return array.astype(np.int32)


class MnistFormat(Reader):
    """A data set in the form of MNIST: four IDX files, images and labels for training and for testing."""

    known: ClassVar[KnownFiles]
    names: ClassVar[tuple[str, ...]]  # of the classes

    as_: Layout = Field("image", alias="as", description="28 x 28 x 1 images, or vectors of 784 values")
    root: PathName | None = Field(None, min_length=1, description="the folder of the four files")

    def load(self, folder: Path) -> Splits:
        root = resolved(folder, self.root) if self.root is not None else None
        train_x, train_y, test_x, test_y = map(str, self.known.paths(root))
        return load_pairs(
            folder, {"train": (train_x, train_y), "test": (test_x, test_y)}, self.as_, self.names
        )
