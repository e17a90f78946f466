"""Page: what a page of the manual holds, without saying how it is shown."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Option:
    name: str
    type: str
    default: str
    description: str


@dataclass(frozen=True)
class Line:
    """A member, or a kind, in a list of them."""

    name: str
    aliases: tuple[str, ...]
    text: str


@dataclass
class Page:
    """Texts may hold `code` between backticks, as in Markdown."""

    name: str
    kind: str
    paragraphs: list[str]
    aliases: tuple[str, ...] = ()
    options: list[Option] = field(default_factory=list)
    shared: list[str] = field(
        default_factory=list
    )  # names of the options that every member of the family has
    bare: str = ""  # what a bare value sets
    example: str = ""  # YAML
    source: str = ""
    members: list[Line] = field(default_factory=list)
