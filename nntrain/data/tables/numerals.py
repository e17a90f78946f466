"""Numerals: how the numbers of a table are written, such as with a decimal comma."""

import math
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

GROUPS = {" ": "[ \u00a0\u202f]", "'": "['\u2019]"}  # thousands separators that are written in several ways


def number(cell: str) -> float | None:
    """The number of a cell as Python writes it, including infinity; None for text, such as the name 'Nan'."""
    try:
        value = None if "_" in cell else float(cell)  # float() accepts 1_000
    except ValueError:
        return None
    return None if value is None or math.isnan(value) else value


@dataclass(frozen=True)
class Numerals:
    """The decimal mark, the thousands separator (empty: none), and the texts next to numbers that do not count."""

    decimal: str = "."
    thousands: str = ""
    units: tuple[str, ...] = ()

    def number(self, cell: str) -> float | None:
        """The number of a cell, or None for text."""
        if self == PLAIN:
            return number(cell)
        found = self._pattern.fullmatch(cell.strip())
        if not found or not any(map(str.isdigit, found["whole"] + (found["fraction"] or ""))):
            return None
        whole = re.sub(r"\D", "", found["whole"]) if self.thousands else found["whole"]
        fraction, exponent = found["fraction"] or "", found["exponent"] or ""
        return float(f"{found['sign'] or found['sign_before']}{whole}.{fraction}0{exponent}")

    def numbers(self, cells: tuple[str, ...], gaps: Collection[str]) -> np.ndarray | None:
        """(rows,) float64, NaN for the texts in `gaps`; None if a cell is another text."""
        if self == PLAIN:
            return _plain_numbers(cells, gaps)
        values = [math.nan if cell.strip() in gaps else self.number(cell) for cell in cells]
        return None if None in values else np.array(values, np.float64)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        group = GROUPS.get(self.thousands, re.escape(self.thousands))
        whole = rf"[1-9][0-9]{{0,2}}(?:{group}[0-9]{{3}})+|[0-9]*" if group else "[0-9]*"
        unit = f"(?:{'|'.join(map(re.escape, sorted(self.units, key=len, reverse=True)))})?"
        return re.compile(
            rf"(?P<sign_before>[-+]?){unit}\s*(?P<sign>[-+]?)(?P<whole>{whole})"
            rf"(?:{re.escape(self.decimal)}(?P<fraction>[0-9]*))?(?P<exponent>[eE][-+]?[0-9]+)?\s*{unit}"
        )


PLAIN = Numerals()


def _plain_numbers(cells: tuple[str, ...], gaps: Collection[str]) -> np.ndarray | None:
    if "_" in "".join(cells):  # float() accepts 1_000
        return None
    for read in (map(float, cells), _with_gaps(cells, gaps)):
        try:
            values = np.fromiter(read, np.float64, len(cells))
        except ValueError:
            continue
        nan = np.flatnonzero(np.isnan(values)).tolist()
        # float() also reads names such as 'Nan'.
        return values if all(cells[row].strip() in gaps for row in nan) else None
    return None


def _with_gaps(cells: Iterable[str], gaps: Collection[str]) -> Iterable[float]:
    return (math.nan if cell.strip() in gaps else float(cell) for cell in cells)
