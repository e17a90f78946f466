"""Features: the names of a table's input columns, and the one-hot encoded text columns among them."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from nntrain.options import shown

NAMES_SHOWN = 5


@dataclass(frozen=True)
class OneHot:
    """A text column as one feature per category: 1 where a row has it; all are NaN where the text is missing."""

    column: str
    categories: tuple[str, ...]
    start: int  # the position of the first category among the features

    @property
    def places(self) -> slice:
        """The positions among the features."""
        return slice(self.start, self.start + len(self.categories))


def columns(names: tuple[str, ...], texts: tuple[OneHot, ...]) -> list[tuple[str, int, OneHot | None]]:
    """The columns behind the features `names`: (column, position of its first feature, its categories if it is text)."""
    by_start = {text.start: text for text in texts}
    inside = {position for text in texts for position in range(text.start + 1, text.places.stop)}
    return [
        (by_start[position].column if position in by_start else name, position, by_start.get(position))
        for position, name in enumerate(names)
        if position not in inside
    ]


def name_mismatch(
    expected: tuple[str, ...], received: tuple[str, ...], each: str = "feature", several: str = "columns"
) -> str:
    """How the names `received` differ from those `expected`; empty where they match, or where one has no names."""
    if not expected or not received or expected == received:
        return ""
    missing = [name for name in expected if name not in set(received)]
    unexpected = [name for name in received if name not in set(expected)]
    found = []
    if missing:
        found.append(f"missing {several}: {listed(missing)}")
    if unexpected:
        found.append(f"unexpected {several}: {listed(unexpected)}")
    if not found:
        position = next(
            position
            for position, pair in enumerate(zip(expected, received, strict=True))
            if pair[0] != pair[1]
        )
        found.append(
            f"{each} {position + 1}: expected {expected[position]!r}. Received: {received[position]!r}."
        )
    return "; ".join(found)


def listed(names: Iterable[str]) -> str:
    """The first few names, quoted, and the number of the others."""
    names = list(names)
    more = f" and {len(names) - NAMES_SHOWN:,} more" if len(names) > NAMES_SHOWN else ""
    return ", ".join(map(shown, names[:NAMES_SHOWN])) + more


LINE_NAMES = 8  # columns that a line of YAML lists
NUMBERED = re.compile(r"column (\d+)")  # how columns without a header are named


def features_line(kept: Iterable[str]) -> str:
    """The line of YAML that chooses these columns: "`features: [age, height]`"; abbreviated where there are many, or none."""
    names = list(kept)
    if not 0 < len(names) <= LINE_NAMES:
        return "`features: [...]`"
    numbers = [match for name in names if (match := NUMBERED.fullmatch(name))]
    chosen = [int(match[1]) for match in numbers] if len(numbers) == len(names) else names
    return f"`features: {yaml_list(chosen)}`"


PLAIN = re.compile(r"[A-Za-z][\w ./()-]*(?<! )")
WORDS = {"true", "false", "null"}


def yaml_list(values: Iterable[str | int]) -> str:
    """A list as YAML spells it, with quotes where it would read another value."""
    return f"[{', '.join(map(yaml_text, values))}]"


def yaml_text(value: str | int) -> str:
    """A text as YAML spells it, with quotes where it would read another value."""
    if isinstance(value, int) or (PLAIN.fullmatch(value) and value.lower() not in WORDS):
        return str(value)
    return json.dumps(value, ensure_ascii=False)
