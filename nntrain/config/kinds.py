"""Kinds: which type the config's typed fields ask for at a path. A kind is a type or a typing construct; None is unknown."""

from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from nntrain.component import Component
from nntrain.config.place import Node
from nntrain.errors import Keys
from nntrain.options import Options


def choices(kind: Any) -> list[Any]:
    """The types that `kind` leaves open: of a union its members, without None and annotations."""
    origin = get_origin(kind)
    if origin is Annotated:
        return choices(get_args(kind)[0])
    if origin in (Union, UnionType):
        return [choice for member in get_args(kind) for choice in choices(member)]
    return [] if kind in (None, NoneType, Any) else [kind]


def family(kind: Any) -> type[Component] | None:
    """The family (or the part of one) whose members can stand here."""
    found = (
        choice
        for choice in choices(kind)
        if _is(choice, Component) and choice.family and not choice.yaml_name
    )
    return next(found, None)


def section(kind: Any) -> type[Options] | None:
    """The options that can stand here as a mapping: a section, or a component that is known already."""
    found = (choice for choice in choices(kind) if _is(choice, Options) and not family(choice))
    return next(found, None)


def child(kind: Any, part: str | int) -> Any:
    """The kind of an entry of what has this kind."""
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
    """The kind of a list's or a mapping's entries; a tuple may have one for each position."""
    origin, arguments = get_origin(choice), get_args(choice)
    if origin is dict:
        return arguments[1] if isinstance(part, str) else None
    if origin not in (list, tuple) or not isinstance(part, int):
        return None
    if origin is list or arguments[-1] is ...:
        return arguments[0]
    return arguments[part] if part < len(arguments) else None


def first_option(kind: type[Options]) -> str | None:
    """What a bare value sets: a component's first option of its own, or a section's first option where that names a component."""
    if _is(kind, Component):
        return next(iter(kind.own_options()), None)
    first = next(iter(kind.option_names()), None)
    return first if first and family(child(kind, first)) else None


def left_out(kind: Any, name: str) -> str | None:
    """The section's option that a short spelling leaves out before `name`: the `source` of `data: {digits: ...}`."""
    options = section(kind)
    if options is None or _is(options, Component) or name in options.option_names():
        return None
    first = first_option(options)
    return first if first and name in family(child(options, first)).members() else None


def spelled_out(node: Node, kind: Any) -> Node:
    """The node as a mapping `{name: ...}` where it is one in a shorter spelling; else as it is."""
    if node.value is None:
        return Node({}, node.place, node.key)
    if family(kind):
        name = node.value
        return (
            Node({name: Node({}, node.place, node.place)}, node.place, node.key)
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
    return Node({first: Node(node.value, node.place, node.place)}, node.place, node.key) if first else node


def without_branches(kind: Any, location: Keys) -> Keys:
    """A path without the parts by which pydantic says which member of a union it tried."""
    path: Keys = ()
    for part in location:
        below = child(kind, part)
        if below is None and len(choices(kind)) > 1:
            continue
        path, kind = (*path, part), below
    return path


def _is(choice: Any, base: type) -> bool:
    return isinstance(choice, type) and issubclass(choice, base)
