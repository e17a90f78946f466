"""Anchor: the last checkpoint in memory, which `train.on_nan: rollback` goes back to."""

import numpy as np

PREFIX = "rollback."


class Anchor:
    """Copies of the arrays that a step changes, as they were after step `step`."""

    def __init__(self, arrays: dict[str, np.ndarray], step: int):
        self.arrays = arrays
        self.copies = {name: array.copy() for name, array in arrays.items()}
        self.step = step

    def set(self, step: int) -> None:
        for name, array in self.arrays.items():
            self.copies[name][...] = array
        self.step = step

    def restore(self) -> None:
        for name, array in self.arrays.items():
            array[...] = self.copies[name]

    def tensors(self) -> dict[str, np.ndarray]:
        """For a checkpoint of a later step."""
        return {f"{PREFIX}{name}": copy for name, copy in self.copies.items()}

    def read(self, tensors: dict[str, np.ndarray], step: int) -> None:
        """From such a checkpoint."""
        for name, copy in self.copies.items():
            copy[...] = tensors[f"{PREFIX}{name}"]
        self.step = step
