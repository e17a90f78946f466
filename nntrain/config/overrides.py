"""Overrides: `--set optimizer.adam.lr=3e-4`, put into a config's values before they are checked."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from nntrain.config import kinds
from nntrain.config.composer import compose
from nntrain.config.document import Document
from nntrain.config.place import Node, Place, PlacedError, Source
from nntrain.errors import ConfigError, Keys, Problem, dotted
from nntrain.options import did_you_mean, shown

NAME = re.compile(
    r"[^.\[\]\s]+(?:\.[^.\[\]\s]+|\[-?[0-9]{1,6}\])*"
)  # optimizer.adam.lr, model.layers[2].dense.units
PART = re.compile(r"\[(-?[0-9]+)\]|([^.\[\]]+)")


@dataclass(frozen=True)
class Override:
    """`K=V`, taken apart."""

    path: Keys  # as typed: entries of a list may be numbers or text
    text: str  # of V
    node: Node  # V

    @classmethod
    def parse(cls, override: str, place: Place) -> "Override":
        """Raises ConfigError."""
        name, equals, text = override.partition("=")
        if not (equals and NAME.fullmatch(name)):
            raise ConfigError(
                "expected NAME=VALUE, such as optimizer.adam.lr=3e-4 or model.layers[2].dense.units=64."
            )
        path = tuple(int(index) if index else part for index, part in PART.findall(name))
        try:
            value = compose(text, place.source)
        except ConfigError as error:
            raise error.below(*path) from None
        return cls(path, text, Node(value.value if value else None, place, place))


def overridden(document: Document, overrides: Iterable[str], kind: Any) -> Document:
    """The document with each `K=V` in its place, in the given order. `kind` is the config's class. Raises PlacedError."""
    root, found = document.root, []
    for override in overrides:
        place = Place(Source.of(f"--set {override}", override.partition("=")[2], is_file=False))
        try:
            root = _Setter(Override.parse(override, place)).put(root, 0, (), kind)
        except ConfigError as error:
            found += [(place, problem) for problem in error.problems]
    if found:
        raise PlacedError(found)
    return document.with_root(root)


class _Setter:
    """Walks down the path of one override, and makes the nodes anew on the way back up."""

    def __init__(self, override: Override):
        self.override = override
        self.path = override.path

    def put(self, node: Node | None, depth: int, at: Keys, kind: Any) -> Node:
        """`node`, which stands at `at`, with the new value at the rest of the path. None: nothing is written there."""
        new = self.override.node
        if depth == len(self.path):
            return new
        part = self.path[depth]
        if node is None or node.value is None:
            node = Node({}, new.place, new.place)
        node = kinds.spelled_out(node, kind)
        if node.value == part:  # a bare name where any kind may stand
            node = Node({part: Node({}, node.place, node.place)}, node.place, node.key)
        if isinstance(node.value, list):
            index = self.index(part, len(node.value), at)
            entry = self.put(node.value[index], depth + 1, (*at, index), kinds.child(kind, index))
            return Node([*node.value[:index], entry, *node.value[index + 1 :]], node.place, node.key)
        self.check_mapping(node, part, at, kind)
        if members := kinds.family(kind):
            part = self.member(node, part, depth, at, members)
        elif left_out := kinds.left_out(kind, part):  # data.digits of data.source.digits
            return self.entry(node, left_out, depth, at, kind)
        return self.entry(node, part, depth + 1, at, kind)

    def entry(self, node: Node, part: str, depth: int, at: Keys, kind: Any) -> Node:
        below = self.put(node.value.get(part), depth, (*at, part), kinds.child(kind, part))
        return Node({**node.value, part: below}, node.place, node.key)

    def index(self, part: str | int, count: int, at: Keys) -> int:
        try:
            index = int(part)
        except ValueError:
            raise mistake(at, f"is a list: say which entry, such as {dotted((*at, 0))}.{part}.") from None
        if not -count <= index < count:
            there_are = (
                f"{count} entries, [0] to [{count - 1}]"
                if count > 1
                else "one entry, [0]"
                if count
                else "no entries"
            )
            raise mistake(at, f"has {there_are}. Received: [{index}].")
        return index % count

    def check_mapping(self, node: Node, part: str | int, at: Keys, kind: Any) -> None:
        """Refuses to look for `part` in what is no mapping."""
        if kinds.child(kind, 0) is not None:
            came = f"{shown(node.plain())} in the config" if node.value else "not in the config"
            raise mistake(
                at,
                f"is {came}: there is no list to take an entry of. Set the whole: --set {dotted(at)}='[...]'.",
            )
        if isinstance(node.value, dict) and isinstance(part, int):
            raise mistake(at, f"is not a list. Received: [{part}].")
        if isinstance(node.value, dict):
            return
        raise mistake(
            at,
            f"is {shown(node.value)} in the config, which has no options. Set the whole: --set {self.whole(at)}.",
        )

    def member(self, node: Node, part: str, depth: int, at: Keys, family: Any) -> str:
        """The name under which the config has the component that `part` names."""
        members = family.members()
        if part in node.value or len(node.value) != 1:
            return part
        (present,) = node.value
        kind = members.get(present)
        if kind and members.get(part) is kind:  # an alias
            return present
        if part in members:
            raise mistake(
                at, f"is {present!r} in the config. To change it, set the whole: --set {self.whole(at)}."
            )
        if kind and part in kind.option_names():
            raise mistake(
                at, f"is {present!r} in the config. Write {dotted((*at, present, *self.path[depth:]))}."
            )
        raise mistake(at, f"no {family.kind_name()} is named {part!r}.{did_you_mean(part, members)}")

    def whole(self, at: Keys) -> str:
        """optimizer='{adam: {lr: 3e-4}}'"""
        text = self.override.text
        for part in reversed(self.path[len(at) :]):
            text = f"{{{part}: {text}}}"
        return f"{dotted(at)}='{text}'"


def mistake(at: Keys, message: str) -> ConfigError:
    return ConfigError([Problem(at, message)])
