"""Suspicions: columns of a table that are probably not what they are read as, with the YAML that settles it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np

from nntrain.data.tables.columns import NUMBER, TEXT, Categories, Column
from nntrain.data.tables.date_spellings import Order, in_order
from nntrain.data.tables.dates import EXAMPLE, DateParts, moment, orders_of
from nntrain.data.tables.features import yaml_list, yaml_text
from nntrain.data.tables.looks import DATES_LOOK as DATES
from nntrain.data.tables.looks import GAPS, MOST, Look, look_of
from nntrain.errors import DataError

FEW = 20  # texts that may differ in every row
SHOWN = 8  # columns that a hint lists
MANY = 100  # categories of a column that make a warning
WORDS, LOOKED_AT = 3, 1000  # of a sentence; texts that are looked at
EXACT = 2.0**53  # up to which each whole number is a float
MOST_DIGITS = 1e25  # larger numbers are quantities


def hardly_repeat(distinct: int, rows: int) -> bool:
    """Whether so many distinct texts in so many rows are names or sentences rather than categories."""
    return distinct > FEW and 2 * distinct > rows


def look_at(column: Column) -> Look | None:
    """What the texts of a column look like; None for plain text, and for columns without text."""
    return look_of(column.distinct(TEXT), column.distinct(NUMBER))


def require_plain_text(
    path: str, features: Sequence[Column], dates: Collection[Column] = (), has_kinds: bool = False
) -> None:
    """Raises DataError for columns that would be one-hot encoded, and look like numbers or dates.

    `dates` are read as dates; `has_kinds`: the source has the option `columns`.
    """
    looks = {
        column: look
        for column in features
        if column.is_text and not column.as_text and column not in dates and (look := look_at(column))
    }
    if not looks:
        return
    found = [f"{column.label} looks like {look.what}: {look.example!r}" for column, look in looks.items()]
    first, *others = found
    raise DataError(
        "\n".join([first, *(f"{path}: {other}" for other in others)]), _hint(looks, features, has_kinds), path
    )


def require_plain_target(path: str, column: Column) -> None:
    """Raises DataError for a target whose texts would be classes, and look like numbers or dates."""
    if not (look := look_at(column)):
        return
    ways = [*look.options, "`task: classification` if these are classes"]
    hint = f"Set {_or(ways)}." if look.options else f"Choose another `target`, or set {ways[0]}."
    raise DataError(f"target: {column.label} looks like {look.what}: {look.example!r}", hint, path)


def _hint(looks: dict[Column, Look], features: Sequence[Column], has_kinds: bool) -> str:
    ways = [f"set {way}" for way in _options(looks)]
    if any(look.what == DATES for look in looks.values()):
        ways.append(_way_to_dates(looks, has_kinds))
    names = yaml_list(column.name for column in looks) if len(looks) <= SHOWN else "[...]"
    ways.append(f"leave {'it' if len(looks) == 1 else 'them'} out with {without(looks, features)}")
    ways.append(f"set `categorical: {names}` for one feature per text")
    text = _or(ways)
    return f"{text[0].upper()}{text[1:]}."


def _options(looks: dict[Column, Look]) -> list[str]:
    """The YAML that reads the numbers of all these columns, as alternatives; of one column where they are written in several ways."""
    found = {column: look for column, look in looks.items() if look.numerals}
    alternatives = min((look.numerals for look in found.values()), key=len, default=())
    units = tuple(sorted({unit for look in found.values() for one in look.numerals for unit in one.units}))
    cells = [
        cell for column in found for cell in islice(column.distinct(TEXT), MOST) if cell.lower() not in GAPS
    ]
    together = [replace(one, units=units) for one in alternatives]
    fitting = [one for one in together if all(one.number(cell) is not None for cell in cells)]
    return Look("", "", tuple(fitting or alternatives)).options


def _way_to_dates(looks: dict[Column, Look], has_kinds: bool) -> str:
    """How columns that look like dates can be read as dates."""
    columns = [column for column, look in looks.items() if look.what == DATES]
    texts = [text for column in columns for text in column.distinct(TEXT) if not moment(text)]
    if all(text.lower() in GAPS for text in texts):
        return f"set {missing_line(columns[0], also=list(dict.fromkeys(texts)))}"
    texts = [text for text in texts if text.lower() not in GAPS]
    if not (orders := orders_of(texts) if has_kinds else ()):
        return f"write dates as {EXAMPLE}"
    kinds = ", ".join(f"{yaml_text(one.called)}: {{date: {{order: {orders[0]}}}}}" for one in columns[:SHOWN])
    if len(orders) == 1:
        return f"set `columns: {{{kinds}}}`"
    readings = {text: [spoken(text, order) for order in orders[:2]] for text in texts}
    example = next((text for text in texts if len(set(readings[text])) > 1), texts[0])
    first, second = readings[example]
    return f"set `columns: {{{kinds}}}` if {example!r} is {first}, or `{orders[1]}` if it is {second}"


def spoken(text: str, order: Order) -> str:
    """A date in words: "1 February 2010"."""
    found = moment(in_order(text, order) or "")
    return f"{found.at.day} {found.at:%B %Y}" if found else text


def note_of_dates(dates: DateParts) -> str:
    """How a column of dates is read."""
    parts = list(dict.fromkeys(part.split()[0] for part in dates.parts))
    return f"column {dates.column}: dates, read as {', '.join(parts)}"


def of_numbers(column: Column, values: np.ndarray, features: Sequence[Column]) -> list[str]:
    """Warnings of numbers that lose digits, or leading zeros, which are rather names than quantities."""
    out = f"leave it out with {without([column], features)}"
    keep = f"set `categorical: [{yaml_text(column.called)}]` if its numbers are names"
    if (np.abs(values) > EXACT).any():
        largest = values[np.nanargmax(np.abs(values))]
        if largest == np.floor(largest) and np.abs(largest) < MOST_DIGITS:
            digits = f"has whole numbers of more than 15 digits, such as {largest:.0f}, which lose digits as numbers"
            return [f"column {column.name!r} {digits}: {out}, or {keep}"]
    if column.padded:
        zeros = f"{column.padded!r} and others are read without their leading zeros"
        return [f"column {column.name!r}: {zeros}: {keep}, or {out}"]
    return []


def without(left_out: Iterable[Column], features: Sequence[Column]) -> str:
    """The line of YAML that chooses the other features."""
    left_out = set(left_out)
    # Without a look at each column: thousands of them can have a warning.
    if len(features) - len(left_out) > SHOWN:
        return "`features: [...]`"
    kept = [column.called for column in features if column not in left_out]
    return f"`features: {yaml_list(kept)}`" if 0 < len(kept) <= SHOWN else "`features: [...]`"


def hint_for_text(column: Column, one_hot: bool) -> str:
    """What to do about text among the numbers of a column, or about text where only numbers are accepted."""
    texts = column.distinct(TEXT)
    if all(text.lower() in GAPS for text in texts):
        return f"If this marks a missing value, set {missing_line(column, also=texts)}."
    other = "choose other columns with `features`"
    if (look := look_at(column)) and look.options:
        return f"The column looks like {look.what}: set {_or(look.options)}, or {other}."
    if marks := [text for text in texts if text.lower() in GAPS]:
        other += f", set {missing_line(column, also=marks)} if this marks missing values"
    last = (
        f"set `categorical: [{yaml_text(column.called)}]` for one feature per text"
        if one_hot
        else "set `text: one_hot`"
    )
    return f"Fix the file, {other}, or {last}."


def hint_for_target(column: Column, several: bool) -> str:
    """What to do about targets that are not numbers."""
    texts = column.distinct(TEXT)
    if not texts:
        if not column.marks:
            return "Fix the file."
        listed = " `missing` lists the texts that mark them." if any(column.marks) else ""
        return f"Remove lines without a number to predict.{listed}"
    if all(text.lower() in GAPS for text in texts):
        return f"Remove lines without a number to predict: {', '.join(map(repr, texts[:SHOWN]))} is none."
    if (look := look_at(column)) and look.options:
        return f"The column looks like {look.what}: set {_or(look.options)}."
    if several and len(texts) == 2 and not column.distinct(NUMBER):
        return "Write 1 and 0, or yes and no, for labels that samples have or not, or choose other targets."
    if several:
        return "Fix the file, or choose other targets."
    return "Fix the file, or set `task: classification` if these are names of classes."


def hint_for_names(columns: Sequence[Column]) -> str:
    """What to do where a text that marks a missing value is a name; empty if all gaps are empty cells."""
    if not any(any(column.marks) for column in columns):
        return ""
    marks = list(dict.fromkeys(mark for column in columns if column.is_text for mark in column.marks if mark))
    if not marks:
        return " `missing` lists the texts that mark them."
    are = f"{', '.join(map(repr, marks))} {'is a name' if len(marks) == 1 else 'are names'}"
    return f" If {are}, set {missing_line(columns[0], but=marks)}."


def missing_line(column: Column, also: Iterable[str] = (), but: Iterable[str] = ()) -> str:
    """The option `missing` with some texts more, or without some."""
    texts = [text for text in column.missing if text and text not in set(but)]
    return f"`missing: {yaml_list([*texts, *list(also)[:SHOWN]])}`"


def of_text(column: Column, categories: Categories, features: Sequence[Column]) -> list[str]:
    """Warnings of a column of text that is one-hot encoded: texts that hardly repeat, and gaps that may be names."""
    rows = len(categories.labels)
    distinct, gaps = len(categories.names), int((categories.labels < 0).sum())
    found = []
    if distinct > MANY or hardly_repeat(distinct, rows - gaps):
        words = f", use its words with {words_line(column)}" if are_sentences(categories.names) else ""
        found.append(
            f"column {column.name!r} has {distinct:,} different texts in {rows:,} rows, and each becomes a feature: leave it "
            f"out with {without([column], features)}{words}, or set `categorical: [{yaml_text(column.called)}]` to keep it"
        )
    if 2 * gaps > rows and (marks := [mark for mark in column.marks if mark]):
        found.append(
            f"column {column.name!r}: {gaps:,} of {rows:,} cells are missing ({', '.join(map(repr, marks))}): if this is a "
            f"name, set {missing_line(column, but=marks)}"
        )
    return found


def are_sentences(texts: Sequence[str]) -> bool:
    """Whether texts have several words each, on average."""
    some = texts[:: -(-len(texts) // LOOKED_AT)]
    return sum(len(text.split()) for text in some) >= WORDS * len(some)


def words_line(column: Column) -> str:
    """The line of YAML that makes features of a column's words."""
    return f"`columns: {{{yaml_text(column.called)}: text}}`"


def _or(ways: Iterable[str]) -> str:
    *first, last = ways
    return f"{', '.join(first)}, or {last}" if first else last
