"""Turned: the arrays of a module in our layout, for one slot."""

import numpy as np

from nntrain.importing.layouts import keras, own, pytorch
from nntrain.importing.layouts.taking import Misfit, Rule, Taking, Value
from nntrain.importing.module import Module
from nntrain.importing.orders import UNCLEAR
from nntrain.importing.slots import Slot

RULES: dict[str, dict[str, Rule]] = {"pytorch": pytorch.RULES, "keras": keras.RULES, "nntrain": own.RULES}
# The axis of the input's features, by layer; for the parameters named here.
ROWS = {
    kind: {"weight": 0} for kind in ("dense", "simple_rnn", "lstm", "gru", "multi_head_attention", "maxout")
}
ROWS["conv1d"] = {"weight": 1}
# The axis of the output's features.
VECTORS = dict.fromkeys(("scale", "shift", "running_mean", "running_variance", "slope"), 0)
COLUMNS = dict.fromkeys(("batch_norm", "layer_norm", "rms_norm", "group_norm", "prelu"), VECTORS)
COLUMNS |= {"dense": {"weight": 1, "bias": 0}, "learned_positions": {"weight": 1}}


def turned(module: Module, slot: Slot, layout: str) -> dict[str, Value]:
    """The values of all of the slot's parameters and states. Raises Misfit."""
    if module.refusal:
        raise Misfit(module.refusal)
    if module.kinds and slot.kind.removesuffix(".output") not in module.kinds:
        raise Misfit(f"{module} is no {slot.kind}")
    if module.reverse is not None and module.reverse != getattr(slot.layer, "reverse", module.reverse):
        raise Misfit(f"{module} and {slot} read sequences in opposite directions")
    rule = RULES[layout].get(slot.kind, RULES[layout].get(""))
    if rule is None:
        raise Misfit(f"there is no rule that turns weights into those of {slot.kind}")
    taking = Taking(module, slot)
    rule(taking)
    values = taking.finished()
    if module.channels_first:
        values = _reordered(values, slot)
    return {name: _checked(value, slot.full(name)) for name, value in values.items()}


def _reordered(values: dict[str, Value], slot: Slot) -> dict[str, Value]:
    """With features of flattened images in our order."""
    found = dict(values)
    for order, axes in ((slot.rows, ROWS), (slot.columns, COLUMNS)):
        if order is None:
            continue
        if order is UNCLEAR:
            raise Misfit(f"{slot} gets a sum of features whose orders differ between the branches")
        for name, axis in axes.get(slot.kind, {}).items():
            if name in found and found[name].array.shape[axis] == order.size:
                value = found[name]
                how = f"{value.how}, CHW to HWC" if value.how else "CHW to HWC"
                found[name] = Value(np.take(value.array, order, axis), value.sources, how)
    return found


def _checked(value: Value, name: str) -> Value:
    if not np.isfinite(value.array).all():
        raise Misfit(f"{value.sources[0].name if value.sources else name} holds NaN or infinite numbers")
    return value
