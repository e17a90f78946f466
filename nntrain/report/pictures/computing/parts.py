"""Parts: the layers of a graph as a reader of the config sees them: a chain of layers and of blocks that hold chains."""

import dataclasses
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from nntrain.report.formats import counted
from nntrain.report.pictures.computing.layer_names import by, described

if TYPE_CHECKING:
    from nntrain.network.graph import Graph
    from nntrain.network.node import Node

Kind = Literal["weights", "activation", "norm", "random", "shape", "merge", "data", "loss", "more"]
LONGEST = 24  # letters of the sizes of a layer's parameters
RUN = 3  # equal neighbours or more are drawn once


@dataclass
class Part:
    """A layer with its activation; or a block: `times` repetitions of its branches, side by side, which `merge` joins.

    name: of the node with its output. follows: whether it reads the part before it. sources: the names of other nodes that it
    reads. An empty branch is the identity.
    """

    name: str
    lines: list[str]
    kind: Kind = "weights"
    shape: str = ""  # of the output
    parameters: int = 0
    frozen: bool = False
    follows: bool = True
    sources: list[str] = field(default_factory=list)
    branches: list[list["Part"]] = field(default_factory=list)
    merge: str = ""
    times: int = 1

    @property
    def is_block(self) -> bool:
        return bool(self.branches)

    def walk(self) -> Iterator["Part"]:
        """Itself and all parts of its branches."""
        yield self
        for branch in self.branches:
            for part in branch:
                yield from part.walk()

    def layers(self) -> int:
        """The number of layers with all repetitions."""
        if not self.is_block:
            return 1
        return self.times * sum(part.layers() for branch in self.branches for part in branch)

    def alike(self) -> tuple[Any, ...]:
        """What equal parts have in common; other sources make them different."""
        own = self.lines[1:] if self.is_block else self.lines
        inner = tuple(tuple(part.alike() for part in branch) for branch in self.branches)
        place = (self.shape, self.follows, *self.sources)
        return (*own, *place, self.parameters, inner, self.merge, self.times)


def parts_of(graph: "Graph") -> list[Part]:
    """The layers of a graph, without the data."""
    return chain(graph.layers, "", graph.input.name)


def chain(nodes: Sequence["Node"], prefix: str, previous: str) -> list[Part]:
    """The parts of the nodes whose names begin with `prefix`; `previous` is the node before them."""
    found: list[Part] = []
    for name, group in itertools.groupby(nodes, lambda node: node.name.removeprefix(prefix).split(".")[0]):
        members = list(group)
        is_layer = members[0].name == prefix + name
        found += [layer(members, previous)] if is_layer else block(members, prefix + name, previous)
        previous = members[-1].name
    return repeated(found)


def layer(nodes: Sequence["Node"], previous: str) -> Part:
    """A layer and its activation."""
    first, last = nodes[0], nodes[-1]
    shapes = [param.shape for node in nodes for param in node.parameters.values()]
    total = sum(map(math.prod, shapes))
    called = f"{first.layer.name}: " if first.layer.name else ""
    lines = [f"{called}{described(first.layer)}"]
    if shapes:
        sizes = " + ".join(map(by, shapes))
        sizes = sizes if len(sizes) <= LONGEST else counted(len(shapes), "array")
        frozen = " frozen" if first.frozen else " partly frozen" if first.fixed else ""
        lines.append(f"{sizes} = {total:,}{frozen}")
    sources = [source.name for source in first.inputs if source.name != previous]
    follows = len(sources) < len(first.inputs)
    is_frozen = first.frozen and total > 0
    return Part(last.name, lines, kind_of(first, total), by(last.shape), total, is_frozen, follows, sources)


def kind_of(node: "Node", parameters: int) -> Kind:
    from nntrain.layers.layer import Activation

    layer = node.layer
    if type(layer).__module__.endswith(".norm"):
        return "norm"
    if parameters:
        return "weights"
    if isinstance(layer, Activation):
        return "activation"
    if layer.merges:
        return "merge"
    return "random" if layer.only_in_training else "shape"


def block(nodes: Sequence["Node"], name: str, previous: str) -> list[Part]:
    """A layer that holds others: one part, or one for each different repetition."""
    prefix = f"{name}."
    inner = [node for node in nodes if "." in node.name.removeprefix(prefix)]
    merge = next((node for node in nodes if node not in inner), None)
    labels = dict.fromkeys(node.name.removeprefix(prefix).split(".")[0] for node in inner)
    title = name.split(".")[-1]
    entry = nodes[0].inputs[0].name  # not `previous` where it names its input
    place: dict[str, Any] = {} if entry == previous else {"follows": False, "sources": [entry]}
    branches: list[list[Part]] = []
    before = entry
    for label in labels:
        members = [node for node in inner if node.name.startswith(f"{prefix}{label}.")]
        branches.append(chain(members, f"{prefix}{label}.", before))
        if merge is None:  # repetitions follow each other
            before = members[-1].name
    if merge is None:
        ends = [branch[-1] for branch in branches]
        turns = [
            Part(end.name, [title], shape=end.shape, branches=[turn])
            for end, turn in zip(ends, branches, strict=True)
        ]
        turns = repeated(turns, fewest=2)
        return [dataclasses.replace(turns[0], **place), *turns[1:]]
    if any(source.name == entry for source in merge.inputs):
        branches.append([])
    last = nodes[-1]
    return [
        Part(
            last.name, [title], shape=by(last.shape), branches=branches, merge=merge.layer.yaml_name, **place
        )
    ]


def repeated(parts: list[Part], fewest: int = RUN) -> list[Part]:
    """`fewest` equal neighbours or more as one block."""
    found: list[Part] = []
    for _, group in itertools.groupby(parts, Part.alike):
        members = list(group)
        if len(members) < fewest:
            found += members
        elif members[0].is_block and members[0].times == 1 and not members[0].merge:
            found.append(dataclasses.replace(members[-1], branches=members[0].branches, times=len(members)))
        else:
            found.append(
                Part(
                    members[-1].name,
                    ["equal blocks" if members[0].is_block else "equal layers"],
                    shape=members[0].shape,
                    branches=[members[:1]],
                    times=len(members),
                )
            )
    return found


def from_dict(values: dict[str, Any]) -> Part:
    """The part that `dataclasses.asdict` made these values of."""
    branches = [[from_dict(part) for part in branch] for branch in values["branches"]]
    return Part(**{**values, "branches": branches})
