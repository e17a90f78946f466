"""Page: the content of a page of the manual, independent of how it is shown."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Option:
    name: str
    type: str
    default: str
    description: str


@dataclass(frozen=True)
class Line:
    """A member or a kind in a list."""

    name: str
    aliases: tuple[str, ...]
    text: str


@dataclass
class Page:
    """Texts can contain `code` between backticks, as in Markdown."""

    name: str
    kind: str
    paragraphs: list[str]
    aliases: tuple[str, ...] = ()
    options: list[Option] = field(default_factory=list)
    shared: list[str] = field(
        default_factory=list
    )  # names of the options that all members of the family have
    bare: str = ""  # the option that a bare value sets
    example: str = ""  # YAML
    source: str = ""
    members: list[Line] = field(default_factory=list)
