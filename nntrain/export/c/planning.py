"""Planning: where the output of each block lies: in the caller's y, in the input, or in the workspace, whose places are reused."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from nntrain.export.c.blocks import Block, is_view
from nntrain.export.c.calls.call import in_place, scratch
from nntrain.export.c.compiler import X, Y
from nntrain.layers.context import Shape
from nntrain.network.graph import INPUT

FLOAT_BYTES = 4


@dataclass(eq=False)
class Storage:
    """Memory that holds one output after the other, of the same size, from block `first` to block `last`."""

    words: int  # floats
    first: int
    last: int
    argument: str = ""  # X or Y, where it belongs to the caller
    offset: int = 0  # in the workspace


@dataclass(frozen=True)
class Plan:
    storage: dict[str, Storage]  # of each block's output
    scratch: dict[str, Storage]  # of blocks that need working memory
    words: int  # of the workspace

    @property
    def offsets(self) -> list[int]:
        """All places in the workspace, in order."""
        found = [*self.storage.values(), *self.scratch.values()]
        return sorted({one.offset for one in found if not one.argument})


def words_of(shape: Shape, element: str) -> int:
    values = math.prod(shape)
    return values if element == "float" else -(-values // FLOAT_BYTES)


def planned(blocks: Sequence[Block]) -> Plan:
    """A place for each output, as early in the workspace as what is alive at the same time allows; the largest first."""
    last_use = {name: place for place, block in enumerate(blocks) for name in block.inputs}
    last_use[blocks[-1].name] = len(blocks)
    storage = {INPUT: Storage(0, -1, len(blocks), X)}
    for place, block in enumerate(blocks):
        source, *others = (storage[name] for name in block.inputs)
        size = words_of(block.shape, block.element)
        dies = source.argument != X and source.last <= place and source not in others and source.words == size
        if is_view(block) or (in_place(block.layer) and dies):
            storage[block.name] = source
            source.last = max(source.last, last_use[block.name])
        else:
            storage[block.name] = Storage(size, place, last_use[block.name])
    storage[blocks[-1].name].argument = Y
    own = {
        block.name: Storage(words, place, place)
        for place, block in enumerate(blocks)
        if (words := scratch(block.layer, block))
    }
    movable = [one for one in dict.fromkeys([*storage.values(), *own.values()]) if not one.argument]
    words = _assign(movable)
    return Plan(storage, own, words)


def _assign(storages: Sequence[Storage]) -> int:
    """Gives each storage its offset; returns the floats that all of them take."""
    placed: list[Storage] = []
    for one in sorted(storages, key=lambda storage: -storage.words):
        beside = [other for other in placed if one.first <= other.last and other.first <= one.last]
        offset = 0
        for other in sorted(beside, key=lambda storage: storage.offset):
            if offset + one.words <= other.offset:
                break
            offset = max(offset, other.offset + other.words)
        one.offset = offset
        placed.append(one)
    return max((one.offset + one.words for one in placed), default=0)
