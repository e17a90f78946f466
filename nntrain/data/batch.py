"""Batch: the arrays of one batch of samples."""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt


@dataclass
class Batch:
    """Buffers that `Dataset.gather` fills.

    A batch of padded sequences may have fewer steps than the data: as many as its longest sequence needs.
    """

    x: np.ndarray  # (rows, *input_shape), the network's float type, or int32 for tokens
    # (rows,) int32 classes, or (rows, outputs) reals; with a target per step (rows, steps, ...).
    target: np.ndarray
    # (rows,), or (rows, steps) with a target per step: of the samples, and 0 for padding; None: 1 for all.
    weight: np.ndarray | None = None
    lengths: np.ndarray | None = None  # (rows,) int32: steps before the padding, which is 0; None: all
    label: np.ndarray | None = None  # (rows,) int32: the class with the largest share of a mixed target

    @property
    def answer(self) -> np.ndarray:
        """What metrics compare the prediction with: the target, or the label where there is one."""
        return self.target if self.label is None else self.label

    def copy_rows(self, source: "Batch", rows: int) -> None:
        """Copies the first `rows` rows of every array of `source`, which may have more rows and more steps.

        Raises ValueError where only one of the two batches has an array.
        """
        for name in (each.name for each in fields(self)):
            to, values = getattr(self, name), getattr(source, name)
            if (to is None) != (values is None):
                raise ValueError(f"only one of the two batches has {name}")
            if to is not None:
                shape = (rows, *to.shape[1:])
                if any(has < needs for has, needs in zip(values.shape, shape, strict=True)):
                    raise ValueError(f"{name}: cannot copy {shape} from {values.shape}")
                np.copyto(to[:rows], values[tuple(map(slice, shape))])


def mixed_targets(rows: int, outputs: int, dtype: npt.DTypeLike) -> tuple[np.ndarray, np.ndarray]:
    """Buffers for mixed targets: (rows, outputs) shares of the classes, and (rows,) the class with the largest share."""
    return np.zeros((rows, outputs), dtype), np.zeros(rows, np.int32)
