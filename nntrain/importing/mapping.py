"""Mapping: what a user says of which weights go where, as `conv1.weight=conv2d_1.weight`."""

import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from nntrain.errors import UserError
from nntrain.importing.layouts import Misfit
from nntrain.importing.matching import Fits, Matched, matched, names
from nntrain.importing.module import Module, Source
from nntrain.importing.slots import Slot
from nntrain.options import close_to

GLOB = set("*?[")
FORM = "expected SOURCE=LAYER, such as 'conv1=conv2d_1' or 'conv1.weight=conv2d_1.weight'"
# How a framework calls a parameter of ours, for tensors that are mapped one by one.
KEYS = {
    "pytorch": {
        "scale": "weight", "shift": "bias", "running_variance": "running_var", "slope": "weight",
        "output_weight": "weight", "output_bias": "bias",
    },
    "keras": {
        "weight": "kernel", "scale": "gamma", "shift": "beta", "running_mean": "moving_mean",
        "running_variance": "moving_variance", "slope": "alpha", "recurrent_weight": "recurrent_kernel",
        "output_weight": "kernel", "output_bias": "bias",
    },
    "nntrain": {},
}  # fmt: skip
RECURRENT_KEYS = {
    "weight": "weight_ih",
    "recurrent_weight": "weight_hh",
    "bias": "bias_ih",
    "recurrent_bias": "bias_hh",
}
RECURRENT = ("simple_rnn", "lstm", "gru")


@dataclass
class Pins:
    """What the map settles, and what is left for the others."""

    result: Matched
    modules: list[Module]
    slots: list[Slot]
    dropped: list[Module] = field(default_factory=list)  # what the map says to leave out


class BadMap(UserError):
    """A map names something that is not there, or that does not fit."""


def pinned(
    maps: Iterable[str], source: Source, slots: Sequence[Slot], fits: Fits, by_shape: bool = False
) -> Pins:
    """Raises BadMap, whose place is the map."""
    pins = Pins(Matched(), list(source.modules), list(slots))
    alone: dict[int, list[tuple[Module, str, str]]] = {}  # by slot: tensors that are mapped one by one
    for entry in maps:
        theirs, equals, ours = (part.strip() for part in entry.partition("="))
        if not (theirs and equals):
            raise BadMap(FORM, place=entry)
        if (tensor := _tensor(theirs, pins.modules)) and (place := _parameter(ours, pins.slots)):
            alone.setdefault(id(place[0]), []).append((*tensor, place[1]))
            continue
        some = _modules(theirs, pins.modules, entry)
        if not ours:
            pins.dropped += some
        else:
            places = _slots(ours, pins.slots, entry)
            found = matched(source, some, places, fits, by_shape)
            if not found.is_whole:
                raise BadMap(_reason(some, places, found, fits), place=entry)
            pins.result.add(found)
            pins.slots = [slot for slot in pins.slots if slot not in places]
        pins.modules = [module for module in pins.modules if module not in some]
    for slot in [slot for slot in pins.slots if id(slot) in alone]:
        _settle(pins, slot, alone[id(slot)], source.layout, fits)
    return pins


def _settle(pins: Pins, slot: Slot, tensors: list[tuple[Module, str, str]], layout: str, fits: Fits) -> None:
    """Fills a slot by tensors that are mapped one by one; where they are those of one module that fits, by that."""
    modules = list({id(module): module for module, _, _ in tensors}.values())
    module = modules[0]
    if len(modules) > 1 or not fits(module, slot) or not _agrees(tensors, fits, slot):
        module = Module(names(modules), {}, channels_first=module.channels_first)
        for origin, key, parameter in tensors:
            own = _key(layout, slot, parameter)
            own = "bias_hh" if own == "bias_ih" and own in module.tensors else own
            module.tensors[own] = origin.tensors[key]
            del origin.tensors[key]
        pins.modules = [each for each in pins.modules if each not in modules or each.tensors]
    else:
        pins.modules.remove(module)
    if isinstance(misfit := fits.tried(module, slot), Misfit):
        raise BadMap(str(misfit), place=f"{tensors[0][0].tensors.get(tensors[0][1], module)}={slot}")
    pins.result.pairs.append(fits.pair(module, slot))
    pins.slots.remove(slot)


def _agrees(tensors: list[tuple[Module, str, str]], fits: Fits, slot: Slot) -> bool:
    """Whether the rule of the module makes of each tensor what the map says."""
    found = fits.tried(tensors[0][0], slot)
    return not isinstance(found, Misfit) and all(
        module.tensors[key] in found[parameter].sources for module, key, parameter in tensors
    )


def _key(layout: str, slot: Slot, parameter: str) -> str:
    if layout == "pytorch" and slot.kind in RECURRENT:
        return RECURRENT_KEYS[parameter]
    if layout == "keras" and slot.kind == "embedding":
        return "embeddings"
    return KEYS[layout].get(parameter, parameter)


def _tensor(name: str, modules: Sequence[Module]) -> tuple[Module, str] | None:
    for module in modules:
        for key, tensor in module.tensors.items():
            if name in (tensor.name, f"{module.name}.{key}"):
                return module, key
    return None


def _parameter(name: str, slots: Sequence[Slot]) -> tuple[Slot, str] | None:
    for slot in slots:
        for parameter in slot.shapes:
            if name == slot.full(parameter):
                return slot, parameter
    return None


def _modules(name: str, modules: Sequence[Module], entry: str) -> list[Module]:
    found = [module for module in modules if _names(name, module.name)]
    found = found or [m for m in modules if any(_names(name, each.name) for each in m.tensors.values())]
    if not found:
        known = [*(module.name for module in modules), *(t.name for m in modules for t in m.tensors.values())]
        raise BadMap(f"the file has nothing that is named {name!r}.{close_to(name, known)}", place=entry)
    return found


def _slots(name: str, slots: Sequence[Slot], entry: str) -> list[Slot]:
    found = [slot for slot in slots if _names(name, slot.name)]
    found = found or [slot for slot in slots if any(_names(name, slot.full(each)) for each in slot.shapes)]
    if not found:
        known = [*(slot.name for slot in slots), *(slot.full(each) for slot in slots for each in slot.shapes)]
        message = f"no layer of the network that needs weights is named {name!r}.{close_to(name, known)}"
        raise BadMap(message, "`nntrain summary CONFIG --parameters` lists them.", entry)
    return found


def _names(pattern: str, name: str) -> bool:
    """Whether the pattern is the name, one with * or ?, or the beginning of it."""
    if GLOB & set(pattern):
        return fnmatch.fnmatchcase(name, pattern)
    stem = pattern.rstrip("./")
    return name in (pattern, stem) or name.startswith((f"{stem}.", f"{stem}/"))


def _reason(modules: Sequence[Module], slots: Sequence[Slot], found: Matched, fits: Fits) -> str:
    if len(modules) == len(slots) == 1:
        return str(fits.tried(modules[0], slots[0]))
    message = f"{names(modules)} cannot be matched with {names(slots)} by order and shape"
    left = [f"nothing fits {names(found.slots)}"] if found.slots else []
    left += [f"no place for {names(found.modules)}"] if found.modules else []
    return "; ".join([message, *left])
