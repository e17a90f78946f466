"""The files of CIFAR: records of one or two label bytes, then three colour planes."""

from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import Field

from nntrain.data.dataset import Dataset, Reader, Splits
from nntrain.data.files.known import KnownArchive
from nntrain.data.files.opening import file_errors
from nntrain.errors import DataError
from nntrain.options import PathName
from nntrain.paths import resolved

SIDE, CHANNELS = 32, 3
PIXELS = SIDE * SIDE * CHANNELS


class CifarFormat(Reader):
    """A data set in the form of CIFAR: files of records for training, and a last one for testing."""

    known: ClassVar[KnownArchive]
    label_bytes: ClassVar[int]

    root: PathName | None = Field(
        None, min_length=1, description="the folder of the files, or of their archive"
    )

    def label(self) -> tuple[int, tuple[str, ...]]:
        """The position of the label among the label bytes, and the names of its classes."""
        raise NotImplementedError

    def load(self, folder: Path) -> Splits:
        *train, test = self.known.paths(resolved(folder, self.root) if self.root is not None else None)
        return Splits(train=self._dataset(train), test=self._dataset([test]))

    def _dataset(self, paths: list[Path]) -> Dataset:
        position, names = self.label()
        records = [read_records(path, self.label_bytes) for path in paths]
        for path, part in zip(paths, records, strict=True):
            wrong = np.flatnonzero(part[:, position] >= len(names))
            if wrong.size:
                raise DataError(
                    f"image {wrong[0] + 1}: expected a label from 0 to {len(names) - 1}. Received: "
                    f"{part[wrong[0], position]}.",
                    place=str(path),
                )
        x = np.empty((sum(map(len, records)), SIDE, SIDE, CHANNELS), np.uint8)
        start = 0
        for part in records:
            planes = part[:, self.label_bytes :].reshape(-1, CHANNELS, SIDE, SIDE)
            x[start : start + len(part)] = planes.transpose(0, 2, 3, 1)
            start += len(part)
        return Dataset(x, np.concatenate([part[:, position] for part in records]).astype(np.int32), names)


def read_records(path: Path, label_bytes: int) -> np.ndarray:
    """(images, label_bytes + 3072) uint8. Raises DataError unless the file holds whole records."""
    size = label_bytes + PIXELS
    with file_errors(str(path), path):
        data = np.fromfile(path, np.uint8)
    if not data.size or data.size % size:
        raise DataError(
            f"expected records of {size:,} bytes, {label_bytes} for the label and {PIXELS:,} for the pixels. Received: "
            f"{data.size:,} bytes, not a whole number of records.",
            "The file is truncated, or of another format.",
            str(path),
        )
    return data.reshape(-1, size)
