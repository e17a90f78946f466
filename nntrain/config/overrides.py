"""Overrides: `optimizer.adam.lr=3e-4` replaces a value of a config before validation."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from nntrain.config import kinds
from nntrain.config.composer import compose
from nntrain.config.document import Document
from nntrain.config.place import Place, PlacedError, Text, YamlNode
from nntrain.errors import ConfigError, Keys, Problem, dotted
from nntrain.options import shown

NAME = re.compile(
    r"[^.\[\]\s]+(?:\.[^.\[\]\s]+|\[-?[0-9]{1,6}\])*"
)  # optimizer.adam.lr, model.layers[2].dense.units
PART = re.compile(r"\[(-?[0-9]+)\]|([^.\[\]]+)")


@dataclass(frozen=True)
class Override:
    """`K=V`, parsed."""

    path: Keys  # as typed: the index of a list's entry can be a number or text
    text: str  # of V
    node: YamlNode  # V

    @classmethod
    def parse(cls, override: str, place: Place) -> "Override":
        """Raises ConfigError."""
        name, equals, text = override.partition("=")
        if not (equals and is_name(name)):
            raise ConfigError(
                "expected NAME=VALUE, such as optimizer.adam.lr=3e-4 or model.layers[2].dense.units=64"
            )
        path = keys_of(name)
        try:
            value = compose(text, place.text)
        except ConfigError as error:
            raise error.below(*path) from None
        node = replace(value, place=place, key=place) if value else YamlNode(None, place, place)
        return cls(path, text, node)


def is_name(name: str) -> bool:
    """Whether a text is written as the name of an option."""
    return NAME.fullmatch(name) is not None


def keys_of(name: str) -> Keys:
    """ "model.layers[2].dense" -> ("model", "layers", 2, "dense")."""
    return tuple(int(index) if index else part for index, part in PART.findall(name))


def overridden(document: Document, overrides: Iterable[str], kind: Any) -> Document:
    """The document with each `K=V` applied, in the given order. `kind` is the config's class. Raises PlacedError."""
    root, found = document.root, []
    for override in overrides:
        place = Place(Text.of(f"--set {override}", override.partition("=")[2], is_file=False))
        try:
            root = _Setter(Override.parse(override, place)).put(root, 0, (), kind)
        except ConfigError as error:
            found += [(place, problem) for problem in error.problems]
    if found:
        raise PlacedError(found)
    return document.with_root(root)


def put(document: Document, override: Override, kind: Any) -> Document:
    """The document with one value replaced. Raises ConfigError with the keys where it cannot be."""
    return document.with_root(_Setter(override).put(document.root, 0, (), kind))


class _Setter:
    """Walks down the path of one override, and rebuilds the nodes on the way back up."""

    def __init__(self, override: Override):
        self.override = override
        self.path = override.path

    def put(self, node: YamlNode | None, depth: int, at: Keys, kind: Any) -> YamlNode:
        """`node`, at the path `at`, with the new value at the rest of the path. None: nothing is written there."""
        new = self.override.node
        if depth == len(self.path):
            return new
        part = self.path[depth]
        if node is None or node.value is None:
            node = YamlNode({}, new.place, new.key)
        node = kinds.spelled_out(node, kind)
        if node.value == part:  # a bare name where the kind is unknown
            node = YamlNode({part: YamlNode({}, node.place, node.place)}, node.place, node.key)
        if isinstance(node.value, list):
            index = self.index(part, len(node.value), at)
            entry = self.put(node.value[index], depth + 1, (*at, index), kinds.child(kind, index))
            return YamlNode([*node.value[:index], entry, *node.value[index + 1 :]], node.place, node.key)
        self.check_mapping(node, part, at, kind)
        name = str(part)
        if members := kinds.family(kind):
            name = self.member(node, name, depth, at, members)
        elif left_out := kinds.left_out(kind, name):  # data.digits of data.source.digits
            return self.entry(node, left_out, depth, at, kind)
        return self.entry(node, name, depth + 1, at, kind)

    def entry(self, node: YamlNode, part: str, depth: int, at: Keys, kind: Any) -> YamlNode:
        below = self.put(node.value.get(part), depth, (*at, part), kinds.child(kind, part))
        return YamlNode({**node.value, part: below}, node.place, node.key)

    def index(self, part: str | int, count: int, at: Keys) -> int:
        try:
            index = int(part)
        except ValueError:
            raise _error(
                at, f"expected the index of an entry. Received: {part!r}", f"Set {dotted((*at, 0))}.{part}"
            ) from None
        if not -count <= index < count:
            there_are = (
                f"{count} entries, [0] to [{count - 1}]"
                if count > 1
                else "one entry, [0]"
                if count
                else "no entries"
            )
            raise _error(at, f"has {there_are}. Received: [{index}]")
        return index % count

    def check_mapping(self, node: YamlNode, part: str | int, at: Keys, kind: Any) -> None:
        """Raises ConfigError where `node` is not a mapping."""
        if kinds.child(kind, 0) is not None:
            found = (
                f"is {shown(node.tree())} in the config, not a list"
                if node.value
                else "is not set in the config"
            )
            raise _error(at, found, f"Set the whole list: {dotted(at)}='[...]'")
        if isinstance(node.value, dict) and isinstance(part, int):
            raise _error(at, f"is not a list. Received: [{part}]")
        if isinstance(node.value, dict):
            return
        raise _error(
            at,
            f"is {shown(node.value)} in the config, which has no options",
            f"Set the whole: {self.whole(at)}",
        )

    def member(self, node: YamlNode, part: str, depth: int, at: Keys, family: Any) -> str:
        """The name in the config of the component that `part` names: an alias can differ."""
        members = family.members()
        if part in node.value or len(node.value) != 1:
            return part
        (present,) = node.value
        kind = members.get(present)
        if kind and members.get(part) is kind:  # an alias
            return present
        if part in members:
            raise _error(at, f"is {present!r} in the config", f"Set the whole: {self.whole(at)}")
        if kind and part in kind.option_names():
            hint = f"Set {dotted((*at, present, *self.path[depth:]))}"
            raise _error(at, f"is {present!r} in the config", hint)
        raise _error(at, family.unknown(part)[0])

    def whole(self, at: Keys) -> str:
        """optimizer='{adam: {lr: 3e-4}}'"""
        text = self.override.text
        for part in reversed(self.path[len(at) :]):
            text = f"{{{part}: {text}}}"
        return f"{dotted(at)}='{text}'"


def _error(at: Keys, message: str, hint: str = "") -> ConfigError:
    return ConfigError([Problem(at, message, hint)])
