"""Kinds: the type of the value at a path of a config. A kind is a type or a typing construct; None is unknown."""

from dataclasses import replace
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from nntrain.component import Component
from nntrain.config.place import YamlNode
from nntrain.errors import Keys
from nntrain.options import Options


def choices(kind: Any) -> list[Any]:
    """The alternatives of a type: the members of a union, without None and annotations."""
    origin = get_origin(kind)
    if origin is Annotated:
        return choices(get_args(kind)[0])
    if origin in (Union, UnionType):
        return [choice for member in get_args(kind) for choice in choices(member)]
    return [] if kind in (None, NoneType, Any) else [kind]


def family(kind: Any) -> type[Component] | None:
    """The family, or the abstract class within one, whose members this kind accepts."""
    found = (
        choice
        for choice in choices(kind)
        if _is(choice, Component) and choice.family and not choice.yaml_name
    )
    return next(found, None)


def section(kind: Any) -> type[Options] | None:
    """The class of options that this kind accepts as a mapping: a section, or a component of a known class."""
    found = (choice for choice in choices(kind) if _is(choice, Options) and not family(choice))
    return next(found, None)


def child(kind: Any, part: str | int) -> Any:
    """The kind of the entry `part` of a value of this kind."""
    for choice in choices(kind):
        if family(choice):
            found = choice.members().get(part)
        elif section(choice):
            fields = {field.alias or name: field for name, field in choice.model_fields.items()}
            found = fields[part].annotation if part in fields else None
        else:
            found = _entry(choice, part)
        if found is not None:
            return found
    return None


def _entry(choice: Any, part: str | int) -> Any:
    """The kind of the entries of a list or a mapping; a tuple can have one for each position."""
    origin, arguments = get_origin(choice), get_args(choice)
    if origin is dict:
        return arguments[1] if isinstance(part, str) else None
    if origin not in (list, tuple) or not isinstance(part, int):
        return None
    if origin is list or arguments[-1] is ...:
        return arguments[0]
    return arguments[part] if part < len(arguments) else None


def first_option(kind: type[Options]) -> str | None:
    """The option that a bare value sets: a component's first own option, or a section's first option if it is a component."""
    if issubclass(kind, Component):
        return next(iter(kind.own_options()), None)
    first = next(iter(kind.option_names()), None)
    return first if first and family(child(kind, first)) else None


def left_out(kind: Any, name: str) -> str | None:
    """The option that a short spelling leaves out before `name`: the `source` of `data: {digits: ...}`."""
    options = section(kind)
    if options is None or _is(options, Component) or name in options.option_names():
        return None
    first = first_option(options)
    members = family(child(options, first)) if first else None
    return first if members and name in members.members() else None


def spelled_out(node: YamlNode, kind: Any) -> YamlNode:
    """The node with a shorter spelling expanded to a mapping `{name: ...}`; any other node is unchanged."""
    if node.value is None:
        return YamlNode({}, node.place, node.key)
    if family(kind):
        name = node.value
        return (
            YamlNode({name: YamlNode({}, node.place, node.place)}, node.place, node.key)
            if isinstance(name, str)
            else node
        )
    options = section(kind)
    if options is None:
        return node
    if isinstance(node.value, dict):
        first = left_out(kind, next(iter(node.value))) if len(node.value) == 1 else None
    else:
        first = first_option(options)
    return YamlNode({first: replace(node, key=node.place)}, node.place, node.key) if first else node


def without_branches(kind: Any, location: Keys) -> Keys:
    """A path without the parts that name the member of a union which pydantic tried."""
    path: Keys = ()
    for part in location:
        below = child(kind, part)
        if below is None and len(choices(kind)) > 1:
            continue
        path, kind = (*path, part), below
    return path


def _is(choice: Any, base: type) -> bool:
    return isinstance(choice, type) and issubclass(choice, base)
