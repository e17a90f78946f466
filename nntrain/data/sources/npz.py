"""NumPy files: an .npz file with the arrays of samples and targets, or two .npy files."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field, PrivateAttr

from nntrain.data.arrays import ArrayReader, with_groups, with_weights
from nntrain.data.dataset import Splits
from nntrain.data.files.npy import read_npy, read_npz
from nntrain.options import PathName


class Npz(ArrayReader, name="npz"):
    """Samples and targets in one .npz file.

    Sequences (count, steps, features) of different lengths are padded to the same number of steps with any finite values, and
    `lengths` holds the number of real steps of each. Arrays that `numpy.savez` stored uncompressed are memory-mapped where their
    bytes are aligned; use `npy` for data larger than memory.
    """

    example: ClassVar = {"path": "measurements.npz"}

    path: PathName = Field(min_length=1, description="the file")
    x: str = Field("x", description="the name of the array of samples (count, ...)")
    target: str = Field(
        "y", description="the name of the array of targets (count,), (count, outputs) or (count, steps)"
    )
    lengths: str | None = Field(
        None, min_length=1, description="the name of the array of lengths (count,), for padded sequences"
    )

    weight: str | None = Field(
        None,
        min_length=1,
        description="the name of the array of weights (count,), at least 0: how much each sample counts in the loss, the "
        "scores and the statistics; only their ratios matter",
    )

    _group: str | None = PrivateAttr(None)  # the name of the array whose values name groups

    def for_folds(self, group: str | int | None) -> "Npz":
        source = self.model_copy()
        source._group = None if group is None else str(group)
        return source

    def load(self, folder: Path) -> Splits:
        members = (self.x, self.target) if self.lengths is None else (self.x, self.target, self.lengths)
        names = (f"{self.path}: {self.x}", f"{self.path}: {self.target}", f"{self.path}: {self.lengths}")
        data = self.dataset(names, *read_npz(folder, self.path, members))
        if self.weight is not None:
            (weight,) = read_npz(folder, self.path, (self.weight,))
            data = with_weights(f"{self.path}: {self.weight}", data, weight, f"weight {self.weight}")
        if self._group is not None:
            (groups,) = read_npz(folder, self.path, (self._group,))
            data = with_groups(f"{self.path}: {self._group}", data, groups)
        return Splits(data)


class Npy(ArrayReader, name="npy"):
    """Samples and targets in two .npy files, which are memory-mapped and may be larger than memory."""

    example: ClassVar = {"x": "samples.npy", "target": "targets.npy"}

    x: PathName = Field(min_length=1, description="the file of samples (count, ...)")
    target: PathName = Field(
        min_length=1, description="the file of targets (count,), (count, outputs) or (count, steps)"
    )

    def load(self, folder: Path) -> Splits:
        names = (self.x, self.target, "")
        return Splits(self.dataset(names, read_npy(folder, self.x), read_npy(folder, self.target)))
