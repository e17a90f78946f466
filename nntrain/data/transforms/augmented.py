"""Augmenter: batches of the training split as training sees them in an epoch."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nntrain import randomness
from nntrain.data.batch import Batch, mixed_targets
from nntrain.data.dataset import Dataset
from nntrain.data.transforms.augment import Augmentation, AugmentationContext
from nntrain.data.transforms.augmentations.mixing import Mixing


class Augmenter:
    """Gathers and augments samples. An augmented sample is a function of the seed, the epoch and its index alone.

    Makes at most `rows` samples at once, for a network of float type `dtype`. Where samples are mixed, targets of classes become
    real (rows, outputs): the share of each class, or with one output the share of the second class.
    """

    def __init__(
        self,
        data: Dataset,
        augmentations: Sequence[Augmentation],
        seed: int,
        rows: int,
        dtype: npt.DTypeLike,
        outputs: int = 0,
    ):
        self.data = data
        self.augmentations = tuple(augmentations)
        self.seed = seed
        mixing = sum(augmentation.mixes for augmentation in augmentations)
        self.mixes = mixing > 0
        self.mixed_outputs = (outputs or len(data.classes)) if self.mixes and data.classes else 0
        self.limits = (0.0, 255.0) if data.is_bytes else (-np.inf, np.inf)
        # In the stored unit, so that float64 samples keep their digits. Mixing partners need buffers of their own, as they are
        # computed while the images that they are mixed with wait.
        real = np.result_type(dtype, np.float64 if data.x.dtype == np.float64 else np.float32)
        self._images = (
            [np.empty((2, rows, *data.input_shape), real) for _ in range(mixing + 1)] if augmentations else []
        )

    def batch(self, rows: int, dtype: npt.DTypeLike) -> Batch:
        """A batch for `rows` samples, with all arrays that the network's batches have."""
        batch = self.data.batch(rows, dtype)
        if self.mixed_outputs:
            batch.target, batch.label = mixed_targets(rows, self.mixed_outputs, dtype)
        return batch

    def gather(self, indices: np.ndarray, epoch: int, batch: Batch, serial: bool = False) -> None:
        """Fills the first rows of `batch` with the samples at `indices` as epoch `epoch`, counted from 0, sees them.

        `serial` selects kernels that may run in any thread.
        """
        if not self.augmentations:
            return self.data.gather(indices, batch)
        rows = len(indices)
        self.data.gather_weights(indices, batch)
        x, target = self._augmented(indices, epoch, serial, len(self.augmentations), self._images)
        self.data.scale_raw(x, batch.x[:rows])
        if target is None:
            self.data.gather_targets(indices, batch.target)
            return None
        batch.target[:rows] = target
        if batch.label is not None:
            batch.label[:rows] = target.argmax(axis=1) if self.mixed_outputs > 1 else target[:, 0] > 0.5
        return None

    def _augmented(
        self, indices: np.ndarray, epoch: int, serial: bool, count: int, buffers: list[np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """The images after the first `count` augmentations and, where samples are mixed, their targets in float64."""
        x, spare = buffers[0][:, : len(indices)]
        self.data.gather_raw(indices, x)
        target = self._targets(indices) if self.mixes else None
        for position, augmentation in enumerate(self.augmentations[:count]):
            key = randomness.key(self.seed, "augment", epoch, position)
            ctx = AugmentationContext(key, indices, self.limits, serial)
            if isinstance(augmentation, Mixing):
                partners = augmentation.partners(ctx, self.data)
                other, other_target = self._augmented(partners, epoch, serial, position, buffers[1:])
                share = augmentation.mix(spare, x, other, ctx)[:, None]
                target = share * target + (1 - share) * other_target
            else:
                augmentation.apply(spare, x, ctx)
            x, spare = spare, x
        return x, target

    def _targets(self, indices: np.ndarray) -> np.ndarray:
        """(rows, outputs) float64."""
        target = np.asarray(self.data.target[indices])
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
    dtype: npt.DTypeLike = "float32",
    outputs: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """x and target of sample `index` of the training split, as epoch `epoch`, counted from 0, of a run with this seed sees them."""
    augmenter = Augmenter(data, augmentations, seed, 1, dtype, outputs)
    batch = augmenter.batch(1, dtype)
    augmenter.gather(np.array([index]), epoch, batch)
    return batch.x[0], batch.target[0]
