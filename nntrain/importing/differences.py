"""Differences: what a file says of its layers that is not so in the config."""

from collections.abc import Iterable

from nntrain.config.schema import Config
from nntrain.importing.matching import Pair
from nntrain.importing.slots import Slot
from nntrain.layers.conv import Conv2dTranspose, Convolution
from nntrain.layers.layer import Activation
from nntrain.layers.window import pair as both
from nntrain.network.node import Node

TWO = ("stride", "dilation", "padding")  # options with a value for each direction


def differences(pairs: Iterable[Pair], config: Config) -> list[str]:
    """Warnings, each with the option to set."""
    found = []
    for pair in pairs:
        layer, slot = pair.slot.layer, pair.slot
        for option, theirs in pair.module.options.items():
            if option == "before":
                found += _padding(slot, theirs)
                continue
            ours = getattr(layer, option, None)
            if ours is not None and not _same(option, ours, theirs):
                found.append(
                    f"{slot.name}: the file has {option} {_text(theirs)}, the config {_text(ours)}; set `{option}: {_text(theirs)}`"
                )
        if (theirs := pair.module.activation) is not None and not slot.part:
            ours = _activation(slot.node)
            if ours != theirs and not (not slot.node.consumers or _ends(slot.node)):
                found.append(
                    f"{slot.name}: the file has {theirs or 'no activation'} after it, the config {ours or 'none'}"
                )
    return found


def _padding(slot: Slot, theirs: object) -> list[str]:
    """Compared as numbers: `same` depends on the size of the image, and with a stride PyTorch pads otherwise."""
    layer, x = slot.layer, slot.node.input_shapes[0]
    if (
        not isinstance(layer, Convolution)
        or isinstance(layer, Conv2dTranspose)
        or not isinstance(theirs, tuple)
    ):
        return []
    ours = tuple(layer.geometry(x).before)[-len(theirs) :]
    if ours == theirs:
        return []
    value = theirs[0] if len(set(theirs)) == 1 else list(theirs)
    what = f"the file pads {_text(theirs)} before the input, the config {_text(ours)}"
    return [f"{slot.name}: {what}; set `padding: {value}`"]


def _same(option: str, ours: object, theirs: object) -> bool:
    if isinstance(ours, float) and isinstance(theirs, (int, float)):
        return abs(ours - theirs) <= 1e-6 * max(abs(ours), abs(theirs))
    if option in TWO and not isinstance(ours, str) and not isinstance(theirs, str):
        return tuple(both(ours)) == tuple(both(theirs))
    return ours == theirs


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return str(list(value)) if isinstance(value, tuple) else str(value)


def _activation(node: Node) -> str:
    """The activation that its output goes through next; empty where there is none."""
    following = node.consumers[0].layer if len(node.consumers) == 1 else None
    return following.yaml_name if isinstance(following, Activation) else ""


def _ends(node: Node) -> bool:
    """Whether nothing but an activation follows: the loss may apply the file's own, such as a softmax."""
    return all(isinstance(each.layer, Activation) and not each.consumers for each in node.consumers)
