"""Ties: output layers that use the embedding's weight, which a file can hold under two names.

The second name is left out, so that both kinds of files hold the same: the embedding's weight once, and the output layer's bias, if any.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nntrain.importing.module import Module, Source
from nntrain.importing.slots import Slot


def without_tied(source: Source, slots: Sequence[Slot]) -> Source:
    """The source, where the network has tied weights without the second of equal ones."""
    shapes = {slot.shapes["weight"] for slot in slots if slot.node.tied_by}
    changed: dict[int, Module] = {}
    notes = []
    for shape in shapes if source.layout == "pytorch" else ():
        kept: list[Module] = []
        for module in sorted(_holders(source, shape), key=_is_no_embedding):
            weight = module.tensors["weight"]
            first = next((other for other in kept if _equal(other, module)), None)
            if first is None:
                kept.append(module)
                continue
            rest = {key: tensor for key, tensor in module.tensors.items() if key != "weight"}
            changed[id(module)] = replace(module, tensors=rest)
            notes.append(f"{weight.name} is the weight of {first}: tied")
    modules = [changed.get(id(module), module) for module in source.modules]
    modules = [module for module in modules if module.tensors or id(module) not in changed]
    return replace(source, modules=modules, notes=(*source.notes, *notes))


def _holders(source: Source, shape: tuple[int, ...]) -> list[Module]:
    found = [module for module in source.modules if "weight" in module.tensors]
    return [m for m in found if m.tensors["weight"].shape == shape and m.tensors["weight"].is_real]


def _is_no_embedding(module: Module) -> bool:
    return len(module.tensors) > 1 or (bool(module.kinds) and "embedding" not in module.kinds)


def _equal(one: Module, other: Module) -> bool:
    return np.array_equal(one.tensors["weight"].load(), other.tensors["weight"].load())
