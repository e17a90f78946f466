"""Window: how a window moves over the axes of an image or a sequence, with its sizes, its padding and its mistakes."""

from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from nntrain.layers.layer import Shape, require
from nntrain.options import Several

Size = Annotated[int, Field(ge=1)]
Sizes = Size | Annotated[Several[Size], Field(min_length=2, max_length=2)]  # of rows and columns
Margin = Annotated[int, Field(ge=0)]
Margins = Margin | Annotated[Several[Margin], Field(min_length=2, max_length=2)]
Padding = Literal["valid", "same"]


class Slide(NamedTuple):
    """A window on its way along one axis. Its outputs see `size` inputs each, `dilation` apart, and start `stride` apart."""

    size: int
    stride: int
    dilation: int
    before: int  # the padding
    outputs: int


def slide(option: str, inputs: int, size: int, stride: int, padding: str | int, dilation: int = 1) -> Slide:
    """Along an axis of `inputs` values. `option` is what the config calls the size. Raises ConfigError where it doesn't fit.

    Padding `same` makes as many outputs as inputs, divided by the stride and rounded up; an odd one goes to the end.
    """
    span = (size - 1) * dilation + 1
    if padding == "same":
        around = max((inputs - 1) // stride * stride + span - inputs, 0)
        before = around // 2
    else:
        before = 0 if padding == "valid" else padding
        around = 2 * before
    require(inputs + around >= span, f"its window spans {span} of an axis on which its input has {inputs + around}, padding "
                                     f"included. Choose a smaller `{option}` or more `padding`.")
    return Slide(size, stride, dilation, before, (inputs + around - span) // stride + 1)


def pair(value: int | str | Sequence[int]) -> Sequence:
    """For rows and columns: the same for both, unless there are two."""
    return (value, value) if isinstance(value, (int, str)) else value


def require_image(x: Shape) -> None:
    require(len(x) == 3, f"takes images, of shape (height, width, channels). Received: shape {x}. A source can bring images, as "
                         "`{digits: {as: image}}` does, and `reshape: [height, width, channels]` makes them.")


def require_sequence(x: Shape) -> None:
    require(len(x) == 2, f"takes sequences, of shape (steps, features). Received: shape {x}. `reshape: [steps, features]` makes "
                         "them.")
