"""Composer: YAML text -> YamlNodes, from the events of PyYAML's parser. No YAML tag can run code."""

from dataclasses import replace
from typing import Any

from yaml import events, reader
from yaml.error import Mark, MarkedYAMLError
from yaml.parser import Parser
from yaml.scanner import Scanner

from nntrain.config.place import MOST_SHOWN, Place, PlacedError, Text, YamlNode
from nntrain.config.scalars import resolve
from nntrain.config.syntax import MISSING_SPACE, explained
from nntrain.errors import Keys, Problem
from nntrain.options import shown

MOST_VALUES = 100_000  # with every alias expanded: the limit against "billion laughs" YAML bombs
MOST_LEVELS = 100


def compose(content: str, text: Text) -> YamlNode | None:
    """The one document in `content`, None when it is empty. Raises PlacedError with every problem found."""
    composer = _Composer(text)
    try:
        root = composer.read(content)
    except _TooMuch as stop:
        raise PlacedError([(stop.place, Problem((), stop.message))]) from None
    except _Enough:
        root = None
    if composer.problems:
        raise PlacedError(composer.problems)
    return root


class _TooMuch(Exception):
    def __init__(self, place: Place, message: str):
        self.place, self.message = place, message


class _Enough(Exception):
    """There are as many problems as one message shows."""


class _Events(reader.Reader, Scanner, Parser):
    """PyYAML's event stream in Python, not libyaml's: the same error messages on every machine."""

    def __init__(self, text: str):
        reader.Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)


