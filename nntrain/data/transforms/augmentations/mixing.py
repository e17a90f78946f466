"""Mixing augmentations: two samples and their targets become one."""

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from nntrain import kernels
from nntrain.data.dataset import Dataset
from nntrain.data.transforms.augment import Augmentation, AugmentationContext, Share, rectangles
from nntrain.errors import ConfigError


class Mixing(Augmentation):
    """Mixes two samples and their targets; the share of each follows Beta(alpha, alpha).

    The other sample is any of the training split, after the preceding augmentations. With weights, it is drawn in proportion to
    its weight, and the mixture has the weight of the first sample: as if samples were repeated so often.
    """

    mixes = True

    if TYPE_CHECKING:  # options of the members, with defaults of their own
        alpha: float
        probability: float

    def check(self, data: Dataset) -> None:
        super().check(data)
        if len(data.target_shape) != (0 if data.classes else 1):
            raise ConfigError("expected one target per sample, to mix them. Received: one per step.")

    def partners(self, ctx: AugmentationContext, data: Dataset) -> np.ndarray:
        """(rows,) int64: the sample of the training split that each is mixed with."""
        if data.weight is None:
            return ctx.below(0, len(data))
        reached = np.cumsum(data.weight)
        return np.searchsorted(reached[:-1], ctx.uniform(0) * reached[-1], side="right")

    def shares(self, ctx: AugmentationContext) -> np.ndarray:
        """(rows,) float64: the share of each sample in its mixture."""
        # A symmetric Beta from two uniform numbers: Devroye 1996, Random variate generation in one line of code.
        power, cosine = ctx.uniform(1) ** (1 / self.alpha), np.cos(2 * np.pi * ctx.uniform(2))
        square = (1 - power) * cosine**2
        share = 0.5 + np.copysign(0.5, cosine) * np.sqrt(square / (power + square))
        return np.where(ctx.uniform(3) < self.probability, share, 1.0)

    def mix(self, out: np.ndarray, x: np.ndarray, other: np.ndarray, ctx: AugmentationContext) -> np.ndarray:
        """Writes the mixtures to out; returns (rows,) float64: the share of x in each."""
        raise NotImplementedError


class Mixup(Mixing, name="mixup"):
    """Blends two images and their targets: s x + (1 - s) other, with s from Beta(alpha, alpha).

    Training accuracy counts the class with the larger share.

    Source: Zhang et al. 2018, mixup: beyond empirical risk minimization.
    """

    alpha: float = Field(0.2, gt=0, description="small: shares near 0 or 1; 1: uniform shares")
    probability: Share = Field(1.0, description="the probability that a sample is mixed")

    def mix(self, out: np.ndarray, x: np.ndarray, other: np.ndarray, ctx: AugmentationContext) -> np.ndarray:
        shares = self.shares(ctx)
        ctx.run(kernels.augment.mix, out, x, other, shares)
        return shares


class CutMix(Mixing, name="cutmix"):
    """Pastes a rectangle of another image, and mixes the targets by area.

    The rectangle has the image's aspect ratio and covers 1 - s of it, with s from Beta(alpha, alpha). Training accuracy counts the
    class with the larger share.

    Source: Yun et al. 2019, CutMix: regularization strategy to train strong classifiers with localizable features.
    """

    alpha: float = Field(1.0, gt=0, description="small: shares near 0 or 1; 1: uniform shares")
    probability: Share = Field(1.0, description="the probability that a sample is mixed")

    def mix(self, out: np.ndarray, x: np.ndarray, other: np.ndarray, ctx: AugmentationContext) -> np.ndarray:
        height, width = x.shape[1:3]
        side = np.sqrt(1 - self.shares(ctx))
        boxes = rectangles((height, width), side * height, side * width, ctx, 4)
        ctx.run(kernels.augment.paste, out, x, other, boxes)
        return 1 - (boxes[:, 1] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 2]) / (height * width)
