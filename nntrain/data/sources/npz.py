"""NumPy's files as sources: .npz with the arrays of samples and targets, or two .npy files."""

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import Field

from nntrain.data.arrays import ArrayReader
from nntrain.data.dataset import Splits
from nntrain.data.files.npy import read_npy, read_npz
from nntrain.data.sequences.lengths import check_lengths, real_steps


class Npz(ArrayReader, name="npz"):
    """Samples and targets in one .npz file of NumPy.

    Sequences (count, steps, features) of different lengths are filled up to the same number of steps, with anything finite, and
    `lengths` tells how many of them are real. What `numpy.savez` wrote uncompressed stays on the disk where its bytes are
    aligned; `npy` is surer for very large data.
    """

    example: ClassVar = {"path": "measurements.npz"}

    path: str = Field(min_length=1, description="the file")
    x: str = Field("x", description="the name of the array of samples (count, ...)")
    target: str = Field(
        "y", description="the name of the array of targets (count,), (count, outputs) or (count, steps)"
    )

    lengths: str | None = Field(
        None, min_length=1, description="the name of the array of lengths (count,), for sequences"
    )

    def load(self, folder: Path) -> Splits:
        names = (self.x, self.target) if self.lengths is None else (self.x, self.target, self.lengths)
        x, target, *lengths = read_npz(folder, self.path, names)
        x_name, target_name = f"{self.path}: {self.x}", f"{self.path}: {self.target}"
        if not lengths:
            return Splits(self.dataset(x_name, x, target_name, target))
        counts = check_lengths(f"{self.path}: {self.lengths}", lengths[0], x)
        if (
            target.ndim > 1 and target.shape[:2] == x.shape[:2]
        ):  # what stands where nothing is real names no class
            target = np.where(real_steps(counts, target), target, target[0, 0])
        return Splits(replace(self.dataset(x_name, x, target_name, target), lengths=counts))


class Npy(ArrayReader, name="npy"):
    """Samples and targets in two .npy files of NumPy, which may be larger than the memory."""

    example: ClassVar = {"x": "samples.npy", "target": "targets.npy"}

    x: str = Field(min_length=1, description="the file of samples (count, ...)")
    target: str = Field(
        min_length=1, description="the file of targets (count,), (count, outputs) or (count, steps)"
    )

    def load(self, folder: Path) -> Splits:
        return Splits(
            self.dataset(self.x, read_npy(folder, self.x), self.target, read_npy(folder, self.target))
        )
