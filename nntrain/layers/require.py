"""Require: checks of shapes and options that layers share. Each raises ConfigError."""

from typing import TYPE_CHECKING

from nntrain.errors import ConfigError
from nntrain.layers.context import Shape

if TYPE_CHECKING:
    from nntrain.layers.layer import Layer


def require(condition: bool, message: str, hint: str = "") -> None:
    """Raises ConfigError unless `condition` holds."""
    if not condition:
        raise ConfigError(message, hint)


def require_last_axis(shape: Shape) -> None:
    require(
        len(shape) >= 1,
        f"acts on the last axis of its input. Received: {described(shape)}",
    )


def require_image(shape: Shape) -> None:
    require(
        len(shape) == 3,
        f"expected images, of shape (height, width, channels). Received: {described(shape)}",
        "Use a source of images, such as `{digits: {as: image}}`, or add `reshape: [height, width, channels]` before it.",
    )


def require_sequence(shape: Shape) -> None:
    hints = {
        1: "Set `return_sequences: true` on the recurrent layer before it, or add `reshape: [-1, 1]` to make each feature a "
        "step.",
        3: "Add `reshape` to turn the image into a sequence.",
    }
    require(
        len(shape) == 2,
        f"expected sequences, of shape (steps, features). Received: {described(shape)}",
        hints.get(len(shape), ""),
    )


def described(shape: Shape) -> str:
    kinds = {0: "single numbers", 1: "tables", 2: "sequences", 3: "images"}
    return f"{kinds[len(shape)]}, of shape {shape}" if len(shape) in kinds else f"shape {shape}"


def stray_option(held: "Layer", options: tuple[str, ...] = ("name", "inputs", "freeze")) -> str:
    """The first of these options that is set on a held layer, where only the layer around it can have it; else empty."""
    return next((option for option in options if getattr(held, option)), "")
