"""Augmentations: what may happen to an image each time that training sees it, so that it never sees quite the same one twice."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from nntrain import kernels, randomness
from nntrain.component import Component
from nntrain.data.dataset import Dataset
from nntrain.errors import ConfigError
from nntrain.options import Several, mistake

MOST_DRAWS = 16  # random numbers that an augmentation can have for a sample
Share = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True)
class AugmentationContext:
    """One augmentation going over some samples: its random numbers, a pure function of `key` and sample; its kernels."""

    key: int
    samples: np.ndarray  # (rows,) int64: their numbers in the training split
    limits: tuple[float, float]  # between which values stay
    serial: bool = False  # on a thread of its own, where no parallel kernel may run

    def uniform(self, number: int, low: float = 0.0, high: float = 1.0) -> np.ndarray:
        """(rows,) float64 from low to high: the samples' random number `number`, below MOST_DRAWS."""
        positions = self.samples.astype(np.uint64) * np.uint64(MOST_DRAWS) + np.uint64(number)
        return low + (high - low) * randomness.uniform_at(self.key, positions)

    def below(self, number: int, count: int | np.ndarray) -> np.ndarray:
        """(rows,) int64 from 0 to count - 1."""
        return (self.uniform(number) * count).astype(np.int64)

    def run(self, kernel: "kernels.jit.Kernel", *arguments: Any) -> None:
        (kernel.serial if self.serial else kernel)(*arguments)


class Augmentation(Component, family="augmentation"):
    """A random change of an image that leaves what it shows as it is. Training never sees quite the same image twice; scores are
    taken of the images as they are. It acts on what is stored, bytes from 0 to 255 or floats, before `standardize`: what comes in
    from outside of an image is a 0 there, black. Bytes stay within 0 and 255, and are not rounded.
    """

    mixes: ClassVar[bool] = False  # with another sample, and so with its target

    def check(self, data: Dataset) -> None:
        """Raises ConfigError with the reason where it does not suit the data."""
        if len(data.input_shape) != 3 or data.vocabulary:
            hint = " Say `as: image`." if len(data.input_shape) == 1 and not data.vocabulary else ""
            raise ConfigError(
                "it needs images (height, width, channels). Received: samples of the shape "
                f"{data.input_shape}.{hint}"
            )

    def apply(self, out: np.ndarray, x: np.ndarray, now: AugmentationContext) -> None:
        """Writes to out what becomes of the images x (rows, height, width, channels)."""
        raise NotImplementedError


class RandomCrop(Augmentation, name="random_crop"):
    """Adds a black margin and cuts out a piece of the image's size anywhere: a shift by up to `padding` pixels.

    Source: He et al. 2016, Deep residual learning for image recognition, which trains so on CIFAR-10, with a margin of 4.
    """

    example: ClassVar = {"padding": 4}

    padding: int = Field(ge=1, description="the width of the margin in pixels")

    def check(self, data):
        super().check(data)
        if self.padding >= min(data.input_shape[:2]):
            raise ConfigError(
                f"a shift by {self.padding} pixels can leave nothing of images of {data.input_shape[0]} x "
                f"{data.input_shape[1]}. Make `padding` smaller."
            )

    def apply(self, out, x, now):
        down, right = (now.below(number, 2 * self.padding + 1) - self.padding for number in (0, 1))
        now.run(kernels.augment.shift, out, x, down, right)


class RandomShift(Augmentation, name="random_shift"):
    """Moves the image by whole pixels, up to a fraction of its height and width."""

    example: ClassVar = {"fraction": 0.1}

    fraction: float = Field(
        gt=0, lt=1, description="the largest shift, as a fraction of the height and of the width"
    )

    def apply(self, out, x, now):
        most = [int(self.fraction * size) for size in x.shape[1:3]]
        down, right = (now.below(number, 2 * most[number] + 1) - most[number] for number in (0, 1))
        now.run(kernels.augment.shift, out, x, down, right)


class RandomFlip(Augmentation, name="random_flip"):
    """Mirrors the image. Not for what has a right and a left, such as digits and letters."""

    axis: Literal["horizontal", "vertical"] = Field(
        "horizontal", description="left and right change places, or top and bottom"
    )
    probability: Share = Field(0.5, description="the share of images that are mirrored")

    def apply(self, out, x, now):
        now.run(kernels.augment.flip, out, x, now.uniform(0) < self.probability, self.axis == "vertical")


