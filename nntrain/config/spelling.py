"""Spelling: values that are right but typed otherwise: 1e2 where an integer is expected, 007 where text is.

The value becomes what its option expects, so that `name: 007` is the text "007" and `epochs: 1e2` is 100. JSON Schema
agrees: to it 100.0 is an integer, and an option of text also accepts numbers and booleans.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from nntrain.config import kinds
from nntrain.config.place import YamlNode

IGNORED = "x-"  # keys at the top level that begin so are the user's own, such as places for anchors


def without_ignored(root: YamlNode) -> YamlNode:
    """The config without the keys at its top level that begin with `x-`."""
    return replace(
        root, value={name: node for name, node in root.value.items() if not name.startswith(IGNORED)}
    )


def adapted(node: YamlNode, kind: Any) -> YamlNode:
    """The node with every scalar of the type that `kind` expects in its place."""
    if isinstance(node.value, dict):
        first = kinds.left_out(kind, next(iter(node.value))) if len(node.value) == 1 else None
        owner = kinds.child(kind, first) if first else kind
        entries = {name: adapted(entry, kinds.child(owner, name)) for name, entry in node.value.items()}
        return replace(node, value=entries)
    if isinstance(node.value, list):
        listed = [
            adapted(entry, next(filter(None, (kinds.child(one, index) for one in bare(kind))), None))
            for index, entry in enumerate(node.value)
        ]
        return replace(node, value=listed)
    return replace(node, value=_scalar(node, bare(kind)))


def bare(kind: Any) -> list[Any]:
    """The types of a value that is no mapping; for a component those of its first option."""
    found: list[Any] = []
    for choice in kinds.choices(kind):
        if kinds.family(choice):
            continue
        if options := kinds.section(choice):
            first = kinds.first_option(options)
            found += bare(kinds.child(options, first)) if first else []
        else:
            found.append(choice)
    return found


def _scalar(node: YamlNode, expected: list[Any]) -> Any:
    value = node.value
    if value is None or isinstance(value, str) or type(value) in expected:
        return value
    if isinstance(value, int) and not isinstance(value, bool) and float in expected:
        return value
    if str in expected and node.written:
        return node.written
    if isinstance(value, float) and int in expected and value.is_integer():
        return int(Decimal(node.written)) if node.written else int(value)
    return value