class _Composer:
    def __init__(self, text: Text):
        self.text = text
        self.problems: list[tuple[Place, Problem]] = []
        self.anchors: dict[str, YamlNode | None] = {}  # None while the anchored value is being read
        self.values = 0
        self.levels = 0

    def read(self, content: str) -> YamlNode | None:
        try:
            self.events = _Events(content)
        except reader.ReaderError as error:
            before = Text.of("", content[: error.position]).lines
            place = Place(self.text, len(before), len(before[-1]) + 1)
            self.problem(place, (), f"YAML does not allow the character U+{error.character:04X}")
            return None
        try:
            return self.document()
        except MarkedYAMLError as error:
            mark, message, hint = explained(error, self.text.lines)
            self.problem(self.place(mark), (), message, hint)
        except (ValueError, OverflowError):
            # PyYAML converts an escape such as "\UFFFFFFFF" or a directive's version to a number without a check.
            self.problem(
                self.place(self.events.get_mark()),
                (),
                "a number in an escape or a directive is out of range",
            )
        return None

    def document(self) -> YamlNode | None:
        self.events.get_event()  # the stream's start
        if self.events.check_event(events.StreamEndEvent):
            return None
        self.events.get_event()  # the document's start
        root = self.node((), None)
        self.events.get_event()  # the document's end
        if not self.events.check_event(events.StreamEndEvent):
            second = self.events.get_event()
            self.problem(
                self.place(second.start_mark),
                (),
                "a second document starts here",
                "A config is a single document: remove `---`.",
            )
        empty = root.value is None
        return None if empty else replace(root, key=Place(self.text))

    def node(self, path: Keys, key: Place | None) -> YamlNode:
        """The next value. A list's entry has no key."""
        event = self.events.get_event()
        place = self.place(event.start_mark)
        if isinstance(event, events.AliasEvent):
            known = self.alias(str(event.anchor), path, place)
            return replace(known, key=key or place)
        self.count(1, 1, place)
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self.problem(
                place,
                path,
                f"tags such as `{tag}` are not supported",
                "Remove the tag; a value in quotes is a string.",
            )
        if event.anchor:
            self.anchors[event.anchor] = None
        value: Any
        if isinstance(event, events.ScalarEvent):
            value = self.scalar(event, path, place)
        else:
            self.levels += 1
            value = self.mapping(path) if isinstance(event, events.MappingStartEvent) else self.sequence(path)
            self.levels -= 1
        written = event.value if isinstance(event, events.ScalarEvent) and event.style is None else ""
        node = YamlNode(value, place, key or place, written)
        if event.anchor:
            self.anchors[event.anchor] = node
        return node

    def alias(self, name: str, path: Keys, place: Place) -> YamlNode:
        known = self.anchors.get(name)
        if known is None:
            inside = name in self.anchors
            message = f"`*{name}` is inside `&{name}` itself" if inside else f"no `&{name}` above this alias"
            self.problem(place, path, message)
            return YamlNode(None, place, place)
        self.count(*extent(known), place)
        return known

    def count(self, values: int, levels: int, place: Place) -> None:
        self.values += values
        if self.values > MOST_VALUES:
            raise _TooMuch(place, f"more than {MOST_VALUES:,} values, with every alias (`*name`) expanded")
        if self.levels + levels > MOST_LEVELS:
            raise _TooMuch(place, f"nested more than {MOST_LEVELS} levels deep")

    def scalar(self, event: events.ScalarEvent, path: Keys, place: Place) -> Any:
        if any("\ud800" <= c <= "\udfff" for c in event.value):
            self.problem(
                place, path, r"an escape such as \ud83d is half a character", "Write the character itself."
            )
            return None
        if event.style is not None:
            return event.value
        try:
            return resolve(event.value)
        except ValueError:
            self.problem(
                place, path, f"expected a number with fewer digits. Received: {len(event.value):,} digits"
            )
            return None

    def sequence(self, path: Keys) -> list[YamlNode]:
        entries: list[YamlNode] = []
        while not self.events.check_event(events.SequenceEndEvent):
            entries.append(self.node((*path, len(entries)), None))
        self.events.get_event()
        return entries

    def mapping(self, path: Keys) -> dict[str, YamlNode]:
        own: dict[str, YamlNode] = {}
        merged: dict[str, YamlNode] = {}
        merge_at: Place | None = None
        while not self.events.check_event(events.MappingEndEvent):
            event = self.events.peek_event()
            key = self.node(path, None)
            name = self.name(event, key, path)
            is_merge = name == "<<" and getattr(event, "style", "") is None
            first = merge_at if is_merge else own[name].key if name in own else None
            comes = self.events.peek_event()
            value = self.node((*path, name) if name else path, key.key)
            if first:
                self.problem(
                    key.key,
                    (*path, str(name)),
                    f"duplicate key; first defined on line {first.line}",
                    "Merge several mappings with `<<: [*one, *two]`." if is_merge else "",
                )
            elif is_merge:
                merge_at = key.key
                merged = self.merge(value, path)
            elif name is not None:
                if getattr(comes, "style", "") is None and comes.value == "":
                    self.check_colon(name, key.key, path)
                own[name] = value
        self.events.get_event()
        return {**merged, **own}

    def name(self, event: events.Event, key: YamlNode, path: Keys) -> str | None:
        """A key's text. An unquoted key is the text as written, so that the class `1` or the option `on` can be a key."""
        if isinstance(event, events.ScalarEvent) and (event.value or event.style is not None):
            return event.value
        if isinstance(event, events.AliasEvent) and isinstance(key.value, str):
            return key.value
        if isinstance(event, events.ScalarEvent):
            self.problem(key.key, path, "missing name before ':'")
        else:
            self.problem(key.key, path, f"expected a name before ':'. Received: {shown(key.tree())}")
        return None

    def merge(self, value: YamlNode, path: Keys) -> dict[str, YamlNode]:
        """The options that `<<: value` adds; of several mappings the first has precedence."""
        merged: dict[str, YamlNode] = {}
        for mapping in value.value if isinstance(value.value, list) else [value]:
            if isinstance(mapping.value, dict):
                for name, node in mapping.value.items():
                    merged.setdefault(name, node)
            elif all(
                mapping.place != place for place, _ in self.problems
            ):  # not an unknown alias, reported already
                self.problem(
                    mapping.place,
                    path,
                    f"expected a mapping, or a list of mappings, after `<<`. Received: {shown(mapping.tree())}",
                )
        return merged

    def check_colon(self, name: str, place: Place, path: Keys) -> None:
        """Reports `{units:10}`, which YAML reads as the key `units:10` without a value."""
        option, colon, rest = name.partition(":")
        if colon and option.isidentifier() and rest:
            self.problem(place, path, MISSING_SPACE, f"Write `{option}: {rest}`.")

    def place(self, mark: Mark) -> Place:
        return Place(self.text, mark.line + 1, mark.column + 1)

    def problem(self, place: Place, path: Keys, message: str, hint: str = "") -> None:
        self.problems.append((place, Problem(path, message, hint)))
        if len(self.problems) == MOST_SHOWN:
            raise _Enough


def extent(node: YamlNode) -> tuple[int, int]:
    """The number of values in a node, itself included, and of levels. The time is proportional to the count."""
    below = (
        node.value.values()
        if isinstance(node.value, dict)
        else node.value
        if isinstance(node.value, list)
        else ()
    )
    parts = [extent(part) for part in below]
    return 1 + sum(values for values, _ in parts), 1 + max((levels for _, levels in parts), default=0)
