"""Intensity augmentations: erased rectangles, brightness and contrast."""

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field, model_validator

from nntrain import kernels
from nntrain.data.transforms.augment import Augmentation, AugmentationContext, Share, rectangles
from nntrain.options import Several, mistake


class RandomErasing(Augmentation, name="random_erasing"):
    """Blackens a random rectangle, so that the network does not rely on a single part of the image.

    The aspect ratio is between 1:3 and 3:1, unless the rectangle would not fit.

    Source: Zhong et al. 2020, Random erasing data augmentation; there the rectangle is filled with noise.
    """

    probability: Share = Field(0.5, description="the probability that an image is changed")
    area: Several[Annotated[float, Field(gt=0, lt=1)]] = Field(
        (0.02, 0.33),
        min_length=2,
        max_length=2,
        description="the smallest and the largest area of the rectangle, as fractions of the image",
    )

    @model_validator(mode="after")
    def _smallest_first(self) -> "RandomErasing":
        if self.area[0] > self.area[1]:
            raise mistake(f"expected the smaller `area` first. Received: {list(self.area)}.")
        return self

    def apply(self, out: np.ndarray, x: np.ndarray, ctx: AugmentationContext) -> None:
        height, width = x.shape[1:3]
        area = ctx.uniform(1, *self.area) * height * width
        ratio = np.exp(ctx.uniform(2, -np.log(3), np.log(3)))
        boxes = rectangles(x.shape[1:3], np.sqrt(area / ratio), np.sqrt(area * ratio), ctx, 3)
        boxes[ctx.uniform(0) >= self.probability] = 0
        ctx.run(kernels.augment.paste, out, x, np.zeros((1, *x.shape[1:]), x.dtype), boxes)


class Brightness(Augmentation, name="brightness"):
    """Changes the brightness: all values times a random factor."""

    example: ClassVar = {"amount": 0.2}

    amount: float = Field(gt=0, le=1, description="the largest change: factors from 1 - amount to 1 + amount")

    def apply(self, out: np.ndarray, x: np.ndarray, ctx: AugmentationContext) -> None:
        ctx.run(
            kernels.augment.spread,
            out,
            x,
            ctx.uniform(0, 1 - self.amount, 1 + self.amount),
            False,
            *ctx.limits,
        )


class Contrast(Augmentation, name="contrast"):
    """Changes the contrast: the distance of all values from the image's mean times a random factor."""

    example: ClassVar = {"amount": 0.2}

    amount: float = Field(gt=0, le=1, description="the largest change: factors from 1 - amount to 1 + amount")

    def apply(self, out: np.ndarray, x: np.ndarray, ctx: AugmentationContext) -> None:
        ctx.run(
            kernels.augment.spread,
            out,
            x,
            ctx.uniform(0, 1 - self.amount, 1 + self.amount),
            True,
            *ctx.limits,
        )
