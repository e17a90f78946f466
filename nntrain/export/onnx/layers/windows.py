"""Windows: the padding of sliding windows as ONNX takes it."""

from collections.abc import Sequence

from nntrain.layers.window import Slide


def ends(slides: Sequence[tuple[Slide, str | int]]) -> list[int]:
    """`pads`: those before the values of each axis, then those after them."""
    return [*(one.before for one, _ in slides), *(after(one, padding) for one, padding in slides)]


def after(one: Slide, padding: str | int) -> int:
    if not isinstance(padding, str):
        return padding
    reach = (one.outputs - 1) * one.stride + (one.size - 1) * one.dilation + 1  # of all windows together
    return max(0, reach - one.before - one.inputs)
