"""NumPy's files as sources: .npz with the arrays of samples and targets, or two .npy files."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from nntrain.data.arrays import ArrayReader
from nntrain.data.dataset import Splits
from nntrain.data.npy import read_npy, read_npz


class Npz(ArrayReader, name="npz"):
    """Samples and targets in one .npz file of NumPy.

    What `numpy.savez` wrote uncompressed stays on the disk where its bytes are aligned; `npy` is surer for very large data.
    """

    example: ClassVar = {"path": "measurements.npz"}

    path: str = Field(min_length=1, description="the file")
    x: str = Field("x", description="the name of the array of samples (count, ...)")
    target: str = Field("y", description="the name of the array of targets (count,), (count, outputs) or (count, steps)")

    def load(self, folder: Path) -> Splits:
        x, target = read_npz(folder, self.path, (self.x, self.target))
        return Splits(self.dataset(f"{self.path}: {self.x}", x, f"{self.path}: {self.target}", target))


class Npy(ArrayReader, name="npy"):
    """Samples and targets in two .npy files of NumPy, which may be larger than the memory."""

    example: ClassVar = {"x": "samples.npy", "target": "targets.npy"}

    x: str = Field(min_length=1, description="the file of samples (count, ...)")
    target: str = Field(min_length=1, description="the file of targets (count,), (count, outputs) or (count, steps)")

    def load(self, folder: Path) -> Splits:
        return Splits(self.dataset(self.x, read_npy(folder, self.x), self.target, read_npy(folder, self.target)))
