"""Window: how a window slides along the axes of an image or sequence: sizes, padding and their checks."""

import functools
from collections.abc import Sequence
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from nntrain.layers.require import require
from nntrain.options import Several

Size = Annotated[int, Field(ge=1)]
Sizes = Size | Annotated[Several[Size], Field(min_length=2, max_length=2)]  # of rows and columns
Margin = Annotated[int, Field(ge=0)]
Margins = Margin | Annotated[Several[Margin], Field(min_length=2, max_length=2)]
Padding = Literal["valid", "same"]


class Slide(NamedTuple):
    """A window that slides along one axis. Each output sees `size` inputs, `dilation` apart; windows start `stride` apart."""

    size: int
    stride: int
    dilation: int
    before: int  # the padding
    inputs: int
    outputs: int


def slide(option: str, inputs: int, size: int, stride: int, padding: str | int, dilation: int = 1) -> Slide:
    """Along an axis of `inputs` values. `option` is the name of the size in the config. Raises ConfigError where it doesn't fit.

    Padding `same` gives inputs / stride outputs, rounded up; an odd value of padding goes to the end. `causal` puts all padding
    before the inputs.
    """
    span = (size - 1) * dilation + 1
    before: int
    if padding in ("same", "causal"):
        around = max((inputs - 1) // stride * stride + span - inputs, 0)
        before = around if padding == "causal" else around // 2
    else:
        before = 0 if isinstance(padding, str) else padding
        around = 2 * before
    smaller = f"`{option}`" if dilation == 1 else f"`{option}` or `dilation`,"
    require(
        inputs + around >= span,
        f"the window spans {span} values of an axis of {inputs + around}, padding included",
        f"Choose a smaller {smaller} or more `padding`.",
    )
    return Slide(size, stride, dilation, before, inputs, (inputs + around - span) // stride + 1)


def slide_back(outputs: int, size: int, stride: int, padding: str | int, dilation: int, extra: int) -> Slide:
    """The slide that a transposed convolution of `outputs` values reverses.

    `extra` inputs at the end are beyond its last window. Padding `same`: there are `stride` times as many inputs as outputs.
    Raises ConfigError where there is no such slide.
    """
    if padding == "same":
        require(
            extra == 0,
            f"`output_padding` cannot be combined with `padding: same`. Received: {extra}",
            "Remove `output_padding`, or set `padding` to a number.",
        )
        return slide("kernel_size", outputs * stride, size, stride, padding, dilation)
    require(
        extra < max(stride, dilation),
        "`output_padding` must be smaller than `stride` or `dilation`. Received: "
        f"`output_padding` {extra}, `stride` {stride}, `dilation` {dilation}",
    )
    before, whole = (
        0 if isinstance(padding, str) else padding,
        (outputs - 1) * stride + (size - 1) * dilation + 1 + extra,
    )
    require(
        whole > 2 * before,
        f"a `padding` of {before} at both ends removes all {whole} values of an axis",
        "Choose a smaller `padding`.",
    )
    return Slide(size, stride, dilation, before, whole - 2 * before, outputs)


@functools.lru_cache(maxsize=1024)
def slides(option: str, inputs: Sequence[int], *options: Sequence[Any]) -> tuple[Slide, ...]:
    """The slide of each axis, from the arguments of `slide` for each."""
    return tuple(slide(option, *axis) for axis in zip(inputs, *options, strict=True))


def window_sizes(down: Slide, across: Slide) -> tuple[int, ...]:
    """A kernels.geometry.Window, as a plain tuple: of rows and columns in turn."""
    fields = ("size", "stride", "before", "dilation")
    return tuple(getattr(slide, field) for field in fields for slide in (down, across))


def pair(value: Any) -> Sequence[Any]:
    """For rows and columns: one value for both, or two."""
    return (value, value) if isinstance(value, (int, str)) else value
