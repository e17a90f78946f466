"""Looks: what the text of a column looks like, such as numbers with a decimal comma, dates, or gaps."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from itertools import islice

from nntrain.data.tables.features import yaml_list
from nntrain.data.tables.numerals import PLAIN, Numerals, number

DATES_LOOK = "dates"
MOST = 1000  # distinct texts that are looked at
# What pandas, R, SAS, Excel, SQL and people write for a missing value, compared in lower case.
GAPS = {
    *("na", "n/a", "n.a.", "nan", "-nan", "none", "null", "nil", "nul", "nd", "n.d.", "missing", "unknown"),
    *("undefined", "not available", "no data", "-", "--", "---", ".", "?", "*", "(null)", "(blank)", "\\n"),
    *("#n/a", "#na", "<na>", "#n/a n/a", "#null!", "#value!", "#div/0!", "#ref!"),
    *("1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan"),
}

MONTH = r"(?:jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-z]*\.?"
TIME = r"[0-2]?\d:[0-5]\d(?::[0-5]\d(?:[.,]\d+)?)?(?: ?[ap]\.?m\.?)?"
DATE = (
    r"(?:\d{4}([-/.])[01]?\d\1[0-3]?\d"  # 2024-01-31
    r"|[0-3]?\d([-/.])[0-3]?\d\2\d{4}|[0-3]?\d/[0-3]?\d/\d\d|[0-3]\d\.[01]\d\.\d\d"  # 31.1.2024, 1/31/24, 31.01.24
    rf"|[0-3]?\d[ -]{MONTH}[ -,]*\d{{2,4}}|{MONTH} [0-3]?\d,? \d{{4}}"  # 31 Jan 2024, January 31, 2024
    rf"|{MONTH}[ -]\d\d|(?:19|20)\d\d-(?:0[1-9]|1[0-2]))"  # Jan-24, 2024-01
)
DATES = re.compile(rf"{DATE}(?:[T ]+{TIME}(?: ?(?:Z|UTC|[-+]\d\d:?\d\d))?)?", re.IGNORECASE)
TIMES = re.compile(TIME, re.IGNORECASE)

CURRENCY = r"[$€£¥₹₽₩₺₴¢฿]|R\$|kr|zł|Fr\.|(?:USD|EUR|GBP|CHF|JPY|CNY|INR|CAD|AUD|BRL|SEK|NOK|DKK|PLN)"
BODY = r"[-+]?\s*(?:\d[\d.,'\u2019 \u00a0\u202f]*|[.,]\d+)"
WITH_UNIT = re.compile(
    rf"(?P<before>{CURRENCY})?\s*{BODY}(?:\s*(?P<after>%|‰|°[CF]?|{CURRENCY}))?|-(?P<signed>{CURRENCY}){BODY}"
)
FORMATS = {
    "a decimal comma": Numerals(","),
    "thousands separators": Numerals(".", ","),
    "thousands separators and a decimal comma": Numerals(",", "."),
    "blanks as thousands separators": Numerals(".", " "),
    "blanks as thousands separators and a decimal comma": Numerals(",", " "),
    "apostrophes as thousands separators": Numerals(".", "'"),
    "apostrophes as thousands separators and a decimal comma": Numerals(",", "'"),
}
COMMAS = ("a decimal comma", "thousands separators")


@dataclass(frozen=True)
class Look:
    """What texts look like, an example, and the numerals that read them; several are alternatives."""

    what: str
    example: str
    numerals: tuple[Numerals, ...] = ()

    @property
    def options(self) -> list[str]:
        """The YAML that reads them."""
        return [" and ".join(f"`{line}`" for line in yaml_lines(numerals)) for numerals in self.numerals]


def look_of(texts: Iterable[str], numbers: Collection[str] = ()) -> Look | None:
    """What all of these stripped texts look like, apart from gaps; None if they are plain text.

    `numbers` are the other cells of the column, which an option must read as well.
    """
    texts = [text for text in islice(texts, MOST) if text.lower() not in GAPS]
    if not texts:
        return None
    if all(DATES.fullmatch(text) for text in texts):
        return Look(DATES_LOOK, texts[0])
    found = [WITH_UNIT.fullmatch(text) for text in texts]
    if not all(found):
        return None
    units = {unit: text for match, text in zip(found, texts, strict=True) for unit in _units(match)}
    listed = tuple(sorted(units))
    formats = {"" if units else "a decimal point": PLAIN} | FORMATS
    cells = [*texts, *islice(numbers, MOST)]
    fitting = {}
    for what, numerals in formats.items():
        with_units = replace(numerals, units=listed)
        if all(with_units.number(cell) is not None for cell in cells):
            fitting[what] = with_units
    # The simplest that fits; 1,234 is written with a decimal comma or with a thousands separator.
    simplest = list(fitting)[:1]
    chosen = [what for what in COMMAS if what in fitting] if simplest and simplest[0] in COMMAS else simplest
    described = " and ".join(filter(None, [" or ".join(map(repr, listed)), " or ".join(chosen)]))
    if not described:
        return None
    example = units[listed[0]] if units else next((text for text in texts if number(text) is None), texts[0])
    return Look(f"numbers with {described}", example, tuple(fitting[what] for what in chosen))


def _units(match: re.Match[str] | None) -> list[str]:
    return [unit for unit in match.groups() if unit] if match else []


def yaml_lines(numerals: Numerals) -> list[str]:
    """The lines of YAML that choose these numerals."""
    lines = [f'decimal: "{numerals.decimal}"'] if numerals.decimal != PLAIN.decimal else []
    lines += [f'thousands: "{numerals.thousands}"'] if numerals.thousands else []
    lines += [f"units: {yaml_list(numerals.units)}"] if numerals.units else []
    return lines or [f'decimal: "{PLAIN.decimal}"']


def looks_like_a_value(cell: str) -> bool:
    """Whether a cell is a number in some notation, a date or a time: not a name in a header."""
    cell = cell.strip()
    return bool(
        DATES.fullmatch(cell)
        or TIMES.fullmatch(cell)
        or (re.search(r"\d", cell) and WITH_UNIT.fullmatch(cell))
    )
