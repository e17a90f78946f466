"""Tree sum: adds arrays in the order of a fixed binary tree, so that partial sums of neighbours give the same bits as the whole."""

from functools import lru_cache

import numpy as np

from nntrain import kernels

SMALL = 4096  # values that NumPy adds faster than a kernel is called

Node = tuple[int, int]  # a level and the place in it, both from 0


class TreeSum:
    """The sum of equally long flat arrays, the leaves, that are added one after the other from left to right.

    Leaves 2i and 2i+1 make the sum i of level 1, two neighbours of that level one of level 2, and so on; what has no
    neighbour at the end is added from right to left. The bits of the result depend on nothing else: a process that has some
    neighbouring leaves only passes on the sums that lie within them, its `nodes`, and whoever adds these in order gets the
    same sum.
    """

    def __init__(self) -> None:
        self.nodes: list[tuple[Node, np.ndarray]] = []  # from left to right
        self._read_only: list[np.ndarray] = []  # among them: of others
        self._made: list[np.ndarray] = []  # the memory of copies
        self._spare: list[np.ndarray] = []  # what of it is free

    def add_leaf(self, index: int, leaf: np.ndarray, own: bool = False) -> None:
        """The leaf is copied, unless it is the sum's `own`, which may be changed and must not be written before the total."""
        self.add_node((0, index), leaf, own)

    def add_node(self, node: Node, values: np.ndarray, own: bool = False, lasting: bool = False) -> None:
        """A sum of leaves right of all that were added. lasting: it stays as it is until the total, so it need not be copied."""
        level, index = node
        while index % 2 and self.nodes and self.nodes[-1][0] == (level, index - 1):
            left = self.nodes.pop()[1]
            if own:
                add(values, left)
                self._spare += [made for made in self._made if made is left]
            else:
                left = self._writable(left)
                add(left, values)
                values, own = left, True
            level, index = level + 1, index // 2
        if lasting and not own:
            self._read_only.append(values)
        elif not own:
            values = self._copied(values)
        self.nodes.append(((level, index), values))

    def total(self, out: np.ndarray) -> None:
        """Writes the sum of all, of nothing 0, to `out`, and starts anew."""
        if not self.nodes:
            out[...] = 0
            return
        *others, (_, last) = self.nodes
        found = self._writable(last) if others else last
        for _, left in reversed(others):
            add(found, left)
        if found is not out:
            out[...] = found
        self.clear()

    def _writable(self, values: np.ndarray) -> np.ndarray:
        return self._copied(values) if any(values is other for other in self._read_only) else values

    def clear(self) -> None:
        """Forgets what was added, and keeps the memory for the next sum."""
        self._spare = list(self._made)
        self._read_only.clear()
        self.nodes.clear()

    def _copied(self, values: np.ndarray) -> np.ndarray:
        kind = values.shape, values.dtype
        copy = next((spare for spare in self._spare if (spare.shape, spare.dtype) == kind), None)
        if copy is None:
            copy = np.empty_like(values)
            self._made.append(copy)
        self._spare = [spare for spare in self._spare if spare is not copy]
        copy[...] = values
        return copy


@lru_cache
def nodes_of(first: int, end: int) -> tuple[Node, ...]:
    """The nodes of a `TreeSum` of the leaves `first` to `end` - 1."""
    nodes = []
    while first < end:
        room = (end - first).bit_length() - 1
        level = min((first & -first).bit_length() - 1, room) if first else room
        nodes.append((level, first >> level))
        first += 1 << level
    return tuple(nodes)


def add(total: np.ndarray, part: np.ndarray) -> None:
    """total += part."""
    if total.size < SMALL:
        total += part
    else:
        kernels.gradient.add(total, part)
