"""Kinds: the chapters of the manual: sections of configs and of sweep files, and families of components, found in the types."""

from dataclasses import dataclass, replace
from typing import Any, get_args, get_origin

from nntrain.component import Component
from nntrain.config.kinds import choices, family, section
from nntrain.config.schema import Config
from nntrain.config.sweep_schema import Sweep
from nntrain.errors import Keys
from nntrain.options import Options


@dataclass(frozen=True)
class Kind:
    """A section of the config, or a family of components, or an abstract class within one, such as the activations."""

    name: str  # "train", "layer"
    owner: type[Options]  # the section's class, or the family's
    path: Keys  # where a config has it: ("model", "layers", 0); inside the component `within`, if set
    within: type[Component] | None = None  # the component that has it as an option
    file: type[Options] = Config  # of what a file of this kind holds

    @property
    def is_family(self) -> bool:
        return issubclass(self.owner, Component)

    def all_members(self) -> dict[str, type[Component]]:
        """The members by name, aliases included; none for a section."""
        return dict(self.owner.members()) if issubclass(self.owner, Component) else {}

    def members(self) -> dict[str, type[Component]]:
        """The members by name, in the order of their files, without those that have a chapter of their own."""
        parts = tuple(
            other.owner
            for other in kinds().values()
            if other.owner is not self.owner and other.is_family and issubclass(other.owner, self.owner)
        )
        found = {
            name: member
            for name, member in self.all_members().items()
            if name == member.yaml_name and not issubclass(member, parts)
        }
        return dict(sorted(found.items(), key=lambda item: item[1].__module__))


def kinds() -> dict[str, Kind]:
    """All kinds by name, in the order of a config, then of a sweep file."""
    found: dict[str, Kind] = {}
    _add_section(Kind("config", Config, ()), found)
    of_configs = set(found)
    _add_section(Kind("sweep", Sweep, ()), found)
    for name in found.keys() - of_configs:
        found[name] = replace(found[name], file=Sweep)
    return found


def _add_section(kind: Kind, found: dict[str, Kind]) -> None:
    if kind.name in found:
        return
    found[kind.name] = kind
    fields = list(kind.owner.model_fields.items())
    if kind.path:  # the sections of a section first, so that they follow it in the reference
        fields.sort(key=lambda entry: not any(map(section, choices(entry[1].annotation))))
    for name, field in fields:
        _add(field.annotation, (*kind.path, field.alias or name), kind.within, found)


def _add(annotation: Any, path: Keys, within: type[Component] | None, found: dict[str, Kind]) -> None:
    """Adds the kinds that a field of this type, at this path, accepts."""
    for choice in choices(annotation):
        if get_origin(choice) is dict:  # the parameters of a sweep
            _add(get_args(choice)[1], (*path, "OPTION"), within, found)
        elif get_origin(choice) is tuple:
            _add(get_args(choice)[0], (*path, 0), within, found)
        elif members := family(choice):
            if members.kind_name() in found:
                continue
            found[members.kind_name()] = Kind(members.kind_name(), members, path, within)
            for member in members.members().values():
                for name, field in member.model_fields.items():
                    _add(field.annotation, (field.alias or name,), member, found)
        elif options := section(choice):
            *_, name = (
                part for part in path if isinstance(part, str)
            )  # of a list of sections that of the list
            _add_section(Kind(name, options, path, within), found)
