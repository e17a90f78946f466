"""Text tables: which column of a table holds texts, and which their labels, if that is what the table is for."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nntrain.data.sequences.unicode_text import without_blanks
from nntrain.data.sources.csv import Csv
from nntrain.data.tables.columns import TEXT, Column
from nntrain.data.tables.giveaways import named_identifier, numbering
from nntrain.data.tables.likely_target import MOST_CLASSES, likely_target
from nntrain.data.transforms.tokenize import MUCH_WITHOUT_BLANKS
from nntrain.errors import DataError
from nntrain.paths import as_written
from nntrain.starters.tables import why_not

WORDS = 3  # on average, in prose
LETTERS = 10  # in scripts without blanks
MUCH = 0.8  # of the rows


@dataclass(frozen=True)
class TextTable:
    """A column of texts and one of classes or numbers, as a config names them."""

    text: str | int
    label: str | int
    is_quantity: bool  # whether the labels are numbers to predict
    why: str  # this label
    left_out: dict[str, str]  # column -> reason


def text_table(data: Path, target: str | None, folder: Path) -> TextTable | None:
    """None for a table without texts, or one whose other columns help to predict, too."""
    try:
        table = Csv(path=as_written(data, folder), impute="median").table(folder)
    except DataError:  # which the starter for tables explains
        return None
    columns = [column for column in (*table.features, *table.targets) if column.name]
    rows = len(table.lines)
    prose = [column for column in columns if is_prose(column, rows)]
    others = [column for column in columns if column not in prose]
    if not prose or not others:
        return None
    if target is None:
        likely = likely_target(others)
        label, why = likely.column, likely.why.replace("the last column", "the last column but the texts")
        if others[-1] is columns[-1]:
            why = likely.why
    else:
        named = [column for column in others if str(column.called) == target]
        if not named:
            return None
        label, why = named[0], "as asked for"
    if not is_quantity(label) and not 2 <= distinct(label) <= min(MOST_CLASSES, rows // 2):
        return None
    if any(helps(column) for column in others if column is not label):
        return None
    text = max(prose, key=lambda column: sum(map(len, column.distinct(TEXT))))
    left_out = {
        str(column.called): "another column of texts"
        if column in prose
        else why_not(column) or "numbers the rows"
        for column in columns
        if column not in (text, label)
    }
    return TextTable(text.called, label.called, is_quantity(label), why, left_out)


def is_prose(column: Column, rows: int) -> bool:
    """Whether the cells are texts of several words, nearly all of them different."""
    texts = column.distinct(TEXT)
    if len(texts) < 2 or len(texts) < MUCH * rows / 2 or len(column.rows(TEXT)) < MUCH * rows:
        return False
    if without_blanks("".join(texts)) > MUCH_WITHOUT_BLANKS:
        return _mean([len(text) for text in texts]) >= LETTERS
    return _mean([len(text.split()) for text in texts]) >= WORDS


def distinct(column: Column) -> int:
    """The number of different cells."""
    numbers = column.numbers
    return len(column.distinct(TEXT)) + len(np.unique(numbers[~np.isnan(numbers)]))


def is_quantity(column: Column) -> bool:
    """Whether the cells are numbers without gaps, and not only a few whole ones, which may be the numbers of classes."""
    numbers = column.numbers
    if column.distinct(TEXT) or not np.isfinite(numbers).all():
        return False
    return bool((numbers % 1).any()) or distinct(column) > MOST_CLASSES


def helps(column: Column) -> bool:
    """Whether a network for tables could predict from a column."""
    if why_not(column) or named_identifier(column.name):
        return False
    return column.is_text or not numbering(column.name, column.numbers)


def _mean(values: Sequence[int]) -> float:
    return sum(values) / len(values)
