"""Composer: YAML text -> Nodes. PyYAML splits the text into events; nothing here or there can run code."""

from typing import Any

from yaml import events, reader
from yaml.error import Mark, MarkedYAMLError
from yaml.parser import Parser
from yaml.scanner import Scanner

from nntrain.config.place import MOST_SHOWN, Node, Place, PlacedError, Source
from nntrain.config.scalars import resolve
from nntrain.config.syntax import explained
from nntrain.errors import Keys, Problem
from nntrain.options import shown

MOST_VALUES = 100_000  # with every alias written out; a billion laughs stop here
MOST_LEVELS = 100


def compose(text: str, source: Source) -> Node | None:
    """The one document that `text` holds; None when there is nothing in it. Raises PlacedError with every problem found."""
    composer = _Composer(source)
    try:
        root = composer.read(text)
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
    """There are as many problems as anyone wants to read at once."""


class _Events(reader.Reader, Scanner, Parser):
    """PyYAML's own event stream, in Python: one wording of errors on every machine."""

    def __init__(self, text: str):
        reader.Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)


class _Composer:
    def __init__(self, source: Source):
        self.source = source
        self.problems: list[tuple[Place, Problem]] = []
        self.anchors: dict[str, Node | None] = {}  # None while the anchored value is still open
        self.values = 0
        self.levels = 0

    def read(self, text: str) -> Node | None:
        try:
            self.events = _Events(text)
        except reader.ReaderError as error:
            before = Source.of("", text[: error.position]).lines
            place = Place(self.source, len(before), len(before[-1]) + 1)
            self.problem(
                place, (), f"the character U+{error.character:04X} is not allowed in YAML. Remove it."
            )
            return None
        try:
            return self.document()
        except MarkedYAMLError as error:
            mark, message = explained(error, self.source.lines)
            self.problem(self.place(mark), (), message)
        except (ValueError, OverflowError):
            # PyYAML turns an escape such as "\UFFFFFFFF" or a directive's version into a number without a check.
            self.problem(
                self.place(self.events.get_mark()),
                (),
                "a number in an escape or a directive is out of range.",
            )
        return None

    def document(self) -> Node | None:
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
                "a second document starts here. A config is one: remove `---`.",
            )
        empty = root.value is None
        return None if empty else Node(root.value, root.place, Place(self.source))

    def node(self, path: Keys, key: Place | None) -> Node:
        """The value that comes next. A list's entry has no key."""
        event = self.events.get_event()
        place = self.place(event.start_mark)
        if isinstance(event, events.AliasEvent):
            value = self.alias(event.anchor, path, place)
            return Node(value.value, value.place, key or place)
        self.count(1, 1, place)
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self.problem(
                place,
                path,
                f"tags such as `{tag}` are not read. Write the value plainly; quotes make it text.",
            )
        if event.anchor:
            self.anchors[event.anchor] = None
        if isinstance(event, events.ScalarEvent):
            value = self.scalar(event, path, place)
        else:
            self.levels += 1
            value = self.mapping(path) if isinstance(event, events.MappingStartEvent) else self.sequence(path)
            self.levels -= 1
        node = Node(value, place, key or place)
        if event.anchor:
            self.anchors[event.anchor] = node
        return node

    def alias(self, name: str, path: Keys, place: Place) -> Node:
        known = self.anchors.get(name)
        if known is None:
            lost = (
                f"`*{name}` stands inside `&{name}` itself."
                if name in self.anchors
                else f"nothing above is marked `&{name}`."
            )
            self.problem(place, path, lost)
            return Node(None, place, place)
        self.count(*extent(known), place)
        return known

    def count(self, values: int, levels: int, place: Place) -> None:
        self.values += values
        if self.values > MOST_VALUES:
            raise _TooMuch(
                place, f"the text holds more than {MOST_VALUES:,} values, each alias (`*name`) written out."
            )
        if self.levels + levels > MOST_LEVELS:
            raise _TooMuch(place, f"the text is nested more than {MOST_LEVELS} levels deep.")

    def scalar(self, event: events.ScalarEvent, path: Keys, place: Place) -> Any:
        if any("\ud800" <= c <= "\udfff" for c in event.value):
            self.problem(
                place, path, r"an escape such as \ud83d names half a character. Write the whole one."
            )
            return None
        if event.style is not None:
            return event.value
        try:
            return resolve(event.value)
        except ValueError:
            self.problem(
                place, path, f"expected a number of fewer digits. Received: {len(event.value):,} of them."
            )
            return None

    def sequence(self, path: Keys) -> list[Node]:
        entries: list[Node] = []
        while not self.events.check_event(events.SequenceEndEvent):
            entries.append(self.node((*path, len(entries)), None))
        self.events.get_event()
        return entries

    def mapping(self, path: Keys) -> dict[str, Node]:
        own: dict[str, Node] = {}
        merged: dict[str, Node] = {}
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
                way_out = " Write `<<: [*one, *two]`." if is_merge else ""
                self.problem(
                    key.key, (*path, name), f"stands twice; the first is on line {first.line}.{way_out}"
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

    def name(self, event: events.Event, key: Node, path: Keys) -> str | None:
        """A key's text. A plain key is the text as written, so that class `1` or option `on` can be a key."""
        if isinstance(event, events.ScalarEvent) and (event.value or event.style is not None):
            return event.value
        if isinstance(event, events.AliasEvent) and isinstance(key.value, str):
            return key.value
        if isinstance(event, events.ScalarEvent):
            self.problem(key.key, path, "a name is missing before this ':'.")
        else:
            self.problem(key.key, path, f"expected a name before ':'. Received: {shown(key.plain())}.")
        return None

    def merge(self, value: Node, path: Keys) -> dict[str, Node]:
        """What `<<: value` brings; of several mappings the earlier wins."""
        merged: dict[str, Node] = {}
        for source in value.value if isinstance(value.value, list) else [value]:
            if isinstance(source.value, dict):
                for name, node in source.value.items():
                    merged.setdefault(name, node)
            elif all(
                source.place != place for place, _ in self.problems
            ):  # an alias that leads nowhere has been told of
                self.problem(
                    source.place,
                    path,
                    f"`<<` takes a mapping, or a list of them. Received: {shown(source.plain())}.",
                )
        return merged

    def check_colon(self, name: str, place: Place, path: Keys) -> None:
        """`{units:10}` is the key `units:10` without a value, which nobody means."""
        option, colon, rest = name.partition(":")
        if colon and option.isidentifier() and rest:
            self.problem(place, path, f"a space is missing after the ':'. Write `{option}: {rest}`.")

    def place(self, mark: Mark) -> Place:
        return Place(self.source, mark.line + 1, mark.column + 1)

    def problem(self, place: Place, path: Keys, message: str) -> None:
        self.problems.append((place, Problem(path, message)))
        if len(self.problems) == MOST_SHOWN:
            raise _Enough


def extent(node: Node) -> tuple[int, int]:
    """How many values a node holds, itself included, and in how many levels. Costs as much as it counts."""
    below = (
        node.value.values()
        if isinstance(node.value, dict)
        else node.value
        if isinstance(node.value, list)
        else ()
    )
    parts = [extent(part) for part in below]
    return 1 + sum(values for values, _ in parts), 1 + max((levels for _, levels in parts), default=0)
