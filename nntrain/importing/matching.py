"""Matching: which module of the file fills which slot of the network, by a map, by name, or by order and shape."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from nntrain.importing.layouts import Misfit, Value, turned
from nntrain.importing.module import Module, Source
from nntrain.importing.slots import Slot


@dataclass(frozen=True)
class Pair:
    """A module and the slot that it fills, with the values."""

    module: Module
    slot: Slot
    values: dict[str, Value]


@dataclass
class Matched:
    """What was found; without pairs for all, `Unmatched` says why."""

    pairs: list[Pair] = field(default_factory=list)
    modules: list[Module] = field(default_factory=list)  # left over
    slots: list[Slot] = field(default_factory=list)  # left over
    ambiguous: list[tuple[list[Module], list[Slot]]] = field(default_factory=list)
    guessed: list[Module] = field(
        default_factory=list
    )  # matched by numbers in their names, or by their order among equals

    def add(self, other: "Matched") -> None:
        self.pairs += other.pairs
        self.modules += other.modules
        self.slots += other.slots
        self.ambiguous += other.ambiguous
        self.guessed += other.guessed

    @property
    def is_whole(self) -> bool:
        return not (self.modules or self.slots or self.ambiguous)


class Fits:
    """Which module fits which slot, each tried once."""

    def __init__(self, layout: str):
        self.layout = layout
        self._found: dict[tuple[int, int], dict[str, Value] | Misfit] = {}

    def __call__(self, module: Module, slot: Slot) -> bool:
        return not isinstance(self.tried(module, slot), Misfit)

    def tried(self, module: Module, slot: Slot) -> dict[str, Value] | Misfit:
        key = id(module), id(slot)
        if key not in self._found:
            try:
                self._found[key] = turned(module, slot, self.layout)
            except Misfit as misfit:
                self._found[key] = misfit
        return self._found[key]

    def pair(self, module: Module, slot: Slot) -> Pair:
        found = self.tried(module, slot)
        assert not isinstance(found, Misfit)
        return Pair(module, slot, found)


def matched(
    source: Source, modules: Sequence[Module], slots: Sequence[Slot], fits: Fits, by_shape: bool = False
) -> Matched:
    """By the first of these that answers: equal names, the order of both sides, a shape that occurs once, numbers in names.

    by_shape: layers of equal shape follow each other in the same order on both sides, where nothing else tells them apart.
    """
    named = {module.name: module for module in modules}
    by_name = [
        (named[slot.name], slot) for slot in slots if slot.name in named and fits(named[slot.name], slot)
    ]
    if by_name and (source.layout == "nntrain" or len(by_name) == len(slots)):
        result = Matched([fits.pair(*pair) for pair in by_name])
        taken = {module.name for module, _ in by_name}
        rest = [module for module in modules if module.name not in taken]
        result.add(matched(source, rest, [slot for slot in slots if slot.name not in taken], fits, by_shape))
        return result
    usable = [module for module in modules if any(fits(module, slot) for slot in slots)]
    fillable = [slot for slot in slots if any(fits(module, slot) for module in modules)]
    result = Matched(
        modules=[module for module in modules if module not in usable],
        slots=[slot for slot in slots if slot not in fillable],
    )
    in_order = len(usable) == len(fillable) and all(map(fits, usable, fillable))
    if source.is_ordered and in_order:
        result.pairs = list(map(fits.pair, usable, fillable))
        return result
    for some, places in components(usable, fillable, fits):
        ordered = some if by_shape else numbered(some)
        if len(some) == len(places) == 1:
            result.pairs.append(fits.pair(some[0], places[0]))
        elif len(some) == len(places) and ordered and all(map(fits, ordered, places)):
            result.pairs += map(fits.pair, ordered, places)
            result.guessed += ordered
        else:
            result.ambiguous.append((some, places))
    return result


def components(
    modules: Sequence[Module], slots: Sequence[Slot], fits: Fits
) -> list[tuple[list[Module], list[Slot]]]:
    """Groups that share nothing: a module of one fits no slot of another."""
    found: list[tuple[list[Module], list[Slot]]] = []
    for slot in slots:
        some, places = [module for module in modules if fits(module, slot)], [slot]
        for other in [group for group in found if any(module in group[0] for module in some)]:
            found.remove(other)
            some = [module for module in modules if module in some or module in other[0]]
            places = [*other[1], *places]
        found.append((some, places))
    return found


def numbered(modules: Sequence[Module]) -> list[Module]:
    """In the order of the numbers in their names, if they differ in nothing else, as `fc1` and `fc2`; empty otherwise."""
    if len({re.sub(r"_?\d+", "", module.name) for module in modules}) > 1:
        return []
    numbers = {tuple(map(int, re.findall(r"\d+", module.name))): module for module in modules}
    return [numbers[key] for key in sorted(numbers)] if len(numbers) == len(modules) else []


def names(things: Iterable[object], most: int = 6) -> str:
    listed = list(map(str, things))
    return ", ".join(listed[:most]) + (f" and {len(listed) - most} more" if len(listed) > most else "")
