"""Geometric augmentations: crops, shifts, flips and affine maps."""

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from nntrain import kernels
from nntrain.data.dataset import Dataset
from nntrain.data.transforms.augment import Augmentation, AugmentationContext, Share
from nntrain.errors import ConfigError
from nntrain.options import mistake


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
