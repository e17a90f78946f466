"""Suggestions for a name that nntrain knows in another part of a config, or under another name."""

from collections.abc import Iterator
from typing import Any, get_args, get_origin

from nntrain import other_tools
from nntrain.component import Component
from nntrain.config import kinds
from nntrain.errors import Keys, dotted
from nntrain.options import Options

Families = dict[
    str, tuple[Keys, type[Component]]
]  # name -> the first path where a config accepts it, and the class
MOST_NAMED = 4  # of the components that have an option


def hint(root: Any, path: Keys, name: str) -> str:
    """What to do about an unknown `name` at `path` of a config of the type `root`; empty where nothing is known."""
    names = (name, *other_tools.OPTIONS.get(other_tools.normalized(name), ()))
    sections, families = list(_sections(root, ())), _families(root, ())
    if kinds.family(_kind_at(root, path)):  # an unknown component; elsewhere `name` is an option
        found = _of_another_family(families, name)
        return f"{found}." if found else ""
    found = (
        _of_a_section(sections, names)
        or _of_a_component(families, _kind_at(root, path[:-1]), names)
        or _of_another_family(families, name)
    )
    return f"{found}." if found else ""


def _of_a_section(sections: list[tuple[Keys, type[Options]]], names: tuple[str, ...]) -> str:
    """ "Set `train.epochs`": the shortest path to the option of a section."""
    every = [(*path, name) for path, section in sections for name in section.option_names()]
    for name in names:
        found = [key for key in every if key[-1] == name]
        found += [
            (*path, last)
            for path, section in sections
            for last in section.option_names()
            if dotted((*path, last)) == name
        ]
        if found:
            return f"Set `{dotted(min(found, key=len))}`"
    return ""


def _of_a_component(families: Families, near: Any, names: tuple[str, ...]) -> str:
    """ "`momentum` is an option of batch_norm, rmsprop and sgd"; of the family of `near` alone, where that has the option."""
    for name in names:
        owners = {
            base.kind_name(): [
                key
                for key, member in base.members().items()
                if key == member.yaml_name and name in member.option_names()
            ]
            for _, base in families.values()
        }
        if owners.get(getattr(near, "family", "")):
            owners = {near.family: owners[near.family]}
        most, members = max(owners.items(), key=lambda owner: len(owner[1]), default=("", []))
        if len(members) > MOST_NAMED:
            example = min(members, key=len)
            return f"`{name}` is an option of {plural(most)}, for example `{example}: {{{name}: ...}}`"
        if members:
            *others, last = sorted(member for some in owners.values() for member in some)
            return f"`{name}` is an option of {', '.join(others)}{' and ' if others else ''}{last}"
    return ""


def _of_another_family(families: Families, name: str) -> str:
    """ "`dropout` is a layer: add it to `model.layers`"."""
    for path, family in families.values():
        if ours := other_tools.our_name(name, other_tools.COMPONENTS, family.members()):
            article = "an" if family.kind_name()[0] in "aeiou" else "a"
            action = f"add it to `{dotted(path[:-1])}`" if path[-1] == 0 else f"set `{dotted(path)}`"
            return f"`{ours}` is {article} {family.kind_name()}: {action}"
    return ""


def _sections(kind: Any, path: Keys) -> Iterator[tuple[Keys, type[Options]]]:
    """Each section below `kind`, with its path, in the order of a config."""
    section = kinds.section(kind)
    if section is None or issubclass(section, Component):
        return
    yield path, section
    for name in section.option_names():
        yield from _sections(kinds.child(section, name), (*path, name))


def _families(kind: Any, path: Keys) -> Families:
    """The families that the sections below `kind` accept."""
    found: Families = {}
    for above, section in _sections(kind, path):
        for name in section.option_names():
            for choice in kinds.choices(kinds.child(section, name)):
                is_list = get_origin(choice) is tuple
                if family := kinds.family(get_args(choice)[0] if is_list else choice):
                    found.setdefault(family.family, ((*above, name, *((0,) if is_list else ())), family))
    return found


def _kind_at(kind: Any, path: Keys) -> Any:
    for part in path:
        kind = kinds.child(kind, part)
    return kind


def plural(word: str) -> str:
    return f"{word}es" if word.endswith("s") else f"{word}s"
