"""Places: the line and column of a value in a text, and errors that show their source line."""

import re
from dataclasses import dataclass
from typing import Any

from nntrain.config.excerpt import excerpt, printable
from nntrain.errors import ConfigError, Problem, dotted, text

LINE_BREAK = re.compile(
    "\r\n|[\n\r\x85\u2028\u2029]"
)  # the line breaks of YAML 1.1, by which PyYAML counts lines
MOST_SHOWN = 100  # errors in one message
WIDTH = 110  # a source line longer than this is shown in part


@dataclass(frozen=True)
class Text:
    """The text of a file, with the name that the user typed, or of an override, with the name `--set K=V`."""

    name: str
    lines: tuple[str, ...]
    is_file: bool = True  # False: the name contains the text, so that places need no line and column

    @classmethod
    def of(cls, name: str, text: str, is_file: bool = True) -> "Text":
        return cls(name, tuple(LINE_BREAK.split(text)), is_file)


@dataclass(frozen=True)
class Place:
    """A position in a text, line and column counted from 1; line 0 is the whole text."""

    text: Text
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        name = self.text.name
        return f"{name}:{self.line}:{self.column}" if self.in_text else name

    @property
    def in_text(self) -> bool:
        return bool(self.line and self.text.is_file)

    def excerpt(self) -> str:
        """The source line and, on the next line, a caret under the column; empty for an override or a whole text."""
        if not self.in_text:
            return ""
        return "\n" + excerpt(self.line, self.text.lines[self.line - 1], self.column - 1, WIDTH)


@dataclass(frozen=True)
class YamlNode:
    """A value of YAML with its places: `place` of the value, `key` of its name (for a list's entry, the value's place).

    `value` is a scalar, `{name: YamlNode}` or a list of YamlNodes. Nodes are immutable, so that aliases can share them.
    """

    value: Any
    place: Place
    key: Place
    written: str = ""  # an unquoted scalar as it is written: "007" of the number 7

    def tree(self) -> Any:
        """The value without places."""
        if isinstance(self.value, dict):
            return {name: node.tree() for name, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.tree() for node in self.value]
        return self.value


class PlacedError(ConfigError):
    """Errors in a config with their places, in the order of the text. `message` includes the source lines."""

    def __init__(self, found: list[tuple[Place, Problem]]):
        found = sorted(found, key=lambda one: order(one[0]))
        super().__init__([problem for _, problem in found])
        if len(found) == 1:
            ((place, problem),) = found
            self.place, self.message = located(place, problem), problem.message + place.excerpt()
            return
        texts = [
            text(located(place, problem), problem.message + place.excerpt(), problem.hint)
            for place, problem in found[:MOST_SHOWN]
        ]
        if len(found) > MOST_SHOWN:
            texts.append(f"... and {len(found) - MOST_SHOWN:,} more")
        self.place, self.message, self.hint = "", "\n".join(texts), ""


def order(place: Place) -> tuple[int | str, ...]:
    """A sort key: files before overrides, places in a file by position, overrides in the given order."""
    return (0, place.text.name, place.line, place.column) if place.text.is_file else (1,)


def located(place: Place, problem: Problem) -> str:
    """`config.yaml:4:7: model.layers[0].dense.units`"""
    keys = f": {printable(dotted(problem.path))}" if problem.path else ""
    return printable(str(place)) + keys
