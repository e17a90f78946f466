"""Features: the names of a table's input columns, and the columns of categories among them."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from nntrain.options import shown

NAMES_SHOWN = 5


@dataclass(frozen=True)
class OneHot:
    """A column of categories as one feature per category: 1 where a row has it; all are NaN where the category is missing.

    With `units`, the column is one feature instead: the number of the category, for which `embed_columns` learns a vector.
    """

    column: str
    categories: tuple[str, ...]
    start: int  # the position of the first feature
    units: int = 0  # of the learned vector; 0: one-hot
    unknown: bool = False  # whether the last category stands for those that training did not see

    @property
    def known(self) -> tuple[str, ...]:
        """The categories of the training data, without the one that stands for others."""
        return self.categories[:-1] if self.unknown else self.categories

    @property
    def unknown_label(self) -> int | None:
        """The number of the category that stands for unknown ones; None where they are an error."""
        return len(self.categories) - 1 if self.unknown else None

    @property
    def width(self) -> int:
        """How many features it is."""
        return 1 if self.units else len(self.categories)

    @property
    def places(self) -> slice:
        """The positions among the features."""
        return slice(self.start, self.start + self.width)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its features."""
        if self.units:
            return (self.column,)
        return tuple(f"{self.column}={category}" for category in self.categories)

    def encoded(self, labels: np.ndarray) -> np.ndarray:
        """(rows, width) float64: the features of categories by number; negative numbers are missing."""
        if self.units:
            return np.where(labels < 0, np.nan, labels)[:, None].astype(np.float64)
        features = np.zeros((len(labels), self.width))
        rows = np.flatnonzero(labels >= 0)
        features[rows, labels[rows]] = 1
        features[labels < 0] = np.nan
        return features

    def labels(self, x: np.ndarray) -> np.ndarray:
        """(rows,) int64: the number of the category in each row of x (rows, features), -1 where it is missing."""
        part = np.asarray(x)[:, self.places]
        gaps = np.isnan(part).any(axis=1)
        if self.units:
            return np.where(gaps, -1, part[:, 0]).astype(np.int64)
        return np.where(gaps | ~part.any(axis=1), -1, part.argmax(axis=1))


def indicator_of(column: str) -> str:
    """The name of the feature that says whether a column's number is missing; it comes right after that of the number."""
    return f"{column} (missing)"


def indicators(names: Sequence[str]) -> list[int]:
    """The positions of such features: what they hold follows from the features before them, wherever samples come from."""
    return [place for place in range(1, len(names)) if names[place] == indicator_of(names[place - 1])]


def columns(names: tuple[str, ...], texts: tuple[OneHot, ...]) -> list[tuple[str, int, OneHot | None]]:
    """The columns behind the features `names`: (column, position of its first feature, its categories if it is text)."""
    by_start = {text.start: text for text in texts}
    inside = {position for text in texts for position in range(text.start + 1, text.places.stop)}
    inside |= {*indicators(names)}
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
