"""Date spellings: how people write dates, as ISO 8601. What can be read in two ways is read only in the order that is asked for."""

import re
from typing import Literal, get_args

Order = Literal["day_first", "month_first", "month_year"]
ORDERS: tuple[Order, ...] = get_args(Order)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
NAME = (
    r"(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
DAY, YEAR = r"(?P<day>\d\d?)", r"(?P<year>\d{4})"
CLOCK = (
    r"(?:[T ]+(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d(?:[.,]\d+)?))?(?: ?(?P<half>[ap])\.?m\.?)?"
    r"(?P<zone> ?(?:Z|[-+]\d\d:?\d\d))?)?"
)


def _patterns(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


CLEAR = _patterns(
    rf"{YEAR}(?P<mark>[/.])(?P<month>\d\d?)(?P=mark){DAY}{CLOCK}",  # 2024/01/31
    rf"{DAY}[ -]{NAME}[ ,-]+{YEAR}{CLOCK}",  # 31 Jan 2024
    rf"{NAME} {DAY},? {YEAR}{CLOCK}",  # January 31, 2024
    rf"{NAME}[ -]{YEAR}",  # Jan 2024
    rf"{YEAR}[ -]?Q(?P<quarter>[1-4])",  # 2024-Q1
    rf"Q(?P<quarter>[1-4])[ /-]?{YEAR}",  # Q1 2024
)
SHORT = r"(?P<year>\d{4}|\d\d)"
OF_ORDER: dict[str, re.Pattern[str]] = dict(
    zip(
        ORDERS,
        _patterns(
            rf"{DAY}(?P<mark>[-/.])(?P<month>\d\d?)(?P=mark){SHORT}{CLOCK}",  # 31.1.2024
            rf"(?P<month>\d\d?)(?P<mark>[-/.]){DAY}(?P=mark){SHORT}{CLOCK}",  # 1/31/2024
            rf"{NAME}[ -]{SHORT}",  # Jan-24
        ),
        strict=True,
    )
)
PIVOT = 69  # from which a year of two digits is one of the last century, as in POSIX


def clear(text: str) -> str | None:
    """The ISO 8601 spelling of a date that can be read in one way only; None for other text."""
    return next((_iso(found) for pattern in CLEAR if (found := pattern.fullmatch(text))), None)


def in_order(text: str, order: Order) -> str | None:
    """The ISO 8601 spelling of a date whose parts are in this order; None for other text."""
    found = OF_ORDER[order].fullmatch(text)
    return _iso(found) if found else None


def _iso(found: re.Match[str]) -> str:
    part = found.groupdict()
    year = int(part["year"])
    if len(part["year"]) == 2:
        year += 1900 if year >= PIVOT else 2000
    if part.get("quarter"):
        return f"{year:04}-{3 * int(part['quarter']) - 2:02}"
    month = MONTHS.index(part["name"][:3].lower()) + 1 if part.get("name") else int(part["month"])
    if not part.get("day"):
        return f"{year:04}-{month:02}"
    date = f"{year:04}-{month:02}-{int(part['day']):02}"
    if not part.get("hour"):
        return date
    hour = int(part["hour"])
    if part["half"]:
        hour = hour % 12 + 12 * (part["half"].lower() == "p") if 1 <= hour <= 12 else 99
    seconds = f":{part['second']}" if part["second"] else ""
    return f"{date}T{hour:02}:{part['minute']}{seconds}{(part['zone'] or '').strip()}"
