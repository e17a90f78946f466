"""Pages: the documentation of kinds, of members of a family and of options, from the docstrings and fields of the classes."""

import inspect
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticUndefined

from nntrain.component import Component, shortest
from nntrain.config.json_schema import options_schema
from nntrain.config.scalars import compact, inline
from nntrain.errors import Keys, UserError
from nntrain.manual.kinds import Kind, kinds
from nntrain.manual.page import Line, Option, Page
from nntrain.manual.values import default_in_words, type_in_words
from nntrain.options import Options, did_you_mean, either, with_suggestion
from nntrain.other_tools import COMPONENTS, our_name

SOURCE = "Source: "  # starts the paragraph of a docstring that cites the paper


def contents() -> list[Line]:
    """All kinds, each with the number of its members or options."""
    found = []
    for kind in kinds().values():
        count = len(kind.members()) if kind.is_family else len(kind.owner.model_fields)
        what = f"{count} members" if kind.is_family else f"{count} option{'s' * (count != 1)}"
        found.append(Line(kind.name, (), f"{what}. {kind.owner.first_sentence()}"))
    return found


def find(kind_name: str, name: str | None = None) -> Page:
    """The page of a kind, or of one of its members or options; a member's name alone is enough. Raises UserError."""
    kind = kinds().get(kind_name)
    if kind is None:
        if name is None:
            return _member_of_any_kind(kind_name)
        raise UserError(with_suggestion(f"unknown kind {kind_name!r}", did_you_mean(kind_name, kinds())))
    if name is None:
        return kind_page(kind)
    if issubclass(kind.owner, Component):
        members = kind.all_members()
        if name not in members:
            raise UserError(kind.owner.unknown(name)[0])
        return member_page(members[name])
    return option_page(kind, name)


def _member_of_any_kind(name: str) -> Page:
    found = [kind for kind in kinds().values() if name in kind.all_members()]
    whole = [kind for kind in found if Component in kind.owner.__bases__]  # an activation is a layer, too
    if len(whole) == 1:
        return member_page(found[0].all_members()[name])
    if whole:
        kinds_of = either(f"`{kind.name} {name}`" for kind in whole)
        raise UserError(f"{name!r} has several meanings", f"Use {kinds_of}.")
    every = [
        *kinds(),
        *(member for kind in kinds().values() for member in kind.all_members()),
    ]
    for kind in kinds().values():
        if ours := our_name(name, COMPONENTS, kind.all_members()):
            raise UserError(f"unknown name {name!r}. In nntrain this is {ours!r}")
    suggestion = did_you_mean(name, every) or did_you_mean(name, kinds())
    raise UserError(with_suggestion(f"unknown name {name!r}", suggestion))


def kind_page(kind: Kind) -> Page:
    """The start of a chapter: a family with its members, or a section with its options."""
    texts, source = docstring(kind.owner)
    if not kind.is_family:
        return Page(
            kind.name,
            "section",
            texts,
            options=options(kind.owner),
            example=example(kind, kind.owner),
            source=source,
        )
    members = [Line(name, member.aliases, member.first_sentence()) for name, member in kind.members().items()]
    # The rest of a family's docstring is for authors of members.
    return Page(
        kind.name,
        "kind",
        texts[:1],
        options=options(kind.owner, list(kind.owner.model_fields)),
        members=members,
    )


def member_page(member: type[Component]) -> Page:
    kind = next(
        kind for kind in reversed(kinds().values()) if kind.is_family and issubclass(member, kind.owner)
    )
    texts, source = docstring(member)
    own = member.own_options()
    shared = [name for name in member.option_names() if name not in own]
    return Page(
        member.yaml_name,
        kind.name,
        texts,
        member.aliases,
        options(member, own),
        shared,
        bare(member),
        example(kind, member),
        source,
    )


def option_page(kind: Kind, name: str) -> Page:
    """One option of a section; the whole section where the option is one."""
    if name not in kind.owner.option_names():
        suggestion = did_you_mean(name, kind.owner.option_names())
        raise UserError(with_suggestion(f"unknown option {name!r} of `{kind.name}`", suggestion))
    inner = kinds().get(name)
    if inner is not None and inner.path == (*kind.path, name):
        return kind_page(inner)
    return Page(name, kind.name, [], options=options(kind.owner, [name]))


def docstring(owner: type[Options]) -> tuple[list[str], str]:
    """The docstring's paragraphs, each on one line, and the cited papers."""
    texts = [" ".join(text.split()) for text in inspect.cleandoc(owner.__doc__ or "").split("\n\n")]
    sources = [text.removeprefix(SOURCE) for text in texts if text.startswith(SOURCE)]
    return [text for text in texts if text and not text.startswith(SOURCE)], "; ".join(sources)


def options(owner: type[Options], names: list[str] | None = None) -> list[Option]:
    """All options, or those in `names`, as YAML spells them. The schema of an abstract class is that of its first member."""
    fields = {field.alias or name: field for name, field in owner.model_fields.items()}
    chosen = list(fields) if names is None else names
    if not chosen:
        return []
    whole = (
        next(iter(owner.members().values()))
        if issubclass(owner, Component) and not owner.yaml_name
        else owner
    )
    schemas = properties(whole)
    known = set(kinds())
    return [
        Option(
            name,
            type_in_words(schemas[name], known),
            default_in_words(fields[name]),
            fields[name].description or "",
        )
        for name in chosen
    ]


def properties(owner: type[Options]) -> dict[str, Any]:
    schema = options_schema(owner)
    # `data` has short spellings: the section itself is the last alternative.
    return (schema if "properties" in schema else schema["anyOf"][-1])["properties"]


def bare(member: type[Component]) -> str:
    """ "`dropout: 0.5` sets `rate`.", where a bare value is enough."""
    fields = {field.alias or name: field for name, field in member.model_fields.items()}
    first = next(iter(member.own_options()), None)
    value = member.example.get(first, shortest(fields[first].default)) if first else None
    if value in (None, [], PydanticUndefined) or isinstance(value, dict):
        return ""
    try:
        member.model_validate({first: value})
    except ValidationError:  # another option is required, too
        return ""
    return f"`{member.yaml_name}: {inline(value)}` sets `{first}`."


def example(kind: Kind, owner: type[Options]) -> str:
    """The smallest useful example, as YAML at its place in a config; empty for a section without one."""
    tree: Any = getattr(owner, "example", {})
    if issubclass(owner, Component):
        tree = {owner.yaml_name: tree} if tree else owner.yaml_name
    elif not tree:
        return ""
    tree = under(kind.path, tree)
    if kind.within:
        tree = {kind.within.yaml_name: kind.within.example | tree}
        outer = next(
            other
            for other in kinds().values()
            if other.is_family and not other.within and issubclass(kind.within, other.owner)
        )
        tree = under(outer.path, tree)
    return compact(tree)


def under(path: Keys, tree: Any) -> Any:
    """{"model": {"layers": [tree]}} of ("model", "layers", 0)."""
    for part in reversed(path):
        tree = [tree] if part == 0 else {part: tree}
    return tree
