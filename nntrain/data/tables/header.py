"""Header: whether the first row of a CSV file names its columns."""

from collections.abc import Callable, Collection, Sequence
from typing import Literal

from nntrain.data.tables.looks import looks_like_a_value
from nntrain.errors import DataError
from nntrain.options import shown

Reads = Callable[[str], float | None]  # the number of a cell
FEWEST_ROWS = 5  # below the first one, to see which texts repeat
MANY = 5  # numbers that count up by chance are fewer
YEARS = range(1900, 2101)


class DoubtfulHeader(DataError):
    """The first row can be a header and a sample."""


def header_of(
    rows: list[list[str]], header: Literal["auto"] | bool, gaps: Collection[str], number: Reads, place: str
) -> list[str] | None:
    """The names in the first of these rows, the first of the file; None where it is not a header.

    Raises DoubtfulHeader, at `place`, for `header: auto` and a first row that can be a header and a sample.
    """
    names = [cell.strip() for cell in rows[0]]
    if header == "auto":
        if not _is_header(rows[:2], gaps, number):
            if _is_doubtful(rows, gaps, number):
                raise DoubtfulHeader(
                    f"line 1 looks like a header, but has numbers: {shown(', '.join(names))}",
                    "Set `header: true`, or `header: false` if it is a sample.",
                    place,
                )
            return None
        return names
    return names if header else None


def _is_header(rows: list[list[str]], gaps: Collection[str], number: Reads) -> bool:
    """Whether the first row has no value, or text above a number. Gaps are neither."""
    above, below = rows[0], rows[-1]
    if not any(number(cell) is not None or looks_like_a_value(cell) for cell in above):
        return True
    return any(
        number(name) is None and name.strip() not in gaps and number(cell) is not None
        for name, cell in zip(above, below, strict=False)
    )


def _is_doubtful(rows: list[list[str]], gaps: Collection[str], number: Reads) -> bool:
    """Whether the numbers of the first row are like names (years, or 0, 1, 2, ...), or its texts are like no others.

    The rows below must be different in this.
    """
    first, *below = [row for row in rows if len(row) == len(rows[0])]
    values = {position: value for position, cell in enumerate(first) if (value := number(cell)) is not None}
    numbers = list(values)
    texts = [
        position for position, cell in enumerate(first) if position not in values and cell.strip() not in gaps
    ]
    if not below or not numbers:
        return False
    columns = {position: [row[position].strip() for row in below] for position in texts}
    if any(first[position].strip() in columns[position] for position in texts):
        return False
    repeated = len(below) >= FEWEST_ROWS and any(
        2 * len(set(cells)) <= len(cells) for cells in columns.values()
    )

    named = _whole(list(values.values()))
    found = [[number(row[position]) for position in numbers] for row in below]
    whole = [_whole(row) for row in found if None not in row]
    if named and len(whole) > 1:
        if _are_years(named) and not any(map(_are_years, filter(None, whole))):
            return repeated or not texts or len(numbers) > 2
        if _count_up(named) and not any(map(_count_up, whole)):
            return repeated or len(numbers) >= MANY or (len(numbers) > 2 and not any(whole))
    return repeated and len(named) > 1 and named[0] >= 0 and sorted(set(named)) == named


def _whole(values: Sequence[float | None]) -> list[int]:
    """The values if all are finite whole numbers, else none."""
    whole = [int(value) for value in values if value is not None and value.is_integer()]
    return whole if len(whole) == len(values) else []


def _count_up(values: list[int]) -> bool:
    return len(values) > 1 and values == list(range(values[0], values[0] + len(values)))


def _are_years(values: list[int]) -> bool:
    return len(set(values)) == len(values) and all(value in YEARS for value in values)
