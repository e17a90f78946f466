"""Columns starter: what `new --data` says of a table's columns in the option `columns`, each with a comment: categories, dates, and
those that are left out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nntrain.config.scalars import inline
from nntrain.data.tables.columns import TEXT, Column
from nntrain.data.tables.dates import orders_of, parts_of
from nntrain.data.tables.giveaways import words_of
from nntrain.data.tables.looks import DATES_LOOK
from nntrain.data.tables.suspicions import look_at
from nntrain.starters.started import noted

LEARNED: Any = {"categorical": {"embed": "auto", "unknown": "learn"}}
VECTORS = ": a learned vector for each, and one for unknown ones"
# With vectors in place of one-hot encoding, R² and accuracy on 14 tables of 12 to 316 categories differ by -0.03 to 0.04, by less
# than 0.001 in the mean, but training mostly takes a third to four fifths of the time, and a category that is new in later data is
# no error.
FEWEST = 10  # categories that get vectors
FEWEST_CODES = 3
MOST = 1000
ROWS_EACH = 5  # on average, from which more can be learned of a category than noise
CODES = {
    "code",
    "fips",
    "id",
    "identifier",
    "plz",
    "postal",
    "postcode",
    "zip",
    "zipcode",
}  # last words of names
IGNORE = "ignore"


@dataclass(frozen=True)
class Kind:
    """What the option `columns` says of a column, and why."""

    value: Any
    note: str
    how: str = ""  # the column is used

    @property
    def group(self) -> str:
        return "left out" if self.value == IGNORE else "dates" if "date" in self.value else "categories"

    def line(self, called: str | int) -> str:
        return noted(f"        {inline(called)}: {inline(self.value)}", self.note + self.how)


Kinds = dict[str | int, Kind]  # of columns, by name or number


def kind_of(column: Column) -> Kind | None:
    """The kind of a column that can be used; None where nothing needs to be said of it: numbers, and text of few categories."""
    if column.is_text and (parts := parts_of(column.distinct(TEXT))):
        return Kind("date", ", ".join(dict.fromkeys(part.split()[0] for part in parts)))
    if order := order_of(column):
        return Kind({"date": {"order": order}}, f"such as {column.distinct(TEXT)[0]!r}")
    count = categories(column)
    if count >= FEWEST and column.is_text:
        return Kind(LEARNED, f"{count:,} texts", VECTORS)
    if count >= FEWEST_CODES and is_code(column):
        return Kind(LEARNED, f"{count:,} codes", VECTORS)
    return None


def order_of(column: Column) -> str:
    """The only order in which the texts of a column are dates; empty where there is none, or several are possible."""
    look = look_at(column) if column.is_text else None
    orders = orders_of(column.distinct(TEXT)) if look and look.what == DATES_LOOK else ()
    return orders[0] if len(orders) == 1 else ""


def categories(column: Column) -> int:
    """How many categories a column has, if they are not too many to learn anything of each; else 0."""
    numbers = column.numbers
    known = numbers[~np.isnan(numbers)]
    rows = len(column.rows(TEXT)) if column.is_text else len(known)
    count = len(column.distinct(TEXT)) if column.is_text else len(np.unique(known))
    return count if count <= min(MOST, rows / ROWS_EACH) else 0


def is_code(column: Column) -> bool:
    """Whether the whole numbers of a column are names of something, by its own name, or because they begin with 0."""
    numbers = column.numbers
    known = numbers[~np.isnan(numbers)]
    if column.is_text or not known.size or (known != np.floor(known)).any():
        return False
    named = CODES & {*words_of(column.name)[-1:]} or column.name.endswith(("Id", "ID"))
    return bool(column.padded or named)


def column_lines(kinds: Kinds) -> list[str]:
    """The option `columns`, those that are left out last; no line where nothing is said of any column."""
    if not kinds:
        return []
    head = noted("      columns:", "others are numbers, or texts with a feature, 0 or 1, for each")
    ordered = sorted(kinds.items(), key=lambda item: item[1].value == IGNORE)
    return [head, *(kind.line(called) for called, kind in ordered)]


def nameless(names: Sequence[str]) -> Iterable[int]:
    """The columns without a name, as the option `columns` calls them: by their numbers, which must not be the name of another."""
    for at, name in enumerate(names, start=1):
        if not name:
            yield at if str(at) not in names else at - 1 - len(names)