class Mapped(Augmentation):
    """An affine map about the image's centre; between pixels the image is interpolated, outside it is black."""

    def apply(self, out, x, now):
        centre = (np.array(x.shape[1:3]) - 1) / 2
        linear, offset = self.inverse(
            x.shape[1:3], now
        )  # where a place of `out`, counted from the centre, comes from
        matrix = np.empty((len(x), 2, 3))
        matrix[:, :, :2] = linear
        matrix[:, :, 2] = centre + offset - linear @ centre
        now.run(kernels.augment.affine, out, x, matrix.reshape(len(x), 6))

    def inverse(self, size: tuple[int, int], now: AugmentationContext) -> tuple[np.ndarray, np.ndarray]:
        """(rows, 2, 2) and (rows, 2), in pixels down and right."""
        raise NotImplementedError


def turned(radians: np.ndarray) -> np.ndarray:
    """(rows, 2, 2): what takes a place, down and right, to where it comes from in an image turned counterclockwise."""
    cosine, sine = np.cos(radians), np.sin(radians)
    return np.stack([cosine, sine, -sine, cosine], axis=1).reshape(-1, 2, 2)


class RandomRotation(Mapped, name="random_rotation"):
    """Turns the image about its centre, to either side."""

    example: ClassVar = {"degrees": 10}

    degrees: float = Field(gt=0, le=180, description="the largest angle")

    def inverse(self, size, now):
        return turned(np.radians(now.uniform(0, -self.degrees, self.degrees))), np.zeros(2)


class RandomZoom(Mapped, name="random_zoom"):
    """Makes the image larger or smaller, by the same factor in both directions."""

    example: ClassVar = {"fraction": 0.1}

    fraction: float = Field(
        gt=0, lt=1, description="the largest change: factors from 1 - fraction to 1 + fraction"
    )

    def inverse(self, size, now):
        return np.eye(2) / now.uniform(0, 1 - self.fraction, 1 + self.fraction)[:, None, None], np.zeros(2)


class RandomAffine(Mapped, name="random_affine"):
    """Turns, zooms, shears and moves the image, all in one: it is interpolated only once."""

    example: ClassVar = {"degrees": 10, "zoom": 0.1, "shift": 0.1}

    degrees: float = Field(0.0, ge=0, le=180, description="the largest angle, to either side")
    zoom: float = Field(
        0.0, ge=0, lt=1, description="the largest change of size: factors from 1 - zoom to 1 + zoom"
    )
    shear: float = Field(
        0.0, ge=0, lt=90, description="the largest angle in degrees by which what stands upright leans over"
    )
    shift: float = Field(
        0.0, ge=0, lt=1, description="the largest shift, as a fraction of the height and of the width"
    )

    @model_validator(mode="after")
    def _does_something(self):
        if not (self.degrees or self.zoom or self.shear or self.shift):
            raise mistake("expected at least one of `degrees`, `zoom`, `shear` and `shift`.")
        return self

    def inverse(self, size, now):
        linear = turned(np.radians(now.uniform(0, -self.degrees, self.degrees)))
        lean = np.zeros_like(linear) + np.eye(2)
        lean[:, 1, 0] = np.tan(np.radians(now.uniform(1, -self.shear, self.shear)))
        linear = lean @ linear / now.uniform(2, 1 - self.zoom, 1 + self.zoom)[:, None, None]
        offset = np.stack(
            [now.uniform(3 + axis, -self.shift, self.shift) * size[axis] for axis in (0, 1)], axis=1
        )
        return linear, offset


class RandomErasing(Augmentation, name="random_erasing"):
    """Blackens a rectangle anywhere in the image, so that no single part of it is relied upon.

    Its sides are as 1 to 3 at most, unless it would not fit.

    Source: Zhong et al. 2020, Random erasing data augmentation; there the rectangle is filled with noise.
    """

    probability: Share = Field(0.5, description="the share of images that lose a rectangle")
    area: Several[Annotated[float, Field(gt=0, lt=1)]] = Field(
        (0.02, 0.33),
        min_length=2,
        max_length=2,
        description="the smallest and the largest rectangle, as shares of the image",
    )

    @model_validator(mode="after")
    def _smallest_first(self):
        if self.area[0] > self.area[1]:
            raise mistake(f"expected the smaller `area` first. Received: {list(self.area)}.")
        return self

    def apply(self, out, x, now):
        height, width = x.shape[1:3]
        area = now.uniform(1, *self.area) * height * width
        flatness = np.exp(now.uniform(2, -np.log(3), np.log(3)))
        boxes = rectangles(x.shape[1:3], np.sqrt(area / flatness), np.sqrt(area * flatness), now, 3)
        boxes[now.uniform(0) >= self.probability] = 0
        now.run(kernels.augment.paste, out, x, np.zeros((1, *x.shape[1:]), x.dtype), boxes)


