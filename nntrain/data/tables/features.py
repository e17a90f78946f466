"""Features: the names of a table's columns, and which of them are together one column of text."""

from collections.abc import Iterable
from dataclasses import dataclass

NAMES_SHOWN = 5


@dataclass(frozen=True)
class OneHot:
    """A column of text as one feature for each category, 1 where a row has it; all of them are NaN where it is missing."""

    column: str
    categories: tuple[str, ...]
    start: int  # the first one's place among the features

    @property
    def places(self) -> slice:
        return slice(self.start, self.start + len(self.categories))


def columns(names: tuple[str, ...], texts: tuple[OneHot, ...]) -> list[tuple[str, int, OneHot | None]]:
    """The columns that became the features of these names: name, place of the first feature, and the categories of text."""
    by_start = {text.start: text for text in texts}
    inside = {place for text in texts for place in range(text.start + 1, text.places.stop)}
    return [
        (by_start[place].column if place in by_start else name, place, by_start.get(place))
        for place, name in enumerate(names)
        if place not in inside
    ]


def name_mismatch(expected: tuple[str, ...], came: tuple[str, ...]) -> str:
    """In what `came` differs from the train part's names, or nothing; names are unknown where there are none."""
    if not expected or not came or expected == came:
        return ""
    found = []
    if lacking := [name for name in expected if name not in set(came)]:
        found.append(f"it lacks {listed(lacking)}")
    if besides := [name for name in came if name not in set(expected)]:
        found.append(f"it has {listed(besides)} besides")
    if not found:
        place = next(
            place for place, names in enumerate(zip(expected, came, strict=True)) if names[0] != names[1]
        )
        found.append(f"its feature {place + 1} is {came[place]!r}, not {expected[place]!r}")
    return ", and ".join(found)


def listed(names: Iterable[str]) -> str:
    """The first few names, quoted, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return ", ".join(map(repr, names[:NAMES_SHOWN])) + more
