"""Layer names: layers, options and shapes in a few letters, for diagrams."""

from typing import TYPE_CHECKING, Any

from nntrain.report.formats import count, short

if TYPE_CHECKING:
    from nntrain.layers.layer import Layer
    from nntrain.options import Options


UNITS = {"heads": " heads", "times": " times"}  # of main options that a bare number does not explain


def by(shape: tuple[int, ...]) -> str:
    """ "8×8×1"; "1" for a single number."""
    return "×".join(f"{size:,}" if size < 1e5 else count(size) for size in shape) or "1"


def described(layer: "Layer") -> str:
    """The kind of a layer with its main option and its activation: "dense 128 relu", "conv2d 32 3×3", "dropout 0.2"."""
    words = [layer.yaml_name]
    own = type(layer).own_options()
    if own and own[0] in layer.model_fields_set:
        words.append(shown(getattr(layer, own[0])) + UNITS.get(own[0], ""))
    kernel = getattr(layer, "kernel_size", None)
    if isinstance(kernel, int):
        kernel = (kernel,) * (2 if "2d" in layer.yaml_name else 1)
    if isinstance(kernel, tuple) and own[0] != "kernel_size":
        words.append(by(kernel))
    if getattr(layer, "reverse", False):
        words.append("reversed")
    if layer.output_activation is not None:
        words.append(layer.output_activation.yaml_name)
    return " ".join(word for word in words if word)


def options_of(component: "Options", most: int) -> list[str]:
    """ "momentum 0.9": the options that the config sets, as far as they can be shown."""
    found = []
    for name in type(component).model_fields:
        text = shown(getattr(component, name)) if name in component.model_fields_set else ""
        if text:
            found.append(f"{name.replace('_', ' ')} {text}")
    return found[:most]


def shown(value: Any) -> str:
    """The value of an option; empty where it takes more than a few letters."""
    if isinstance(value, (bool, str)):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return short(value)
    if isinstance(value, tuple) and all(isinstance(each, (int, float)) for each in value):
        return ", ".join(map(short, value))
    return ", ".join(options_of(value, 1)) if hasattr(value, "model_fields_set") else ""