def rectangles(
    size: tuple[int, int], height: np.ndarray, width: np.ndarray, now: AugmentationContext, number: int
) -> np.ndarray:
    """(rows, 4) int64: top, bottom, left, right of rectangles anywhere inside, by `now`'s numbers from `number` on."""
    boxes = np.empty((len(height), 4), np.int64)
    for axis, wanted in enumerate((height, width)):
        length = np.clip(np.rint(wanted), 0, size[axis]).astype(np.int64)
        boxes[:, 2 * axis] = now.below(number + axis, size[axis] - length + 1)
        boxes[:, 2 * axis + 1] = boxes[:, 2 * axis] + length
    return boxes


class Brightness(Augmentation, name="brightness"):
    """Makes the image brighter or darker: all values times a factor."""

    example: ClassVar = {"amount": 0.2}

    amount: float = Field(gt=0, le=1, description="the largest change: factors from 1 - amount to 1 + amount")

    def apply(self, out, x, now):
        now.run(
            kernels.augment.spread,
            out,
            x,
            now.uniform(0, 1 - self.amount, 1 + self.amount),
            False,
            *now.limits,
        )


class Contrast(Augmentation, name="contrast"):
    """Strengthens or weakens the contrast: the distance of all values from the image's mean times a factor."""

    example: ClassVar = {"amount": 0.2}

    amount: float = Field(gt=0, le=1, description="the largest change: factors from 1 - amount to 1 + amount")

    def apply(self, out, x, now):
        now.run(
            kernels.augment.spread,
            out,
            x,
            now.uniform(0, 1 - self.amount, 1 + self.amount),
            True,
            *now.limits,
        )


class Mixing(Augmentation):
    """A mixture of two samples and of their targets: the share of each is drawn from the distribution Beta(alpha, alpha).

    The other sample may be any of the training split, and has been through the augmentations before this one, too.
    """

    mixes = True

    def check(self, data):
        super().check(data)
        if len(data.target_shape) != (0 if data.classes else 1):
            raise ConfigError(
                "it mixes the targets of whole samples, but here each step of a sample has one."
            )

    def partners(self, now: AugmentationContext, count: int) -> np.ndarray:
        """(rows,) int64: which of the `count` samples each is mixed with."""
        return now.below(0, count)

    def shares(self, now: AugmentationContext) -> np.ndarray:
        """(rows,) float64: how much of each sample is to stay."""
        # A symmetric Beta from two uniform numbers: Devroye 1996, Random variate generation in one line of code.
        power, cosine = now.uniform(1) ** (1 / self.alpha), np.cos(2 * np.pi * now.uniform(2))
        square = (1 - power) * cosine**2
        share = 0.5 + np.copysign(0.5, cosine) * np.sqrt(square / (power + square))
        return np.where(now.uniform(3) < self.probability, share, 1.0)

    def mix(self, out: np.ndarray, x: np.ndarray, other: np.ndarray, now: AugmentationContext) -> np.ndarray:
        """Writes the mixtures to out; returns (rows,) float64: how much of x is in each."""
        raise NotImplementedError


class Mixup(Mixing, name="mixup"):
    """Lays two images of the training split over each other and mixes their targets alike.

    With s from Beta(alpha, alpha): `s x + (1 - s) other` for both. Accuracy in training counts the class with the larger share.

    Source: Zhang et al. 2018, mixup: beyond empirical risk minimization.
    """

    alpha: float = Field(0.2, gt=0, description="small: mostly one of the two; 1: any share is as likely")
    probability: Share = Field(1.0, description="the share of samples that are mixed")

    def mix(self, out, x, other, now):
        shares = self.shares(now)
        now.run(kernels.augment.mix, out, x, other, shares)
        return shares


class CutMix(Mixing, name="cutmix"):
    """Pastes a rectangle of another image of the training split over each image and mixes their targets by area.

    The rectangle has the image's proportions and covers 1 - s of it, with s from Beta(alpha, alpha). Accuracy in training counts
    the class with the larger share.

    Source: Yun et al. 2019, CutMix: regularization strategy to train strong classifiers with localizable features.
    """

    alpha: float = Field(1.0, gt=0, description="small: mostly one of the two; 1: any share is as likely")
    probability: Share = Field(1.0, description="the share of samples that are mixed")

    def mix(self, out, x, other, now):
        height, width = x.shape[1:3]
        side = np.sqrt(1 - self.shares(now))
        boxes = rectangles((height, width), side * height, side * width, now, 4)
        now.run(kernels.augment.paste, out, x, other, boxes)
        return 1 - (boxes[:, 1] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 2]) / (height * width)
