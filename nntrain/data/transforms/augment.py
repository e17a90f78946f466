"""Augmentation: a random change of the training images, another one in each epoch."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from nntrain import randomness
from nntrain.component import Component
from nntrain.data.dataset import Dataset
from nntrain.errors import ConfigError

MAX_DRAWS = 16  # random numbers per sample and augmentation
Share = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True)
class AugmentationContext:
    """What an augmentation of some samples is given: random numbers, a pure function of `key` and sample, and kernels."""

    key: int
    indices: np.ndarray  # (rows,) int64: the samples in the training split
    limits: tuple[float, float]  # of the values
    serial: bool = False  # in a thread where no parallel kernel may run

    def uniform(self, number: int, low: float = 0.0, high: float = 1.0) -> np.ndarray:
        """(rows,) float64 in [low, high): random number `number`, below MAX_DRAWS, of each sample."""
        positions = self.indices.astype(np.uint64) * np.uint64(MAX_DRAWS) + np.uint64(number)
        return low + (high - low) * randomness.uniform_at(self.key, positions)

    def below(self, number: int, count: int | np.ndarray) -> np.ndarray:
        """(rows,) int64 from 0 to count - 1: random number `number` of each sample."""
        return (self.uniform(number) * count).astype(np.int64)

    def run(self, kernel: Any, *arguments: Any) -> None:
        """Calls a kernel, its serial form where that is required."""
        (kernel.serial if self.serial else kernel)(*arguments)


class Augmentation(Component, family="augmentation"):
    """A random change of a training image that keeps its class; scores use the unchanged images.

    It acts on the stored values, bytes from 0 to 255 or floats, before `standardize`. Pixels from outside the image are 0 (black).
    Bytes stay within 0 and 255 and are not rounded.
    """

    mixes: ClassVar[bool] = False  # with another sample and its target

    def check(self, data: Dataset) -> None:
        """Raises ConfigError with the reason if the data cannot be augmented so."""
        if len(data.input_shape) != 3 or data.vocabulary:
            hint = "Set `as: image`." if len(data.input_shape) == 1 and not data.vocabulary else ""
            raise ConfigError(
                f"expected images (height, width, channels). Received: samples of shape {data.input_shape}.",
                hint,
            )

    def apply(self, out: np.ndarray, x: np.ndarray, ctx: AugmentationContext) -> None:
        """Writes the augmented images x (rows, height, width, channels) to out."""
        raise NotImplementedError


def rectangles(
    size: tuple[int, ...], height: np.ndarray, width: np.ndarray, ctx: AugmentationContext, number: int
) -> np.ndarray:
    """(rows, 4) int64: top, bottom, left, right of rectangles at random positions; takes random numbers `number` and `number + 1`."""
    boxes = np.empty((len(height), 4), np.int64)
    for axis, wanted in enumerate((height, width)):
        length = np.clip(np.rint(wanted), 0, size[axis]).astype(np.int64)
        boxes[:, 2 * axis] = ctx.below(number + axis, size[axis] - length + 1)
        boxes[:, 2 * axis + 1] = boxes[:, 2 * axis] + length
    return boxes
