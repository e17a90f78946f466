"""Augmentations: random changes of the training images, other ones in each epoch."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from nntrain import kernels, randomness
from nntrain.component import Component
from nntrain.data.dataset import Dataset
from nntrain.errors import ConfigError
from nntrain.options import Several, mistake

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


class RandomCrop(Augmentation, name="random_crop"):
    """Pads the image with black and crops it at a random position to its size: a shift by up to `padding` pixels.

    Source: He et al. 2016, Deep residual learning for image recognition, with a padding of 4 for CIFAR-10.
    """

    example: ClassVar = {"padding": 4}

    padding: int = Field(ge=1, description="the width of the padding in pixels")

    def check(self, data: Dataset) -> None:
        super().check(data)
        if self.padding >= min(data.input_shape[:2]):
            raise ConfigError(
                f"padding: a shift by {self.padding} pixels can remove all of an image of {data.input_shape[0]} x "
                f"{data.input_shape[1]}",
                "Use a smaller `padding`.",
            )

    def apply(self, out: np.ndarray, x: np.ndarray, ctx: AugmentationContext) -> None:
        down, right = (ctx.below(number, 2 * self.padding + 1) - self.padding for number in (0, 1))
        ctx.run(kernels.augment.shift, out, x, down, right)


class RandomShift(Augmentation, name="random_shift"):
    """Shifts the image by whole pixels, up to a fraction of its height and width."""

    example: ClassVar = {"fraction": 0.1}

    fraction: float = Field(
        gt=0, lt=1, description="the largest shift, as a fraction of the height and of the width"
    )

    def apply(self, out: np.ndarray, x: np.ndarray, ctx: AugmentationContext) -> None:
        most = [int(self.fraction * size) for size in x.shape[1:3]]
        down, right = (ctx.below(number, 2 * most[number] + 1) - most[number] for number in (0, 1))
        ctx.run(kernels.augment.shift, out, x, down, right)


class RandomFlip(Augmentation, name="random_flip"):
    """Flips the image. Not for classes that a flip changes, such as digits and letters."""

    axis: Literal["horizontal", "vertical"] = Field(
        "horizontal", description="horizontal: swap left and right; vertical: swap top and bottom"
    )
    probability: Share = Field(0.5, description="the probability that an image is flipped")

    def apply(self, out: np.ndarray, x: np.ndarray, ctx: AugmentationContext) -> None:
        ctx.run(kernels.augment.flip, out, x, ctx.uniform(0) < self.probability, self.axis == "vertical")


class AffineAugmentation(Augmentation):
    """An affine map about the image's centre, with bilinear interpolation; outside the image is black."""

    def apply(self, out: np.ndarray, x: np.ndarray, ctx: AugmentationContext) -> None:
        centre = (np.array(x.shape[1:3]) - 1) / 2
        # x - centre = linear @ (out - centre) + offset
        linear, offset = self.inverse(x.shape[1:3], ctx)
        matrix = np.empty((len(x), 2, 3))
        matrix[:, :, :2] = linear
        matrix[:, :, 2] = centre + offset - linear @ centre
        ctx.run(kernels.augment.affine, out, x, matrix.reshape(len(x), 6))

    def inverse(self, size: tuple[int, ...], ctx: AugmentationContext) -> tuple[np.ndarray, np.ndarray]:
        """The map from output to input: (rows, 2, 2) linear part and (rows, 2) offset, in pixels down and right."""
        raise NotImplementedError


def rotation(radians: np.ndarray) -> np.ndarray:
    """(rows, 2, 2): from output to input positions, down and right, of an image rotated counterclockwise."""
    cosine, sine = np.cos(radians), np.sin(radians)
    return np.stack([cosine, sine, -sine, cosine], axis=1).reshape(-1, 2, 2)


class RandomRotation(AffineAugmentation, name="random_rotation"):
    """Rotates the image about its centre, in either direction."""

    example: ClassVar = {"degrees": 10}

    degrees: float = Field(gt=0, le=180, description="the largest angle in degrees")

    def inverse(self, size: tuple[int, ...], ctx: AugmentationContext) -> tuple[np.ndarray, np.ndarray]:
        return rotation(np.radians(ctx.uniform(0, -self.degrees, self.degrees))), np.zeros(2)


class RandomZoom(AffineAugmentation, name="random_zoom"):
    """Zooms the image in or out, by the same factor in both directions."""

    example: ClassVar = {"fraction": 0.1}

    fraction: float = Field(
        gt=0, lt=1, description="the largest change: factors from 1 - fraction to 1 + fraction"
    )

    def inverse(self, size: tuple[int, ...], ctx: AugmentationContext) -> tuple[np.ndarray, np.ndarray]:
        return np.eye(2) / ctx.uniform(0, 1 - self.fraction, 1 + self.fraction)[:, None, None], np.zeros(2)


class RandomAffine(AffineAugmentation, name="random_affine"):
    """Rotates, zooms, shears and shifts the image in one step, with a single interpolation."""

    example: ClassVar = {"degrees": 10, "zoom": 0.1, "shift": 0.1}

    degrees: float = Field(
        0.0, ge=0, le=180, description="the largest angle of rotation in degrees, in either direction"
    )
    zoom: float = Field(0.0, ge=0, lt=1, description="the largest zoom: factors from 1 - zoom to 1 + zoom")
    shear: float = Field(0.0, ge=0, lt=90, description="the largest angle of shear in degrees")
    shift: float = Field(
        0.0, ge=0, lt=1, description="the largest shift, as a fraction of the height and of the width"
    )

    @model_validator(mode="after")
    def _does_something(self) -> "RandomAffine":
        if not (self.degrees or self.zoom or self.shear or self.shift):
            raise mistake("expected at least one of `degrees`, `zoom`, `shear` and `shift`")
        return self

    def inverse(self, size: tuple[int, ...], ctx: AugmentationContext) -> tuple[np.ndarray, np.ndarray]:
        linear = rotation(np.radians(ctx.uniform(0, -self.degrees, self.degrees)))
        shear = np.zeros_like(linear) + np.eye(2)
        shear[:, 1, 0] = np.tan(np.radians(ctx.uniform(1, -self.shear, self.shear)))
        linear = shear @ linear / ctx.uniform(2, 1 - self.zoom, 1 + self.zoom)[:, None, None]
        offset = np.stack(
            [ctx.uniform(3 + axis, -self.shift, self.shift) * size[axis] for axis in (0, 1)], axis=1
        )
        return linear, offset


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


class Mixing(Augmentation):
    """Mixes two samples and their targets; the share of each follows Beta(alpha, alpha).

    The other sample is any of the training split, after the preceding augmentations.
    """

    mixes = True

    if TYPE_CHECKING:  # options of the members, with defaults of their own
        alpha: float
        probability: float

    def check(self, data: Dataset) -> None:
        super().check(data)
        if len(data.target_shape) != (0 if data.classes else 1):
            raise ConfigError("expected one target per sample, to mix them. Received: one per step.")

    def partners(self, ctx: AugmentationContext, count: int) -> np.ndarray:
        """(rows,) int64: the sample, of `count`, that each is mixed with."""
        return ctx.below(0, count)

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
