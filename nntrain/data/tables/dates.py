"""Dates: dates and times of a column as numbers: the time in years, and positions in the year, the week and the day."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from math import cos, nan, pi, sin

import numpy as np

from nntrain.data.tables.date_spellings import ORDERS, Order, clear, in_order
from nntrain.data.tables.features import OneHot

DATE = r"\d{4}-\d\d-\d\d"
CLOCK = r"\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?"
ZONE = r"(?: ?(?:Z|[-+]\d\d(?::?\d\d)?))?"
ISO = re.compile(rf"(?P<month>\d{{4}}-\d\d)|(?P<moment>{DATE}(?:[T ]{CLOCK}{ZONE})?)|(?P<clock>{CLOCK})")
DAYS_A_YEAR = 365.2425  # of the Gregorian calendar, on average
START = datetime(2000, 1, 1, tzinfo=UTC)  # years count from here, so that they are small numbers
NEUTRAL = "2000-01-01"  # the day of a time without a date
PART = re.compile(r"(?P<column>.+) \((?P<part>year|(?:month|weekday|hour) (?:sin|cos))\)", re.DOTALL)
CYCLES = ("month", "weekday", "hour")
EXAMPLE = "2024-01-31 or 2024-01-31T18:30"


@dataclass(frozen=True)
class Moment:
    """A date, a time, or both. `grain` is its coarsest part: month, day or clock."""

    text: str
    at: datetime  # as written, in its own zone
    grain: str

    @property
    def years(self) -> float:
        """The time since 2000 in years of mean length, in UTC."""
        at = self.at if self.at.tzinfo else self.at.replace(tzinfo=UTC)
        return (at - START).total_seconds() / 86400 / DAYS_A_YEAR

    @property
    def day_share(self) -> float:
        """The position in the day, from 0 to 1."""
        at = self.at
        return (at.hour * 3600 + at.minute * 60 + at.second + at.microsecond / 1e6) / 86400

    @cached_property
    def shares(self) -> dict[str, float]:
        """Positions in the year, the week and the day, from 0 to 1."""
        days = 366 if self.at.year % 4 == 0 and (self.at.year % 100 != 0 or self.at.year % 400 == 0) else 365
        day_of_year = self.at.timetuple().tm_yday - 1
        return {
            "month": (day_of_year + self.day_share) / days,
            "weekday": self.at.weekday() / 7,
            "hour": self.day_share,
        }

    def part(self, name: str) -> float:
        """ "year", or the sine or cosine of a position: "month sin"."""
        if name == "year":
            return self.years
        cycle, _, function = name.partition(" ")
        angle = 2 * pi * self.shares[cycle]
        return sin(angle) if function == "sin" else cos(angle)


def moment(text: str) -> Moment | None:
    """The moment that a cell names in ISO 8601, such as 2024-01-31T18:30, or as clearly; None for other text."""
    iso = text.strip()
    if not (found := ISO.fullmatch(iso)):
        iso = clear(iso) or ""
        if not (found := ISO.fullmatch(iso)):
            return None
    grain = found.lastgroup or ""
    whole = {"month": f"{iso}-01", "clock": f"{NEUTRAL}T{iso}"}.get(grain, iso)
    try:
        return Moment(text, datetime.fromisoformat(re.sub(r" (?=[-+Z])", "", whole).replace(",", ".")), grain)
    except ValueError:  # such as 2024-13-45
        return None


def orders_of(texts: Iterable[str]) -> tuple[Order, ...]:
    """The orders in which all of these texts are dates that the calendar has."""
    texts = list(texts)
    found = [
        order for order in ORDERS if all((iso := in_order(text, order)) and moment(iso) for text in texts)
    ]
    return tuple(found) if texts else ()


@dataclass(frozen=True)
class DateParts:
    """A column of dates as features, in this order; all are NaN where the date is missing."""

    column: str
    parts: tuple[str, ...]
    start: int  # the position of the first among the features

    @property
    def places(self) -> slice:
        """The positions among the features."""
        return slice(self.start, self.start + len(self.parts))

    @property
    def names(self) -> list[str]:
        return [f"{self.column} ({part})" for part in self.parts]

    def values(self, cells: Sequence[str]) -> np.ndarray:
        """(cells, parts) float64; NaN for cells that are no dates."""
        return np.array([self._row(cell) for cell in cells], np.float64).reshape(-1, len(self.parts))

    def _row(self, cell: str) -> list[float]:
        found = moment(cell)
        return [nan if found is None else found.part(part) for part in self.parts]


def parts_of(cells: Iterable[str]) -> tuple[str, ...]:
    """The parts of a column of dates: those that its cells have; empty where a cell is no date, or there are none."""
    found = [moment(cell) for cell in cells]
    moments = [one for one in found if one is not None]
    if not moments or len(moments) < len(found):
        return ()
    clocks = {one.grain == "clock" for one in moments}
    if clocks == {True}:
        return in_features("hour")
    if True in clocks:
        return ()
    cycles = ["month"]
    if all(one.grain == "moment" for one in moments):
        cycles.append("weekday")
    if any(one.day_share for one in moments):
        cycles.append("hour")
    return ("year", *(part for cycle in cycles for part in in_features(cycle)))


def in_features(part: str) -> tuple[str, ...]:
    """The features of a part: "year" is one, others are the sine and cosine of a position."""
    return (part,) if part == "year" else (f"{part} sin", f"{part} cos")


def parts_among(names: Iterable[str], column: str) -> tuple[str, ...]:
    """The parts of a column of dates among the names of features."""
    found = (PART.fullmatch(name) for name in names)
    return tuple(match["part"] for match in found if match and match["column"] == column)


def dates_among(
    columns: Sequence[tuple[str, int, OneHot | None]], present: Iterable[str]
) -> list[tuple[str, int, OneHot | DateParts | None]]:
    """The columns behind features (see `columns`), with the parts of a date as one column where `present` has no column so named."""
    present = set(present)
    found: list[tuple[str, int, OneHot | DateParts | None]] = []
    for name, start, text in columns:
        match = PART.fullmatch(name) if text is None and name not in present else None
        if match is None:
            found.append((name, start, text))
            continue
        before = found[-1][2] if found else None
        if isinstance(before, DateParts) and before.column == match["column"]:
            found[-1] = (
                before.column,
                before.start,
                DateParts(before.column, (*before.parts, match["part"]), before.start),
            )
        else:
            found.append((match["column"], start, DateParts(match["column"], (match["part"],), start)))
    return found


def dates_of(names: Iterable[str]) -> dict[str, str]:
    """The features that are parts of dates, and their columns. A single part, such as "built (year)", is a column of its own."""
    found = {name: match["column"] for name in names if (match := PART.fullmatch(name))}
    count = Counter(found.values())
    return {name: column for name, column in found.items() if count[column] > 1}
