"""Augmented: the samples of the training split as training sees them in an epoch."""

from collections.abc import Sequence

import numpy as np

from nntrain import randomness
from nntrain.data.batch import Batch, mixed_targets
from nntrain.data.dataset import Dataset
from nntrain.data.transforms.augment import Augmentation, AugmentationContext


class Augmenter:
    """Gathers samples and augments them. What becomes of a sample is a function of seed, epoch and its number alone.

    Makes at most `rows` samples at once, for a network of float type `dtype`. Where samples are mixed, the targets of classes
    become real (rows, outputs): how much of each class there is, or for one output how much of the second class.
    """

    def __init__(
        self,
        data: Dataset,
        augmentations: Sequence[Augmentation],
        seed: int,
        rows: int,
        dtype,
        outputs: int = 0,
    ):
        self.data = data
        self.augmentations = tuple(augmentations)
        self.seed = seed
        mixing = sum(augmentation.mixes for augmentation in augmentations)
        self.mixes = mixing > 0
        self.mixed_outputs = (outputs or len(data.classes)) if self.mixes and data.classes else 0
        self.limits = (0.0, 255.0) if data.is_bytes else (-np.inf, np.inf)
        # Partners are made while their images wait. The pixels are in the stored unit, so float64 ones may need its digits.
        real = np.result_type(dtype, np.float64 if data.x.dtype == np.float64 else np.float32)
        self._images = (
            [np.empty((2, rows, *data.input_shape), real) for _ in range(mixing + 1)] if augmentations else []
        )

    def batch(self, rows: int, dtype) -> Batch:
        """Buffers for `rows` samples."""
        batch = self.data.batch(rows, dtype)
        if self.mixed_outputs:
            batch.target, batch.label = mixed_targets(rows, self.mixed_outputs, dtype)
        return batch

    def gather(self, indices: np.ndarray, epoch: int, batch: Batch, serial: bool = False) -> None:
        """Fills the first rows of `batch` with what epoch `epoch`, counted from 0, sees of these samples.

        `serial` asks for kernels that may run on any thread.
        """
        if not self.augmentations:
            return self.data.gather(indices, batch)
        rows = len(indices)
        x, target = self._made(indices, epoch, serial, len(self.augmentations), self._images)
        self.data.scale_raw(x, batch.x[:rows])
        if not self.mixes:
            self.data.gather_targets(indices, batch.target)
            return None
        batch.target[:rows] = target
        if batch.label is not None:
            batch.label[:rows] = target.argmax(axis=1) if self.mixed_outputs > 1 else target[:, 0] > 0.5
        return None

    def _made(
        self, indices: np.ndarray, epoch: int, serial: bool, steps: int, buffers: list[np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """The images after the first `steps` augmentations, and where samples are mixed their targets, in float64."""
        x, spare = buffers[0][:, : len(indices)]
        self.data.gather_raw(indices, x)
        target = self._targets(indices) if self.mixes else None
        for place, augmentation in enumerate(self.augmentations[:steps]):
            now = AugmentationContext(
                randomness.key(self.seed, "augment", epoch, place), indices, self.limits, serial
            )
            if augmentation.mixes:
                partners = augmentation.partners(now, len(self.data))
                other, their_target = self._made(partners, epoch, serial, place, buffers[1:])
                share = augmentation.mix(spare, x, other, now)[:, None]
                target = share * target + (1 - share) * their_target
            else:
                augmentation.apply(spare, x, now)
            x, spare = spare, x
        return x, target

    def _targets(self, indices: np.ndarray) -> np.ndarray:
        """(rows, outputs) float64."""
        target = self.data.target[indices]
        if not self.data.classes:
            return target.astype(np.float64)
        classes = np.arange(self.mixed_outputs) if self.mixed_outputs > 1 else np.array([1])
        return (target[:, None] == classes).astype(np.float64)


def augmented(
    data: Dataset,
    augmentations: Sequence[Augmentation],
    seed: int,
    epoch: int,
    index: int,
    dtype: str = "float32",
    outputs: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """What epoch `epoch`, counted from 0, of a run with this seed sees of sample `index` of the training split: x and target."""
    augmenter = Augmenter(data, augmentations, seed, 1, dtype, outputs)
    batch = augmenter.batch(1, dtype)
    augmenter.gather(np.array([index]), epoch, batch)
    return batch.x[0], batch.target[0]
