"""Image form: how the images of a training became its samples, so that other images become samples in the same way."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nntrain.data.dataset import Dataset

WHITE = (255, 255, 255)


@dataclass(frozen=True)
class ImageForm:
    """Size and channels of the samples, and what images with transparency or more than 8 bits need."""

    height: int
    width: int
    channels: int
    background: tuple[int, int, int] = WHITE  # RGB; it shows through transparent pixels
    range: tuple[float, float] | None = None  # of more than 8 bits: the values that become 0 and 255

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.height, self.width, self.channels

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, saved: Mapping[str, Any]) -> "ImageForm":
        """The inverse of `to_dict`, also from JSON."""
        red, green, blue = saved["background"]
        low_high = saved["range"]
        return cls(
            saved["height"],
            saved["width"],
            saved["channels"],
            (red, green, blue),
            None if low_high is None else (low_high[0], low_high[1]),
        )


def form_of(train: "Dataset") -> ImageForm | None:
    """The form of a data set's images; None where image files cannot become its samples.

    Other sources than image files, such as MNIST, hold images too: of three axes, or grey and square as vectors.
    """
    if train.image_form is not None or not train.is_bytes:
        return train.image_form
    shape = train.input_shape
    if len(shape) == 3 and shape[2] in (1, 3):
        return ImageForm(*shape)
    if len(shape) == 1 and math.isqrt(shape[0]) ** 2 == shape[0] > 1:
        return ImageForm(math.isqrt(shape[0]), math.isqrt(shape[0]), 1)
    return None
