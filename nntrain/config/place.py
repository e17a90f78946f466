"""Places: where in a text a value stands, and mistakes told with the line that they stand on."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from nntrain.errors import ConfigError, Problem, dotted

LINE_BREAK = re.compile(
    "\r\n|[\n\r\x85\u2028\u2029]"
)  # what YAML 1.1 counts as one, and so do PyYAML's positions
MOST_SHOWN = 100  # errors in one message
WIDTH = 110  # a source line longer than this is shown in part


@dataclass(frozen=True)
class Source:
    """A text that values come from: a file, named as the user typed it, or an override, named `--set K=V`."""

    name: str
    lines: tuple[str, ...]
    is_file: bool = True  # an override's name shows all of it, so its places need no line and column

    @classmethod
    def of(cls, name: str, text: str, is_file: bool = True) -> "Source":
        return cls(name, tuple(LINE_BREAK.split(text)), is_file)


@dataclass(frozen=True)
class Place:
    """A position in a source, line and column counted from 1; line 0 is the source as a whole."""

    source: Source
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        name = self.source.name
        return f"{name}:{self.line}:{self.column}" if self.in_text else name

    @property
    def in_text(self) -> bool:
        return bool(self.line and self.source.is_file)

    def excerpt(self) -> str:
        """The source line with a caret under the column, each on a line of its own; empty where there is none to show."""
        if not self.in_text:
            return ""
        line = self.source.lines[self.line - 1]
        start = max(0, self.column - 1 - WIDTH // 2) if len(line) > WIDTH else 0
        shown, before = printable(line[start : start + WIDTH]), printable(line[start : self.column - 1])
        margin = " " * len(str(self.line))
        # A tab stays a tab under a tab, and a wide character is two columns, so that the caret stands where it should.
        blank = "".join(
            c if c == "\t" else "  " if unicodedata.east_asian_width(c) in "WF" else " " for c in before
        )
        return f"\n  {self.line} | {shown}".rstrip() + f"\n  {margin} | {blank}^"


@dataclass(frozen=True)
class Node:
    """A value with its places: `place` of the value, `key` of its name (a list's entry has none: the value's again).

    `value` is a scalar, or `{name: Node}`, or a list of Nodes. Nodes never change, so aliases may share them.
    """

    value: Any
    place: Place
    key: Place

    def plain(self) -> Any:
        """The value without places."""
        if isinstance(self.value, dict):
            return {name: node.plain() for name, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


class PlacedError(ConfigError):
    """Mistakes in a config with their places, in the order of the text."""

    def __init__(self, found: list[tuple[Place, Problem]]):
        found = sorted(found, key=lambda one: order(one[0]))
        super().__init__([problem for _, problem in found])
        if len(found) == 1:
            self.place = located(*found[0])
        texts = [explained(place, problem) for place, problem in found[:MOST_SHOWN]]
        if len(found) > MOST_SHOWN:
            texts.append(f"... and {len(found) - MOST_SHOWN:,} more")
        self._text = "\n".join(texts)

    def __str__(self) -> str:
        return self._text


def order(place: Place) -> tuple:
    """Files before overrides, a file's places by position, overrides as given."""
    return (0, place.source.name, place.line, place.column) if place.source.is_file else (1,)


def located(place: Place, problem: Problem) -> str:
    """`config.yaml:4:7: model.layers[0].dense.units`"""
    keys = f": {printable(dotted(problem.path))}" if problem.path else ""
    return printable(str(place)) + keys


def explained(place: Place, problem: Problem) -> str:
    """The error with its place, the line of the source and the hint."""
    hint = f"\nhint: {problem.hint}" if problem.hint else ""
    return f"{located(place, problem)}: {problem.message}{place.excerpt()}{hint}"


def printable(text: str) -> str:
    """The text with control characters, which could upset a terminal, written as escapes; tabs stay."""
    return "".join(c if c.isprintable() or c == "\t" else c.encode("unicode_escape").decode() for c in text)
