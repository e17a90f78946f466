"""Transfer: what of a file fills which parameter of a network; an error shows both sides."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from nntrain.errors import UserError
from nntrain.importing.folded import Folds
from nntrain.importing.layouts.taking import Misfit, shown
from nntrain.importing.mapping import pinned
from nntrain.importing.matching import Fits, Matched, Pair, matched, names
from nntrain.importing.module import Module, Shape, Source
from nntrain.importing.slots import Slot, slots_of
from nntrain.importing.ties import without_tied
from nntrain.network.graph import Graph

MOST_LINES = 40  # of both sides in an error


@dataclass(frozen=True)
class Row:
    """One array of the network and where it comes from; an empty name on the side that has none."""

    source: str  # the tensors in the file
    source_shape: Shape | None
    how: str  # how it was turned; empty: as it is
    parameter: str
    shape: Shape | None


@dataclass
class Transfer:
    """All arrays for a network, and what is left over."""

    framework: str
    values: dict[str, np.ndarray]
    rows: list[Row]
    pairs: list[Pair]
    unused: list[str] = field(default_factory=list)  # tensors that fill nothing
    initial: list[str] = field(default_factory=list)  # parameters that keep their initial values
    notes: list[str] = field(default_factory=list)


class Missing(UserError):
    """Something is left over: not every layer has weights, or not all weights have a layer."""


class Ambiguous(UserError):
    """Several layers of the same shape, in an order that is not known. `example`: a map that would settle a part of it."""

    def __init__(self, message: str, hint: str, example: str):
        super().__init__(message, hint)
        self.example = example


def transfer(
    source: Source,
    graph: Graph,
    maps: Sequence[str] = (),
    *,
    by_shape: bool = False,
    partial: bool = False,
    dtype: np.dtype | None = None,
) -> Transfer:
    """Raises UserError: Missing unless `partial`, Ambiguous, BadMap.

    by_shape: as of `matched`. partial: what has no counterpart keeps its initial values, or is left out.
    """
    fits = Fits(source.layout)
    slots = slots_of(graph, split=source.layout != "nntrain")
    if not slots:
        raise UserError("no layer of the network has parameters")
    source = without_tied(source, slots)
    folds = Folds(source, slots)
    pins = pinned(maps, source, folds.slots, fits, by_shape)
    found = pins.result
    found.add(matched(source, pins.modules, pins.slots, fits, by_shape))
    if found.ambiguous:
        raise _ambiguous(source, found, fits)
    optional = [module for module in found.modules if module.is_optional]
    found.modules = [module for module in found.modules if not module.is_optional]
    if not partial and not found.is_whole:
        raise _missing(source, found, fits)
    if not found.pairs:
        raise _missing(source, found, fits)
    folds.unfold(found)
    places = {id(slot): at for at, slot in enumerate(slots)}
    pairs = sorted(found.pairs, key=lambda pair: places[id(pair.slot)])
    left = [
        tensor for module in (*optional, *found.modules, *pins.dropped) for tensor in module.tensors.values()
    ]
    result = Transfer(
        source.framework,
        _values(pairs, dtype or np.dtype(np.float32)),
        [row for pair in pairs for row in _rows(pair)],
        pairs,
        [tensor.name for tensor in left],
        [slot.full(name) for slot in found.slots for name in slot.shapes],
        [*source.notes, *_guesses(found.guessed, by_shape)],
    )
    result.rows += [Row("", None, "", name, shape) for name, shape in _left(found.slots)]
    result.rows += [Row(tensor.name, tensor.shape, "", "", None) for tensor in left]
    return result


def _guesses(modules: Sequence[Module], by_shape: bool) -> list[str]:
    how = "their order" if by_shape else "the numbers in their names"
    return [f"layers of equal shape matched by {how}: {names(modules)}"] if modules else []


def _values(pairs: Iterable[Pair], dtype: np.dtype) -> dict[str, np.ndarray]:
    values = {}
    for pair in pairs:
        for name, value in pair.values.items():
            with np.errstate(over="ignore"):
                array = np.array(value.array, dtype)
            if not np.isfinite(array).all():
                raise UserError(f"{pair.slot.full(name)} would hold numbers beyond the range of {dtype}")
            values[pair.slot.full(name)] = array
    return values


def _rows(pair: Pair) -> Iterable[Row]:
    for name in pair.slot.shapes:
        value = pair.values[name]
        sources = [tensor.name for tensor in value.sources]
        shape = value.sources[0].shape if value.sources else None
        yield Row(_joined(sources), shape, value.how, pair.slot.full(name), pair.slot.shapes[name])


def _joined(names: Sequence[str]) -> str:
    """The names, with the beginning that all have in common once: `rnn.bias_ih_l0, bias_hh_l0`."""
    first, last = min(names, default=""), max(names, default="")
    same = [one == other for one, other in zip(first, last, strict=False)]
    common = first[: same.index(False)] if False in same else first
    stem = max(common.rfind("."), common.rfind("/")) + 1
    return ", ".join([*names[:1], *(each[stem:] for each in names[1:])])


def _left(slots: Iterable[Slot]) -> Iterable[tuple[str, Shape]]:
    return ((slot.full(name), shape) for slot in slots for name, shape in slot.shapes.items())


def _ambiguous(source: Source, found: Matched, fits: Fits) -> Ambiguous:
    groups = found.ambiguous
    lines = []
    for modules, slots in groups[:MOST_LINES]:
        lines.append(f"{_count(modules)} of the file: {names(modules)}")
        lines.append(f"    fit {_count(slots)} of the network: {names(slots)}")
    (modules, slots), *_ = groups
    example = f"{modules[0]}={slots[0].name}"
    message = "\n  ".join(["layers of the same shape cannot be distinguished", *lines])
    hint = (
        f"Map them, as {example!r}; or set by_shape=True, if both sides list such layers in the same order."
    )
    return Ambiguous(message, hint, example)


def _count(things: Sequence[object]) -> str:
    return f"{len(things)} layer{'s' * (len(things) != 1)}"


def _missing(source: Source, found: Matched, fits: Fits) -> Missing:
    some, slots = found.modules, found.slots
    parts = []
    if slots:
        parts.append(f"the file has nothing for {_count(slots)} of the network: {names(slots, 3)}")
    if some:
        parts.append(f"the network has no place for {_count(some)} of the file: {names(some, 3)}")
    table = _both_sides(found)
    reasons = list(dict.fromkeys(_reasons(some, slots, fits)))[:8]
    message = "\n  ".join(["; ".join(parts), *table, *reasons])
    hint = "Change the config so that both have the same layers, or set partial=True to leave out what has no counterpart."
    return Missing(message, hint)


def _both_sides(found: Matched) -> list[str]:
    """The layers of the file beside those of the network."""
    lines = [(_described(pair.module), f"-> {_shaped(pair.slot)}") for pair in found.pairs]
    lines += [(_described(module), "-> ?") for module in found.modules]
    lines += [("?", f"-> {_shaped(slot)}") for slot in found.slots]
    more = len(lines) - MOST_LINES
    lines = lines[:MOST_LINES]
    width = max((len(left) for left, _ in lines), default=0)
    table = [f"{left.ljust(width)}  {right}" for left, right in lines]
    return [*table, *([f"and {more} more"] if more > 0 else [])]


def _described(module: Module) -> str:
    tensor = next(iter(module.tensors.values()))
    return f"{module} {shown(tensor.shape)}"


def _shaped(slot: Slot) -> str:
    return f"{slot} {shown(next(iter(slot.shapes.values())))}"


def _reasons(modules: Sequence[Module], slots: Sequence[Slot], fits: Fits) -> Iterable[str]:
    """Why what is left over does not fit, the first with the first and so on: the order is often right."""
    for module in modules:
        if module.refusal:
            yield module.refusal
    for module, slot in zip(modules, slots, strict=False):
        tried = fits.tried(module, slot)
        if isinstance(tried, Misfit):
            yield str(tried)


def summary(found: Transfer) -> Mapping[str, object]:
    """For run.json."""
    return {
        "framework": found.framework,
        "arrays": len(found.values),
        "unused": found.unused,
        "initial": found.initial,
    }
